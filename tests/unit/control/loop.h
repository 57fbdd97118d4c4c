/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Two ends of a channel in one event loop over loopback TCP, and peers that do not play by the
 * rules.
 */

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <limits.h>
#include <openssl/ssl.h>
#include <stdbool.h>

#include "channel.h"
#include "tls_private.h"

enum occasion {
	NEVER,
	WHEN_OPENED,
	WHEN_RECEIVED,
	WHEN_CLOSED,
};

/* One of our channels, and what happened to it. */
struct end {
	struct channel *channel;
	int opened;
	int received;
	int closed;
	int calls_after_free;
	bool freed;
	struct identity peer;
	char reason[1024];
	char text[256]; /* of the last Hello or Refused */
	uint32_t next;  /* RosterAck generations must count up from 0 */
	bool out_of_order;
	bool greets;           /* sends a Hello when opened */
	enum occasion free_on; /* call channel_free() inside this handler */
	struct end *victim;    /* whose channel it frees, NULL: its own */
	bool keep;             /* do not free when closed */
	bool refuses;          /* answers the first message, then finishes with a last one */
};

/* Somebody else's connection: plain bytes over TLS, or over TCP when context is NULL. */
struct stranger {
	struct bufferevent *bufferevent;
	bool connected;
	bool ended;
	size_t received;
};

struct loop {
	struct event_base *base;
	struct evconnlistener *listener;
	uint16_t port;
	struct tls *gkm, *member;
	struct end server, client;
	/* What the listener makes of a connection: our channel, or a stranger. */
	bool strange_server;
	SSL_CTX *strange_context;
	struct stranger stranger;
};

/* Certificates for all tests of a program, in one directory, fabric "lab". */
extern char pki[PATH_MAX];
int pki_setup(void **state);
int pki_teardown(void **state);

/* Paths in pki; valid until the fourth call from now. */
const char *pki_file(const char *name);

/* tls_new() that must succeed; stem names certificate and key. */
struct tls *tls_load(enum tls_role role, const char *stem);

/* A context of a stranger; stem NULL: no certificate. */
SSL_CTX *strange_context(bool server, const char *stem);

/* *state is the struct loop. Teardown checks that no descriptor is left. */
int loop_setup(void **state);
int loop_teardown(void **state);

/* Our client connects; runs nothing yet. */
void loop_connect(struct loop *loop);
/* A stranger connects to our server. */
void loop_connect_stranger(struct loop *loop, SSL_CTX *context);

/* Run until *what is at least n; the test fails when that does not happen. */
void loop_until(struct loop *loop, const int *what, int n);
void loop_until_true(struct loop *loop, const bool *what);
/* Connect and run until both ends are open. */
void loop_open(struct loop *loop);
/* Run what is ready now. */
void loop_spin(struct loop *loop);

void send_hello(struct end *end, const char *text);
