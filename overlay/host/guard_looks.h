/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What came in clear, VXLAN devices look at (clear_check.h): here, as long as covey-host does not
 * run, from a boot on and after it has died. While it runs, or only hangs, it does this.
 */

#include <covey/error.h>
#include <event2/event.h>

struct guard_deadlines_config;
struct guard_looks;
struct guard_vnis;
struct guard_watch;

/* Let the devices that there are look now, once, before the guard lets in these VNIs: for a process
 * that does not stay. Nothing happens while covey-host runs. */
int guard_looks_once(const struct guard_deadlines_config *config, const struct guard_vnis *accepted,
		     struct covey_error *error);

/* No device looks before the first guard_looks_set(). What config points to must live as long. */
int guard_looks_new(struct event_base *base, const struct guard_deadlines_config *config,
		    struct guard_looks **ret_looks, struct covey_error *error);

/* Before the guard lets in the first VNIs, or more: 0 when no device takes more than that. If it
 * fails, as when a device goes away meanwhile, that is tried again as long as a guard is followed.
 */
int guard_looks_set(struct guard_looks *looks, const struct guard_vnis *accepted,
		    struct covey_error *error);

/* From now on by what this guard lets in, within a second, and each device that comes looks
 * milliseconds after it came. The guard must live as long. */
void guard_looks_follow(struct guard_looks *looks, const struct guard_watch *watch);

/* What the devices look for stays. NULL-safe. */
void guard_looks_free(struct guard_looks *looks);
