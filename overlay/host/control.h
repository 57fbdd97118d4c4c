/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The local control socket: a Unix stream socket on which a client sends one line and gets one line
 * back. What the lines mean is not its business (commands.h).
 */

#include <covey/error.h>
#include <event2/event.h>
#include <stddef.h>

struct control;
struct control_client;

#define CONTROL_CLIENTS_MAX      16
#define CONTROL_DEADLINE_SECONDS 5 /* to send the request, and again to take the answer */

/*
 * One request of len bytes, without its newline; line[len] is 0. Call control_answer() exactly
 * once, now or later: the client stays until then, even when it went away.
 */
struct control_handlers {
	void (*request)(struct control_client *client, const char *line, size_t len, void *arg);
};

/*
 * Listen at path, mode 0660; its directory is made (0755) when it is absent. A socket that nobody
 * listens on is replaced; -EADDRINUSE when somebody does.
 */
int control_open(struct event_base *base, const char *path, const struct control_handlers *handlers,
		 void *arg, struct control **ret_control, struct covey_error *error);
/* Drops all clients and removes the socket. NULL-safe. */
void control_close(struct control *control);

/* Send the answer (one line, without its newline) and close when the client has it. The client is
 * not to be used any more. */
void control_answer(struct control_client *client, const char *line);
