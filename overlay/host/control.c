/* SPDX-License-Identifier: BSD-3-Clause */

#include "control.h"

#include <covey/limits.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control_socket.h"

struct control_client {
	struct control *control;
	struct control_client *next;
	struct bufferevent *stream;
	struct event *deadline;
	bool asked; /* the request was handed on */
	bool answered;
};

struct control {
	struct event_base *base;
	struct event *accept;
	struct control_handlers handlers;
	void *arg;
	struct control_client *clients;
	unsigned client_count;
	char *path;
	int fd;
};

static void client_free(struct control_client *client)
{
	struct control *control = client->control;

	for (struct control_client **at = &control->clients; *at; at = &(*at)->next) {
		if (*at == client) {
			*at = client->next;
			break;
		}
	}
	control->client_count--;
	if (client->deadline)
		event_free(client->deadline);
	if (client->stream)
		bufferevent_free(client->stream);
	free(client);
}

static void arm(struct control_client *client)
{
	static const struct timeval deadline = {.tv_sec = CONTROL_DEADLINE_SECONDS};

	evtimer_add(client->deadline, &deadline);
}

void control_answer(struct control_client *client, const char *line)
{
	client->answered = true;
	bufferevent_write(client->stream, line, strlen(line));
	bufferevent_write(client->stream, "\n", 1);
	arm(client);
}

static void refuse(struct control_client *client, const char *reason)
{
	client->asked = true;
	bufferevent_disable(client->stream, EV_READ);
	control_answer(client, reason);
}

static void readable(struct bufferevent *stream, void *arg)
{
	struct control_client *client = arg;
	struct control *control = client->control;
	struct evbuffer *input = bufferevent_get_input(stream);
	size_t len;
	char *line;

	if (client->asked) { /* there is one request, the rest is not read */
		evbuffer_drain(input, evbuffer_get_length(input));
		return;
	}
	line = evbuffer_readln(input, &len, EVBUFFER_EOL_LF);
	if (!line) {
		if (evbuffer_get_length(input) > COVEY_CONTROL_REQUEST_MAX)
			refuse(client, "{\"ok\": false, \"error\": \"the request is too long\"}");
		return;
	}
	evtimer_del(client->deadline);
	client->asked = true;
	control->handlers.request(client, line, len, control->arg);
	free(line);
}

static void written(struct bufferevent *stream, void *arg)
{
	struct control_client *client = arg;

	if (client->answered)
		client_free(client);
}

/*
 * The client's end of the connection is closed. Whoever asked may still read, and if not, writing
 * the answer fails; before that, the one who answers holds on to the client.
 */
static void ended(struct bufferevent *stream, short what, void *arg)
{
	struct control_client *client = arg;

	if (client->asked && (!client->answered || (what & BEV_EVENT_EOF)))
		return;
	client_free(client);
}

static void late(evutil_socket_t fd, short what, void *arg)
{
	client_free(arg);
}

/* The descriptor is the client's, also on failure. */
static void client_new(struct control *control, int fd)
{
	struct control_client *client = calloc(1, sizeof(*client));

	if (!client) {
		close(fd);
		return;
	}
	client->control = control;
	client->next = control->clients;
	control->clients = client;
	control->client_count++;
	client->deadline = evtimer_new(control->base, late, client);
	client->stream = bufferevent_socket_new(control->base, fd, BEV_OPT_CLOSE_ON_FREE);
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

static void acceptable(evutil_socket_t listener, short what, void *arg)
{
	static const char busy[] =
		"{\"ok\": false, \"error\": \"too many clients at once, try again\"}\n";
	struct control *control = arg;
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (control->client_count >= CONTROL_CLIENTS_MAX) {
		send(fd, busy, sizeof(busy) - 1, MSG_NOSIGNAL);
		close(fd);
	} else {
		client_new(control, fd);
	}
}

int control_open(struct event_base *base, const char *path, const struct control_handlers *handlers,
		 void *arg, struct control **ret_control, struct covey_error *error)
{
	struct control *control;
	int fd = control_socket_open(path, error);

	if (fd < 0)
		return fd;
	control = calloc(1, sizeof(*control));
	if (control) {
		control->base = base;
		control->handlers = *handlers;
		control->arg = arg;
		control->fd = fd;
		control->path = strdup(path);
		control->accept = event_new(base, fd, EV_READ | EV_PERSIST, acceptable, control);
	}
	if (!control || !control->path || !control->accept ||
	    event_add(control->accept, NULL) < 0) {
		unlink(path);
		close(fd);
		if (control && control->accept)
			event_free(control->accept);
		if (control)
			free(control->path);
		free(control);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	*ret_control = control;
	return 0;
}

void control_close(struct control *control)
{
	if (!control)
		return;
	while (control->clients)
		client_free(control->clients);
	event_free(control->accept);
	unlink(control->path);
	close(control->fd);
	free(control->path);
	free(control);
}
