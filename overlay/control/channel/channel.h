/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A mutually authenticated TLS 1.3 connection that carries messages (libevent, OpenSSL).
 */

#include <covey/addr.h>
#include <covey/error.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "encoded.h"
#include "identity.h"
#include "message.h"
#include "tls.h"

struct certificate_chain;
struct channel;

struct channel_handlers {
	/* The handshake is done and the peer's identity is verified. */
	void (*opened)(struct channel *channel, const struct identity *peer, void *arg);
	/* One message; freed after the call (keys in it are wiped). */
	void (*received)(struct channel *channel, const Covey__Message *message, void *arg);
	/*
	 * The channel is no more: reason is for the log. Called exactly once, never from within
	 * channel_send(), and not after channel_free(). The handler calls channel_free().
	 */
	void (*closed)(struct channel *channel, const char *reason, void *arg);
};

/*
 * Connect to the GKM. A connection that fails is told by `closed`. The handshake and the first
 * message received have COVEY_HANDSHAKE_SECONDS; later silence is bounded by COVEY_SILENCE_SECONDS.
 */
int channel_connect(struct event_base *base, struct tls *tls, const struct covey_addr *address,
		    uint16_t port, const struct channel_handlers *handlers, void *arg,
		    struct channel **ret_channel, struct covey_error *error);

/* Take over an accepted socket, server side. The fd is the channel's from now on, also on failure.
 */
int channel_accept(struct event_base *base, struct tls *tls, int fd,
		   const struct channel_handlers *handlers, void *arg, struct channel **ret_channel,
		   struct covey_error *error);

/*
 * Queue a message. Returns 0, -EMSGSIZE, -ENOMEM, -ENOTCONN before `opened` and after the end, or
 * -ENOBUFS when the peer does not read and COVEY_SEND_QUEUE_BYTES_MAX would be exceeded, or with
 * all channels of its struct tls COVEY_SEND_QUEUES_BYTES_MAX (the channel is then closed from the
 * event loop).
 */
int channel_send(struct channel *channel, const Covey__Message *message);
/* The same with a message that others get, too: the queue holds a reference, no copy. */
int channel_send_encoded(struct channel *channel, struct encoded *message);

/* Send what is queued, then close; `closed` is called when that is done or after two seconds. */
void channel_finish(struct channel *channel, const char *reason);

/* Nothing that was queued waits to reach the kernel. What a finished channel still waits for is the
 * peer. */
bool channel_is_flushed(const struct channel *channel);

void channel_free(struct channel *channel);

/* "192.0.2.1 port 4711", for logs. */
const char *channel_peer(const struct channel *channel);
/* What the peer proved to hold. NULL as long as it has proved nothing. */
const struct certificate_chain *channel_certificate(const struct channel *channel);
