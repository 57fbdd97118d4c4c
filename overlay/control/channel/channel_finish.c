/* SPDX-License-Identifier: BSD-3-Clause */
#include <event2/buffer.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/socket.h>

#include "channel_private.h"

/*
 * Closing a socket on bytes that nobody read makes TCP reset the connection, and the peer may lose
 * what we sent last. So our end closes first, and what still comes is read away until the peer has
 * closed its end.
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
