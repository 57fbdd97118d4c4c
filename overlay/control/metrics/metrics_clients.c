/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics_clients.h"

#include <clock.h>
#include <covey/limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>

/* How often clients are looked at while there are any. */
#define LOOK_MS   50
#define HURRY_MS  250 /* to send the request, in a crowd */
#define IMPATIENT 4   /* a crowd's clients have this part of the time to take their answer */

struct client {
	TAILQ_ENTRY(client) link;
	struct bufferevent *stream; /* libevent's HTTP server has it, and we keep it for later */
	uint64_t since_ms;
	bool asked;
	bool cut;
};

TAILQ_HEAD(client_list, client);

struct metrics_clients {
	struct evconnlistener *listener;
	struct event *timer;
	struct client_list list;
	uint64_t patience_ms;
	unsigned count;
	bool resting; /* accept() has failed */
};

/* libevent tells nobody that a connection has ended, but it takes its functions off the stream
 * then. The descriptor is closed with the stream, when we give that up, too. */
static bool has_ended(const struct client *client)
{
	bufferevent_data_cb readable, writable;
	bufferevent_event_cb event;
	void *arg;

	bufferevent_getcb(client->stream, &readable, &writable, &event, &arg);
	return !event;
}

static void sweep(struct metrics_clients *clients)
{
	struct client *client = TAILQ_FIRST(&clients->list);

	while (client) {
		struct client *next = TAILQ_NEXT(client, link);

		if (has_ended(client)) {
			TAILQ_REMOVE(&clients->list, client, link);
			clients->count--;
			bufferevent_decref(client->stream);
			free(client);
		}
		client = next;
	}
}

static void arm(struct metrics_clients *clients)
{
	const struct timeval wait = clock_timeval(LOOK_MS);

	if (clients->resting || clients->count >= COVEY_METRICS_CLIENTS_MAX)
		evconnlistener_disable(clients->listener);
	else
		evconnlistener_enable(clients->listener);
	if (clients->resting || clients->count > 0)
		evtimer_add(clients->timer, &wait);
}

static uint64_t patience(const struct metrics_clients *clients, const struct client *client)
{
	if (clients->count < COVEY_METRICS_CLIENTS_MAX)
		return clients->patience_ms;
	return client->asked ? clients->patience_ms / IMPATIENT : HURRY_MS;
}

/* libevent notices it, and closes the connection. */
static void cut(struct client *client)
{
	client->cut = true;
	shutdown(bufferevent_getfd(client->stream), SHUT_RDWR);
	/* It would not notice while the input is full. */
	bufferevent_trigger_event(client->stream, BEV_EVENT_ERROR, BEV_OPT_DEFER_CALLBACKS);
}

static void look(evutil_socket_t fd, short what, void *arg)
{
	struct metrics_clients *clients = arg;
	uint64_t now_ms = clock_ms();

	sweep(clients);
	for (struct client *client = TAILQ_FIRST(&clients->list); client;
	     client = TAILQ_NEXT(client, link)) {
		if (!client->cut && now_ms - client->since_ms >= patience(clients, client))
			cut(client);
	}
	clients->resting = false;
	arm(clients);
}

struct bufferevent *metrics_clients_add(struct event_base *base, void *arg)
{
	struct metrics_clients *clients = arg;
	struct client *client = calloc(1, sizeof(*client));

	if (client)
		client->stream = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (!client || !client->stream) {
		free(client);
		return NULL;
	}
	client->since_ms = clock_ms();
	/* What comes behind the request waits in the kernel. */
	bufferevent_setwatermark(client->stream, EV_READ, 0, 2 * COVEY_METRICS_REQUEST_MAX);
	bufferevent_incref(client->stream);
	sweep(clients);
	TAILQ_INSERT_TAIL(&clients->list, client, link);
	clients->count++;
	arm(clients);
	return client->stream;
}

void metrics_clients_asked(struct metrics_clients *clients, const struct bufferevent *stream)
{
	for (struct client *client = TAILQ_FIRST(&clients->list); client;
	     client = TAILQ_NEXT(client, link)) {
		if (client->stream == stream)
			client->asked = true;
	}
}

void metrics_clients_rest(struct metrics_clients *clients)
{
	clients->resting = true;
	arm(clients);
}

struct metrics_clients *metrics_clients_new(struct event_base *base,
					    struct evconnlistener *listener, uint64_t patience_ms)
{
	struct metrics_clients *clients = calloc(1, sizeof(*clients));

	if (!clients)
		return NULL;
	TAILQ_INIT(&clients->list);
	clients->listener = listener;
	clients->patience_ms = patience_ms;
	clients->timer = evtimer_new(base, look, clients);
	if (clients->timer)
		return clients;
	free(clients);
	return NULL;
}

void metrics_clients_free(struct metrics_clients *clients)
{
	if (!clients)
		return;
	sweep(clients);
	event_free(clients->timer);
	free(clients);
}
