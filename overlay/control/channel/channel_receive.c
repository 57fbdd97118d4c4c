/* SPDX-License-Identifier: BSD-3-Clause */
#include <event2/buffer.h>
#include <string.h>

#include "channel_private.h"

/* The length of the message at the front of input, if all of it is there; otherwise 0. */
static size_t next_message(struct channel *channel, struct evbuffer *input)
{
	uint8_t header[MESSAGE_FRAME_HEADER_LEN];
	ev_ssize_t have = evbuffer_copyout(input, header, sizeof(header));
	uint32_t announced;
	long len;

	if (have < (ev_ssize_t)sizeof(header))
		return 0;
	len = message_frame_length(header, sizeof(header), channel->receive_max);
	if (len < 0) {
		memcpy(&announced, header, sizeof(announced));
		channel_end(channel, "message of %u bytes, 1 to %zu are allowed", ntohl(announced),
			    channel->receive_max);
		return 0;
	}
	if (evbuffer_get_length(input) < sizeof(header) + (size_t)len)
		return 0;
	return (size_t)len;
}

/* What is taken from the buffer is wiped there, because it may be a key. */
static Covey__Message *take_message(struct evbuffer *input, size_t len)
{
	size_t frame_len = MESSAGE_FRAME_HEADER_LEN + len;
	uint8_t *frame = evbuffer_pullup(input, (ev_ssize_t)frame_len);
	Covey__Message *message = NULL;

	if (frame) {
		message = message_decode(frame + MESSAGE_FRAME_HEADER_LEN, len);
		explicit_bzero(frame, frame_len);
	}
	evbuffer_drain(input, frame_len);
	return message;
}

static bool receive_one(struct channel *channel, struct evbuffer *input)
{
	size_t len = next_message(channel, input);
	Covey__Message *message;

	if (len == 0)
		return false;
	message = take_message(input, len);
	if (!message) {
		channel_end(channel, "%zu bytes that are not a valid message", len);
		return false;
	}
	channel->greeted = true;
	channel_arm(channel, &channel->tls->deadlines.silence);
	channel_enter(channel);
	channel->handlers.received(channel, message, channel->arg);
	message_free(message);
	return channel_leave(channel);
}

void channel_receive(struct channel *channel)
{
	struct evbuffer *input = bufferevent_get_input(channel->bufferevent);

	if (channel->state == CHANNEL_FLUSHING || channel->state == CHANNEL_LINGERING)
		evbuffer_drain(input, evbuffer_get_length(input));
	while (channel->state == CHANNEL_OPEN && receive_one(channel, input))
		continue;
}
