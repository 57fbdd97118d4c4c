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

/* Let the devices look now, before the guard lets in the first of these VNIs, and from now on each
 * one that comes, milliseconds after it came. What config points to must live as long. */
int guard_looks_new(struct event_base *base, const struct guard_deadlines_config *config,
		    const struct guard_vnis *accepted, struct guard_looks **ret_looks,
		    struct covey_error *error);

/* From now on by what this guard lets in, within a second. It must live as long. */
void guard_looks_follow(struct guard_looks *looks, const struct guard_watch *watch);

/* Before the guard lets in more: 0 when no device takes more than that. */
int guard_looks_set(struct guard_looks *looks, const struct guard_vnis *accepted,
		    struct covey_error *error);

/* What the devices look for stays. NULL-safe. */
void guard_looks_free(struct guard_looks *looks);
