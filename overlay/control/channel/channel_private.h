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
	CHANNEL_FLUSHING,  /* finishing: our queue goes out */
	CHANNEL_LINGERING, /* finishing: our end is closed, the peer's not yet */
	CHANNEL_CLOSED,    /* `closed` is called, or will be from the event loop */
};

struct channel {
	enum channel_state state;
	struct event_base *base;
	struct tls *tls;
	struct channel_handlers handlers;
	void *arg;
	struct event *deadline;
	struct event *closer;    /* made active to call `closed` from the loop */
	struct event *connected; /* while CONNECTING: the socket is writable */
	int fd;                  /* while CONNECTING, then the bufferevent's: -1 */
	struct bufferevent *bufferevent;
	SSL *ssl; /* the bufferevent's */
	struct tls_peer peer;
	char peer_text[CHANNEL_PEER_MAX];
	size_t receive_max;
	size_t send_max;
	struct queue_account *queued; /* as tls's, which may be gone when this is freed at last */
	size_t copied_bytes;          /* counted in it since the queue was empty last */
	unsigned calls; /* handlers of ours on the stack: the memory must outlive them */
	bool greeted;   /* the first message is here */
	bool freed;     /* channel_free() was called meanwhile */
	char reason[CHANNEL_REASON_MAX];
};

/* channel.c */
int channel_new(struct event_base *base, struct tls *tls, const struct channel_handlers *handlers,
		void *arg, struct channel **ret_channel);
/* End it with this reason: later, from the loop. The first reason stays. */
__attribute__((format(printf, 2, 3))) void channel_end(struct channel *channel, const char *format,
						       ...);
void channel_enter(struct channel *channel);
/* After a handler: false when the channel is gone. */
bool channel_leave(struct channel *channel);
/* All that was queued is sent: it does not count any more. */
void channel_queue_emptied(struct channel *channel);
void channel_arm(struct channel *channel, const struct timeval *deadline);
/* Our queue has reached the kernel: close our end. */
void channel_flushed(struct channel *channel);

/* channel_socket.c */
void channel_socket_options(int fd);
void channel_set_peer(struct channel *channel, const struct sockaddr *address);
/* Read away what the peer sent but we never will look at: closing on it would make TCP reset the
 * connection, and our last words be lost. */
void channel_socket_drain(int fd);

/* channel_tls.c */
/* TCP is there: begin the handshake on fd, which is the channel's from now on. */
int channel_start_tls(struct channel *channel, int fd);

/* channel_receive.c */
void channel_receive(struct channel *channel);
