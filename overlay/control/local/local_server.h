/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The local control socket: a Unix stream socket. A client sends one line and gets one line back.
 * The code here does not know what the lines mean (the daemon's commands.c does).
 */

#include <covey/error.h>
#include <event2/event.h>
#include <stddef.h>
#include <sys/socket.h>

struct local_server;
struct local_client;

#define LOCAL_CLIENTS_MAX      16
#define LOCAL_DEADLINE_SECONDS 5 /* to send the request, and again to take the answer */

/*
 * One request of len bytes, without its newline; line[len] is 0. Call local_answer() exactly once,
 * now or later. The client stays until then, even if it goes away. This is not called for a client
 * that goes away before its request is read: its user was told that nothing was done.
 */
struct local_handlers {
	void (*request)(struct local_client *client, const char *line, size_t len, void *arg);
};

/*
 * Listen at path with mode 0660. Its directory is made (0755) if it does not exist. A socket on
 * which nobody listens is replaced; -EADDRINUSE when somebody listens.
 */
int local_open(struct event_base *base, const char *path, const struct local_handlers *handlers,
	       void *arg, struct local_server **ret_server, struct covey_error *error);
/* Disconnects all clients and removes the socket. NULL-safe. */
void local_close(struct local_server *server);

/* Who is it? A negative errno if that is not known. */
int local_client_peer(const struct local_client *client, struct ucred *ret_peer);

/* Send the answer (one line, without its newline), and close when the client has it. The client
 * must not be used any more. */
void local_answer(struct local_client *client, const char *line);
