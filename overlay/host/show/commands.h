/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What `covey` may ask of this host: show, join, leave. Each request and each answer is one JSON
 * object (covey-host(8), and overlay/control/local/local_server.h).
 */

#include <covey/error.h>
#include <event2/event.h>

struct commands;
struct host;

/* Serve the host's commands on the control socket at path. */
int commands_open(struct event_base *base, const char *path, const struct host *host,
		  struct commands **ret_commands, struct covey_error *error);
/* To be called before the dataplane closes, as no client is answered any more. */
void commands_quiet(struct commands *commands);
/* NULL-safe. */
void commands_close(struct commands *commands);

/* Call this when the member has changed: it answers the clients that waited for that. */
void commands_changed(struct commands *commands);
