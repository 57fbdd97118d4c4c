/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Notices when a kernel interface that a port was opened on is gone, or is not what it was: DPDK's
 * drivers for them say nothing and stay deaf, also when one of the same name comes back. An XDP
 * program that somebody took off is put back.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <stdbool.h>

struct link_watch;

/* From the event loop. lost: once, with what happened: a port is of no use any more. carries: after
 * each look, whether packets pass the ports as far as their interfaces go. */
struct link_watch_handlers {
	void (*lost)(const char *what, void *arg);
	void (*carries)(bool on, void *arg);
};

int link_watch_new(struct event_base *base, const struct link_watch_handlers *handlers, void *arg,
		   struct link_watch **ret_watch, struct covey_error *error);
/* up: called with the same argument each time that one of the interfaces has a carrier again,
 * however short it was without. */
void link_watch_on_up(struct link_watch *watch, void (*up)(void *arg));
/* Stops watching. NULL-safe. */
void link_watch_free(struct link_watch *watch);

/*
 * Watch the interface of this name as it is now; name stays the caller's. Call it before the port
 * is opened, so that nothing is missed. At most LINK_WATCH_MAX. -ENODEV when there is none of that
 * name.
 */
#define LINK_WATCH_MAX 3
struct link_watch_wish {
	bool fixed_mtu; /* another MTU is a loss, too */
	bool wire;      /* its carrier is what packets need */
	bool switched;  /* its being up is somebody else's to report */
};
int link_watch_add(struct link_watch *watch, const char *name, const struct link_watch_wish *wish,
		   struct covey_error *error);
/* AF_XDP was opened on it: from now on, its XDP program and its queues belong to what it is. */
int link_watch_hold_program(struct link_watch *watch, const char *name, struct covey_error *error);
/* All ports are open: the first call of carries is now. */
int link_watch_start(struct link_watch *watch, struct covey_error *error);
