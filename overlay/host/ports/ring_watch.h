/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Takes frames that a rule drops at egress out of the rings of AF_PACKET ports. The kernel would
 * try to send such a frame again and again, and nothing behind it.
 */

#include <covey/error.h>
#include <event2/event.h>

struct ring_watch;

/* Call this when the port on this interface is open. 0 or a negative errno. */
int ring_watch_new(struct event_base *base, const char *interface, struct ring_watch **ret_watch,
		   struct covey_error *error);
/* Call this before the port is closed. NULL-safe. */
void ring_watch_free(struct ring_watch *watch);
