/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Stops the kernel from gathering packets that come in while that spoils them (gather_rule.h). */

#include <covey/error.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

struct dataplane;
struct gather_watch;
struct port;

/* fabric: a port on the kernel's sockets that gathers. Both live longer than the watch. */
int gather_watch_new(struct event_base *base, const struct dataplane *dataplane,
		     struct port *fabric, struct gather_watch **ret_watch,
		     struct covey_error *error);
/* Has gathering stopped now, and how often did it? With watch NULL it has not. */
bool gather_watch_stopped(const struct gather_watch *watch, uint64_t *ret_stops);
/* NULL-safe. */
void gather_watch_free(struct gather_watch *watch);
