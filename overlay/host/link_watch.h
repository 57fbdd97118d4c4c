/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Notices when a kernel interface that a port was opened on is gone, or is not what it was: DPDK's
 * drivers for them say nothing and stay deaf, also when one of the same name comes back.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <stdbool.h>

struct link_watch;

/* lost: called once, from the event loop, with what happened: the port is of no use any more. */
int link_watch_new(struct event_base *base, void (*lost)(const char *what, void *arg), void *arg,
		   struct link_watch **ret_watch, struct covey_error *error);
/* up: called with the same argument each time that one of the interfaces has a carrier again,
 * however short it was without. */
void link_watch_on_up(struct link_watch *watch, void (*up)(void *arg));
/* Stops watching. NULL-safe. */
void link_watch_free(struct link_watch *watch);

/*
 * Watch the interface of this name as it is now; name stays the caller's. fixed_mtu: another MTU is
 * a loss, too. Call it before the port is opened, so that nothing is missed. At most
 * LINK_WATCH_MAX. -ENODEV when there is none of that name.
 */
#define LINK_WATCH_MAX 2
int link_watch_add(struct link_watch *watch, const char *name, bool fixed_mtu,
		   struct covey_error *error);
