/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <event2/buffer.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel_private.h"

#define COPIED_BYTES_MAX 256

static void call_closed(int fd, short events, void *arg)
{
	struct channel *channel = arg;

	channel_enter(channel);
	channel->handlers.closed(channel, channel->reason, channel->arg);
	channel_leave(channel);
}

static void explain_deadline(struct channel *channel)
{
	const struct channel_deadlines *deadlines = &channel->tls->deadlines;

	switch (channel->state) {
	case CHANNEL_CONNECTING:
		channel_end(channel, "no answer to the connection within %ld s",
			    (long)deadlines->begin.tv_sec);
		break;
	case CHANNEL_HANDSHAKE:
		channel_end(channel, "handshake not over within %ld s",
			    (long)deadlines->begin.tv_sec);
		break;
	case CHANNEL_OPEN:
		if (channel->greeted)
			channel_end(channel, "silent for %ld s", (long)deadlines->silence.tv_sec);
		else
			channel_end(channel, "no first message within %ld s",
				    (long)deadlines->begin.tv_sec);
		break;
	case CHANNEL_FLUSHING:
	case CHANNEL_LINGERING:
	case CHANNEL_CLOSED:
		channel_end(channel, "%s", channel->reason);
		break;
	}
}

static void deadline_passed(int fd, short events, void *arg)
{
	explain_deadline(arg);
}

int channel_new(struct event_base *base, struct tls *tls, bool client,
		const struct channel_handlers *handlers, void *arg, struct channel **ret_channel)
{
	struct channel *channel = calloc(1, sizeof(*channel));

	if (!channel)
		return -ENOMEM;
	channel->base = base;
	channel->tls = tls;
	channel->queued = queue_account_ref(tls->queued);
	channel->handlers = *handlers;
	channel->arg = arg;
	channel->fd = -1;
	channel->client = client;
	channel->receive_max = client ? COVEY_MESSAGE_TO_MEMBER_MAX : COVEY_MESSAGE_TO_GKM_MAX;
	channel->send_max = client ? COVEY_MESSAGE_TO_GKM_MAX : COVEY_MESSAGE_TO_MEMBER_MAX;
	channel->deadline = evtimer_new(base, deadline_passed, channel);
	channel->closer = event_new(base, -1, 0, call_closed, channel);
	if (!channel->deadline || !channel->closer) {
		channel_free(channel);
		return -ENOMEM;
	}
	channel_arm(channel, &tls->deadlines.begin);
	*ret_channel = channel;
	return 0;
}

void channel_arm(struct channel *channel, const struct timeval *deadline)
{
	event_add(channel->deadline, deadline);
}

void channel_end(struct channel *channel, const char *format, ...)
{
	char reason[CHANNEL_REASON_MAX];
	va_list args;

	if (channel->state == CHANNEL_CLOSED)
		return;
	/* Written to a copy first, because the present reason may be among the arguments. */
	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	memcpy(channel->reason, reason, sizeof(reason));
	channel->state = CHANNEL_CLOSED;
	event_del(channel->deadline);
	if (channel->connected)
		event_del(channel->connected);
	if (channel->bufferevent)
		bufferevent_disable(channel->bufferevent, EV_READ | EV_WRITE);
	event_active(channel->closer, 0, 0);
}

void channel_enter(struct channel *channel)
{
	channel->calls++;
}

void channel_queue_emptied(struct channel *channel)
{
	queue_account_subtract(channel->queued, channel->copied_bytes);
	channel->copied_bytes = 0;
}

/* The bufferevent is freed first. After that, nothing calls us. */
static void destroy(struct channel *channel)
{
	channel_queue_emptied(channel);
	if (channel->bufferevent)
		bufferevent_free(channel->bufferevent);
	if (channel->connected)
		event_free(channel->connected);
	if (channel->deadline)
		event_free(channel->deadline);
	if (channel->closer)
		event_free(channel->closer);
	if (channel->fd >= 0)
		close(channel->fd);
	queue_account_unref(channel->queued);
	free(channel);
}

bool channel_leave(struct channel *channel)
{
	channel->calls--;
	if (!channel->freed)
		return true;
	if (channel->calls == 0)
		destroy(channel);
	return false;
}

/* Say goodbye if TLS is up, so that the peer knows that no attacker has cut the connection. */
static void shut_down(struct channel *channel)
{
	if (!channel->bufferevent)
		return;
	if (SSL_is_init_finished(channel->ssl) && !SSL_get_shutdown(channel->ssl))
		SSL_shutdown(channel->ssl);
	ERR_clear_error();
	channel_socket_drain(SSL_get_fd(channel->ssl));
}

void channel_free(struct channel *channel)
{
	if (!channel || channel->freed)
		return;
	shut_down(channel);
	channel->freed = true;
	channel->state = CHANNEL_CLOSED;
	if (channel->bufferevent) {
		bufferevent_setcb(channel->bufferevent, NULL, NULL, NULL, NULL);
		bufferevent_disable(channel->bufferevent, EV_READ | EV_WRITE);
	}
	if (channel->calls == 0)
		destroy(channel);
}

static void release(const void *data, size_t len, void *arg)
{
	encoded_unref(arg);
}

/*
 * Small messages are copied: those that wait together become one TLS record and one write to the
 * socket, and a reference would take more memory than the message. A key is never copied into
 * libevent's buffers, and is wiped after it was sent.
 */
static int enqueue(struct channel *channel, struct evbuffer *output, struct encoded *message)
{
	size_t len = encoded_len(message);

	if (len <= COPIED_BYTES_MAX && !encoded_is_secret(message)) {
		queue_account_add(channel->queued, len);
		channel->copied_bytes += len;
		return evbuffer_add(output, encoded_data(message), len);
	}
	encoded_count(message, channel->queued);
	if (evbuffer_add_reference(output, encoded_data(message), len, release,
				   encoded_ref(message)) == 0)
		return 0;
	encoded_unref(message);
	return -1;
}

/*
 * A peer that does not read must not fill the memory, and neither must many such peers together. A
 * peer that has read all messages so far can always get the next one.
 */
static int check_room(struct channel *channel, size_t waiting, size_t len)
{
	if (waiting + len > COVEY_SEND_QUEUE_BYTES_MAX) {
		channel_end(channel, "send queue full: the peer does not read (%zu bytes wait)",
			    waiting);
		return -ENOBUFS;
	}
	if (waiting > 0 && queue_account_bytes(channel->queued) + len > channel->tls->queued_max) {
		channel_end(channel,
			    "send queues of all peers full: this one is behind (%zu bytes wait)",
			    waiting);
		return -ENOBUFS;
	}
	return 0;
}

int channel_send_encoded(struct channel *channel, struct encoded *message)
{
	struct evbuffer *output;
	int status;

	if (channel->state != CHANNEL_OPEN)
		return -ENOTCONN;
	output = bufferevent_get_output(channel->bufferevent);
	status = check_room(channel, evbuffer_get_length(output), encoded_len(message));
	if (status < 0)
		return status;
	return enqueue(channel, output, message) < 0 ? -ENOMEM : 0;
}

int channel_send(struct channel *channel, const Covey__Message *message)
{
	struct encoded *encoded;
	int status;

	if (channel->state != CHANNEL_OPEN)
		return -ENOTCONN;
	status = encoded_new(message, channel->send_max, &encoded);
	if (status < 0)
		return status;
	status = channel_send_encoded(channel, encoded);
	encoded_unref(encoded);
	return status;
}

const char *channel_peer(const struct channel *channel)
{
	return channel->peer_text;
}

const struct certificate_chain *channel_certificate(const struct channel *channel)
{
	return channel->peer.verified ? &channel->peer.certificate : NULL;
}

/* --- the end ------------------------------------------------------------------------------ */

/*
 * If a socket is closed while it holds bytes that nobody has read, TCP resets the connection, and
 * the peer may lose what we sent last. So we close our end first, and read and drop what still
 * comes until the peer has closed its end.
 */
void channel_flushed(struct channel *channel)
{
	if (channel->state != CHANNEL_FLUSHING)
		return;
	channel->state = CHANNEL_LINGERING;
	SSL_shutdown(channel->ssl);
	ERR_clear_error();
	shutdown(SSL_get_fd(channel->ssl), SHUT_WR);
}

bool channel_is_answered(const struct channel *channel)
{
	return channel->state != CHANNEL_CONNECTING;
}

bool channel_is_flushed(const struct channel *channel)
{
	return channel->state == CHANNEL_LINGERING || channel->state == CHANNEL_CLOSED;
}

void channel_finish(struct channel *channel, const char *reason)
{
	struct evbuffer *output;

	if (channel->state == CHANNEL_CONNECTING || channel->state == CHANNEL_HANDSHAKE)
		channel_end(channel, "%s", reason);
	if (channel->state != CHANNEL_OPEN)
		return;
	snprintf(channel->reason, sizeof(channel->reason), "%s", reason);
	channel->state = CHANNEL_FLUSHING;
	channel_arm(channel, &channel->tls->deadlines.finish);
	output = bufferevent_get_output(channel->bufferevent);
	if (evbuffer_get_length(output) == 0)
		channel_flushed(channel);
}
