/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/util.h>
#include <unistd.h>

#include "channel_private.h"
#include "channel_reason.h"

/* How many bytes may wait to be read. Every whole message is taken at once, so there is never more
 * than a message and TLS records of 16 KiB that arrive with its end. */
#define WAITING_RECORDS_BYTES (64u << 10)

/* How much memory libevent allocates, and wipes, for each read. Members' messages are small. */
#define GKM_READ_BYTES 2048

static void readable(struct bufferevent *bufferevent, void *arg)
{
	channel_receive(arg);
}

/*
 * libevent calls this from the event loop, some time after the queue was empty. What was queued
 * since then must be sent before the end.
 */
static void written(struct bufferevent *bufferevent, void *arg)
{
	struct channel *channel = arg;

	if (evbuffer_get_length(bufferevent_get_output(bufferevent)) > 0)
		return;
	channel_queue_emptied(channel);
	channel_flushed(channel);
}

/* libevent calls this when SSL_do_handshake() has succeeded. We only trust our own verdict. */
static void open_channel(struct channel *channel)
{
	if (channel->state != CHANNEL_HANDSHAKE)
		return;
	if (!channel->peer.verified || SSL_get_verify_result(channel->ssl) != X509_V_OK) {
		channel_end(channel, "handshake failed: the peer was not verified");
		return;
	}
	channel->state = CHANNEL_OPEN;
	channel_enter(channel);
	channel->handlers.opened(channel, &channel->peer.identity, channel->arg);
	channel_leave(channel);
}

static void happened(struct bufferevent *bufferevent, short events, void *arg)
{
	struct channel *channel = arg;
	int number = EVUTIL_SOCKET_ERROR();
	char reason[CHANNEL_REASON_MAX];

	if (events & BEV_EVENT_CONNECTED) {
		open_channel(channel);
		return;
	}
	if (channel->state == CHANNEL_FLUSHING || channel->state == CHANNEL_LINGERING) {
		channel_end(channel, "%s", channel->reason);
		return;
	}
	channel_reason(bufferevent, events, channel->state == CHANNEL_HANDSHAKE, number,
		       &channel->peer, reason, sizeof(reason));
	channel_end(channel, "%s", reason);
}

/*
 * Callbacks are deferred, so that none runs inside a call of ours. We take a second reference to
 * ssl, so that it is clear who frees it, whether libevent succeeds or fails.
 */
static struct bufferevent *new_bufferevent(struct channel *channel, SSL *ssl, int fd)
{
	enum bufferevent_ssl_state state =
		channel->client ? BUFFEREVENT_SSL_CONNECTING : BUFFEREVENT_SSL_ACCEPTING;
	BIO *bio = BIO_new_socket(fd, BIO_NOCLOSE);
	struct bufferevent *bufferevent;

	if (!bio)
		return NULL;
	SSL_set_bio(ssl, bio, bio);
	SSL_up_ref(ssl);
	bufferevent = bufferevent_openssl_socket_new(
		channel->base, fd, ssl, state, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	return bufferevent;
}

int channel_start_tls(struct channel *channel, int fd)
{
	SSL *ssl = tls_connection(channel->tls, &channel->peer);

	if (!ssl)
		goto fail;
	channel->bufferevent = new_bufferevent(channel, ssl, fd);
	if (!channel->bufferevent)
		goto fail;
	SSL_free(ssl);
	channel->ssl = ssl;
	channel->state = CHANNEL_HANDSHAKE;
	bufferevent_setcb(channel->bufferevent, readable, written, happened, channel);
	bufferevent_setwatermark(channel->bufferevent, EV_READ, 0,
				 channel->receive_max + WAITING_RECORDS_BYTES);
	if (!channel->client)
		bufferevent_set_max_single_read(channel->bufferevent, GKM_READ_BYTES);
	bufferevent_enable(channel->bufferevent, EV_READ | EV_WRITE);
	return 0;

fail:
	SSL_free(ssl);
	close(fd);
	return -ENOMEM;
}
