/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The inside of a channel, shared by the channel_*.c files.
 */

#include <event2/bufferevent.h>

#include "channel.h"
#include "tls_private.h"

#define CHANNEL_REASON_MAX 640
#define CHANNEL_PEER_MAX   (COVEY_ADDR_STRLEN + sizeof(" port 65535"))

enum channel_state {
	CHANNEL_CONNECTING, /* TCP */
	CHANNEL_HANDSHAKE,  /* TLS */
	CHANNEL_OPEN,
	CHANNEL_FLUSHING,  /* ending: our queue is being sent */
	CHANNEL_LINGERING, /* ending: our end is closed, the peer's is not yet */
	CHANNEL_CLOSED,    /* `closed` was called, or the event loop will call it */
};

struct channel {
	enum channel_state state;
	struct event_base *base;
	struct tls *tls;
	bool client; /* we have connected */
	struct channel_handlers handlers;
	void *arg;
	struct event *deadline;
	struct event *closer;    /* activated to call `closed` from the event loop */
	struct event *connected; /* in CHANNEL_CONNECTING: the socket is writable */
	int fd;                  /* in CHANNEL_CONNECTING; later -1: the bufferevent has it */
	struct bufferevent *bufferevent;
	SSL *ssl; /* belongs to the bufferevent */
	struct tls_peer peer;
	char peer_text[CHANNEL_PEER_MAX];
	size_t receive_max;
	size_t send_max;
	struct queue_account *queued; /* that of tls, which may be freed before this is */
	size_t copied_bytes;          /* counted in it since the queue was last empty */
	unsigned calls; /* of our handlers that run now: they still need this memory */
	bool greeted;   /* the first message has come */
	bool freed;     /* channel_free() was called while a handler ran */
	char reason[CHANNEL_REASON_MAX];
};

/* channel.c */
int channel_new(struct event_base *base, struct tls *tls, bool client,
		const struct channel_handlers *handlers, void *arg, struct channel **ret_channel);
/* End the channel with this reason. It ends later, in the event loop. If it is called again, the
 * first reason stays. */
__attribute__((format(printf, 2, 3))) void channel_end(struct channel *channel, const char *format,
						       ...);
void channel_enter(struct channel *channel);
/* To be called after a handler. False when the channel is gone. */
bool channel_leave(struct channel *channel);
/* All that was queued is sent, and does not count any more. */
void channel_queue_emptied(struct channel *channel);
void channel_arm(struct channel *channel, const struct timeval *deadline);
/* Our queue has reached the kernel: close our end. */
void channel_flushed(struct channel *channel);

/* channel_socket.c */
void channel_socket_options(int fd);
void channel_set_peer(struct channel *channel, const struct sockaddr *address);
/* Read what the peer sent and we will never look at. If we closed the socket without that, TCP
 * would reset the connection, and the peer could lose our last messages. */
void channel_socket_drain(int fd);

/* channel_tls.c */
/* TCP is connected: begin the handshake on fd, which belongs to the channel from now on. */
int channel_start_tls(struct channel *channel, int fd);

/* channel_receive.c */
void channel_receive(struct channel *channel);
