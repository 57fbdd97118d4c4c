/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The connections of the metrics server, which libevent's HTTP server does not count. It is given
 * their streams, so it is known when one begins and ends. While there are too many, nobody is let
 * in, and those that do not get on are cut soon.
 */

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

struct metrics_clients;

/* listener: paused while there are COVEY_METRICS_CLIENTS_MAX. patience_ms: for each client. NULL
 * when out of memory. */
struct metrics_clients *metrics_clients_new(struct event_base *base,
					    struct evconnlistener *listener, uint64_t patience_ms);
/* To be called when the HTTP server is freed, and all connections with it. NULL-safe. */
void metrics_clients_free(struct metrics_clients *clients);

/* For evhttp_set_bevcb(): the stream of a new client. */
struct bufferevent *metrics_clients_add(struct event_base *base, void *arg);
/* Its request has come. */
void metrics_clients_asked(struct metrics_clients *clients, const struct bufferevent *stream);
/* accept() has failed, for lack of descriptors perhaps: rest for a moment. */
void metrics_clients_rest(struct metrics_clients *clients);
