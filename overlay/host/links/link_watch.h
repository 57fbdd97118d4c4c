/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Notices when a kernel interface that a port was opened on is gone or has changed. DPDK's drivers
 * do not report that and receive nothing any more, even when an interface of the same name comes
 * back. If somebody takes an XDP program off, or changes a MAC address that must stay, it is put
 * back.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

struct link_watch;

/* Called from the event loop. lost: once, when a port has become useless, with what happened.
 * carries: after each look, whether packets can pass the ports, as far as their interfaces are
 * concerned. */
struct link_watch_handlers {
	void (*lost)(const char *what, void *arg);
	void (*carries)(bool on, void *arg);
};

int link_watch_new(struct event_base *base, const struct link_watch_handlers *handlers, void *arg,
		   struct link_watch **ret_watch, struct covey_error *error);
/* up: called with the same argument each time one of the interfaces has its carrier back, however
 * short the time without it was. */
void link_watch_on_up(struct link_watch *watch, void (*up)(void *arg));
/* Stops watching. NULL-safe. */
void link_watch_free(struct link_watch *watch);

/*
 * Watch the interface of this name as it is now; name stays the caller's. Call it before the port
 * is opened, so that nothing is missed. At most LINK_WATCH_MAX. -ENODEV when there is none of that
 * name.
 */
#define LINK_WATCH_MAX 4
struct link_watch_wish {
	bool fixed_mtu;     /* another MTU is a loss, too */
	bool wire;          /* packets need its carrier */
	bool switched;      /* others report whether it is up */
	const uint8_t *mac; /* the caller's; if it has another one, it gets this back. NULL: any */
};
int link_watch_add(struct link_watch *watch, const char *name, const struct link_watch_wish *wish,
		   struct covey_error *error);
/* Call this when AF_XDP was opened on it: from now on, its XDP program and its queues must not
 * change either. */
int link_watch_hold_program(struct link_watch *watch, const char *name, struct covey_error *error);
/* Call this when all ports are open. carries is called for the first time now. */
int link_watch_start(struct link_watch *watch, struct covey_error *error);
