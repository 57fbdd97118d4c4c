/* SPDX-License-Identifier: BSD-3-Clause */

#include "local_server.h"

#include <covey/limits.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "local_socket.h"

#define PAUSE_ON_ERROR_MS 500

struct local_client {
	struct local_server *server;
	struct local_client *next;
	struct bufferevent *stream;
	struct event *deadline;
	bool asked; /* the request was passed to the handler */
	bool answered;
};

struct local_server {
	struct event_base *base;
	struct event *accept;
	struct event *resume; /* after accept() has failed */
	struct local_handlers handlers;
	void *arg;
	struct local_client *clients;
	unsigned client_count;
	char *path;
	int fd;
};

static void client_free(struct local_client *client)
{
	struct local_server *server = client->server;

	for (struct local_client **at = &server->clients; *at; at = &(*at)->next) {
		if (*at == client) {
			*at = client->next;
			break;
		}
	}
	server->client_count--;
	if (client->deadline)
		event_free(client->deadline);
	if (client->stream)
		bufferevent_free(client->stream);
	free(client);
}

static void arm(struct local_client *client)
{
	static const struct timeval deadline = {.tv_sec = LOCAL_DEADLINE_SECONDS};

	evtimer_add(client->deadline, &deadline);
}

void local_answer(struct local_client *client, const char *line)
{
	client->answered = true;
	bufferevent_write(client->stream, line, strlen(line));
	bufferevent_write(client->stream, "\n", 1);
	arm(client);
}

int local_client_peer(const struct local_client *client, struct ucred *ret_peer)
{
	socklen_t len = sizeof(*ret_peer);

	return getsockopt(bufferevent_getfd(client->stream), SOL_SOCKET, SO_PEERCRED, ret_peer,
			  &len) < 0
		       ? -errno
		       : 0;
}

static void refuse(struct local_client *client, const char *reason)
{
	client->asked = true;
	bufferevent_disable(client->stream, EV_READ);
	local_answer(client, reason);
}

/*
 * Has the client closed its socket in both directions? Then its user was told that nothing was
 * done, so nothing may be done. A client that has only closed its sending direction still waits for
 * the answer.
 */
static bool is_gone(const struct local_client *client)
{
	struct pollfd peer = {.fd = bufferevent_getfd(client->stream)};

	return poll(&peer, 1, 0) == 1 && (peer.revents & (POLLHUP | POLLERR));
}

static void readable(struct bufferevent *stream, void *arg)
{
	struct local_client *client = arg;
	struct local_server *server = client->server;
	struct evbuffer *input = bufferevent_get_input(stream);
	size_t len;
	char *line;

	if (client->asked) { /* there is only one request; the rest is ignored */
		evbuffer_drain(input, evbuffer_get_length(input));
		return;
	}
	line = evbuffer_readln(input, &len, EVBUFFER_EOL_LF);
	if (!line) {
		if (evbuffer_get_length(input) > COVEY_CONTROL_REQUEST_MAX)
			refuse(client, "{\"ok\": false, \"error\": \"the request is too long\"}");
		return;
	}
	if (is_gone(client)) {
		free(line);
		client_free(client);
		return;
	}
	evtimer_del(client->deadline);
	client->asked = true;
	server->handlers.request(client, line, len, server->arg);
	free(line);
}

static void written(struct bufferevent *stream, void *arg)
{
	struct local_client *client = arg;

	if (client->answered)
		client_free(client);
}

/*
 * The client has closed its end of the connection. It may still read the answer; if not, writing
 * the answer fails. Before that, the client is kept for the code that answers.
 */
static void ended(struct bufferevent *stream, short what, void *arg)
{
	struct local_client *client = arg;

	if (client->asked && (!client->answered || (what & BEV_EVENT_EOF)))
		return;
	client_free(client);
}

static void late(evutil_socket_t fd, short what, void *arg)
{
	client_free(arg);
}

/* The descriptor belongs to the client, even if this fails. */
static void client_new(struct local_server *server, int fd)
{
	struct local_client *client = calloc(1, sizeof(*client));

	if (!client) {
		close(fd);
		return;
	}
	client->server = server;
	client->next = server->clients;
	server->clients = client;
	server->client_count++;
	client->deadline = evtimer_new(server->base, late, client);
	client->stream = bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!client->stream)
		close(fd);
	if (!client->stream || !client->deadline) {
		client_free(client);
		return;
	}
	bufferevent_setcb(client->stream, readable, written, ended, client);
	bufferevent_setwatermark(client->stream, EV_READ, 0, COVEY_CONTROL_REQUEST_MAX + 1);
	bufferevent_enable(client->stream, EV_READ | EV_WRITE);
	arm(client);
}

/* Does the error mean only that the client is gone again, or was never there? */
static bool is_passing(int number)
{
	return number == EAGAIN || number == EINTR || number == ECONNABORTED;
}

/* Out of descriptors or memory: without a pause, accept() would fail in each turn of the loop. */
static void rest(struct local_server *server)
{
	event_del(server->accept);
	event_add(server->resume, &(struct timeval){.tv_usec = PAUSE_ON_ERROR_MS * 1000});
}

static void rested(evutil_socket_t fd, short what, void *arg)
{
	struct local_server *server = arg;

	event_add(server->accept, NULL);
}

static void acceptable(evutil_socket_t listener, short what, void *arg)
{
	static const char busy[] =
		"{\"ok\": false, \"error\": \"too many clients at once, try again\"}\n";
	struct local_server *server = arg;
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0) {
		if (!is_passing(errno))
			rest(server);
		return;
	}
	if (server->client_count >= LOCAL_CLIENTS_MAX) {
		send(fd, busy, sizeof(busy) - 1, MSG_NOSIGNAL);
		close(fd);
	} else {
		client_new(server, fd);
	}
}

static void server_free(struct local_server *server)
{
	if (!server)
		return;
	if (server->accept)
		event_free(server->accept);
	if (server->resume)
		event_free(server->resume);
	free(server->path);
	free(server);
}

int local_open(struct event_base *base, const char *path, const struct local_handlers *handlers,
	       void *arg, struct local_server **ret_server, struct covey_error *error)
{
	struct local_server *server;
	int fd = local_socket_open(path, error);

	if (fd < 0)
		return fd;
	server = calloc(1, sizeof(*server));
	if (server) {
		server->base = base;
		server->handlers = *handlers;
		server->arg = arg;
		server->fd = fd;
		server->path = strdup(path);
		server->accept = event_new(base, fd, EV_READ | EV_PERSIST, acceptable, server);
		server->resume = evtimer_new(base, rested, server);
	}
	if (!server || !server->path || !server->accept || !server->resume ||
	    event_add(server->accept, NULL) < 0) {
		unlink(path);
		close(fd);
		server_free(server);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	*ret_server = server;
	return 0;
}

void local_close(struct local_server *server)
{
	if (!server)
		return;
	while (server->clients)
		client_free(server->clients);
	unlink(server->path);
	event_del(server->accept);
	close(server->fd);
	server_free(server);
}
