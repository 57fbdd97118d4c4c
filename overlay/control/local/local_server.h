/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The local control socket: a Unix stream socket on which a client sends one line and gets one line
 * back. What the lines mean is not its business (commands.h).
 */

#include <covey/error.h>
#include <event2/event.h>
#include <stddef.h>

struct local_server;
struct local_client;

#define LOCAL_CLIENTS_MAX      16
#define LOCAL_DEADLINE_SECONDS 5 /* to send the request, and again to take the answer */

/*
 * One request of len bytes, without its newline; line[len] is 0. Call local_answer() exactly
 * once, now or later: the client stays until then, even when it went away. Not called for a client
 * that went away before its request was read: it was told that nothing came of it.
 */
struct local_handlers {
	void (*request)(struct local_client *client, const char *line, size_t len, void *arg);
};

/*
 * Listen at path, mode 0660; its directory is made (0755) when it is absent. A socket that nobody
 * listens on is replaced; -EADDRINUSE when somebody does.
 */
int local_open(struct event_base *base, const char *path, const struct local_handlers *handlers,
	       void *arg, struct local_server **ret_server, struct covey_error *error);
/* Drops all clients and removes the socket. NULL-safe. */
void local_close(struct local_server *server);

/* Send the answer (one line, without its newline) and close when the client has it. The client is
 * not to be used any more. */
void local_answer(struct local_client *client, const char *line);
