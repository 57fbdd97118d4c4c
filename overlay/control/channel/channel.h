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
	/* One message came. It is freed after the call, and keys in it are wiped. */
	void (*received)(struct channel *channel, const Covey__Message *message, void *arg);
	/*
	 * The channel has ended. reason is for the log. Called exactly once, but never from within
	 * channel_send(), and not after channel_free(). The handler must call channel_free().
	 */
	void (*closed)(struct channel *channel, const char *reason, void *arg);
};

/*
 * Connect to the GKM. If that fails, `closed` is called. The handshake and the first message must
 * come within COVEY_HANDSHAKE_SECONDS. After that, the peer may be silent for at most
 * COVEY_SILENCE_SECONDS.
 */
int channel_connect(struct event_base *base, struct tls *tls, const struct covey_addr *address,
		    uint16_t port, const struct channel_handlers *handlers, void *arg,
		    struct channel **ret_channel, struct covey_error *error);

/* Take over an accepted socket on the server side. From now on, the fd belongs to the channel, even
 * if this fails. */
int channel_accept(struct event_base *base, struct tls *tls, int fd,
		   const struct channel_handlers *handlers, void *arg, struct channel **ret_channel,
		   struct covey_error *error);

/*
 * Queue a message. Returns 0, -EMSGSIZE, -ENOMEM, -ENOTCONN before `opened` and after the end, or
 * -ENOBUFS when the peer does not read: then this queue would exceed COVEY_SEND_QUEUE_BYTES_MAX, or
 * the queues of all channels of the same struct tls would exceed COVEY_SEND_QUEUES_BYTES_MAX
 * together. After -ENOBUFS the event loop closes the channel.
 */
int channel_send(struct channel *channel, const Covey__Message *message);
/* The same for a message that others get, too: a long or secret one is not copied, but referred to.
 */
int channel_send_encoded(struct channel *channel, struct encoded *message);

/* Send what is queued, then close. `closed` is called when that is done, or after two seconds. */
void channel_finish(struct channel *channel, const char *reason);

/* Has the peer's machine taken the connection? */
bool channel_is_answered(const struct channel *channel);

/* Has all that was queued reached the kernel? After channel_finish(), the channel may still wait
 * for the peer. */
bool channel_is_flushed(const struct channel *channel);

void channel_free(struct channel *channel);

/* The peer for logs, such as "192.0.2.1 port 4711". */
const char *channel_peer(const struct channel *channel);
/* The certificate that the peer has proved to hold. NULL until it has proved one. */
const struct certificate_chain *channel_certificate(const struct channel *channel);
