/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Tells when the kernel's routes have changed. A routing daemon changes many at a time, so it is
 * told once for what comes within a moment.
 */

#include <covey/error.h>
#include <event2/event.h>

struct route_watch;

/* changed: called from the event loop, at most once in ROUTE_WATCH_MS. */
#define ROUTE_WATCH_MS 100u

int route_watch_new(struct event_base *base, void (*changed)(void *arg), void *arg,
		    struct route_watch **ret_watch, struct covey_error *error);
/* NULL-safe. */
void route_watch_free(struct route_watch *watch);
