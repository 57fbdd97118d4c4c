/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A socket that is readable when something about a network interface, or a route, has changed.
 */

#include <covey/error.h>

/* Returns a descriptor, or a negative errno. */
int link_events_open(struct covey_error *error);
/* The same for routes, their next hops, and the rules by which tables are chosen. */
int link_events_open_routes(struct covey_error *error);

/* Read and discard all messages. Their content does not matter, and it does no harm if some are
 * lost: they only say when to look. */
void link_events_drain(int fd);
