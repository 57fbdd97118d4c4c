/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What `covey` may ask of this host: show, join, leave. One JSON object each way
 * (docs/protocol.md, local control socket).
 */

#include <covey/error.h>
#include <event2/event.h>

struct commands;
struct host;

/* Serve the host's commands on the control socket at path. */
int commands_open(struct event_base *base, const char *path, const struct host *host,
		  struct commands **ret_commands, struct covey_error *error);
/* NULL-safe. */
void commands_close(struct commands *commands);

/* The member changed: answer the clients that waited for that. */
void commands_changed(struct commands *commands);
