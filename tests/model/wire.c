/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire.h"

#include <secret.h>
#include <stdlib.h>

static void put(struct world *world, struct queue *queue, const Covey__Message *message, size_t max)
{
	struct frame *frame = calloc(1, sizeof(*frame));

	if (message_encode(message, max, &frame->data, &frame->len) < 0) {
		world_violate(world, "protocol: %s cannot be encoded", message_name(message));
		free(frame);
		return;
	}
	frame->sent_at = world->now;
	if (queue->last)
		queue->last->next = frame;
	else
		queue->first = frame;
	queue->last = frame;
}

void wire_down(struct world *world, unsigned host, const Covey__Message *message)
{
	struct wire *wire = &world->hosts[host].wire;

	if (wire->host_end)
		put(world, &wire->down, message, COVEY_MESSAGE_TO_MEMBER_MAX);
}

void wire_up(struct world *world, unsigned host, const Covey__Message *message)
{
	struct wire *wire = &world->hosts[host].wire;

	if (wire->gkm_end)
		put(world, &wire->up, message, COVEY_MESSAGE_TO_GKM_MAX);
}

Covey__Message *wire_look(const struct queue *queue)
{
	const struct frame *frame = queue->first;

	if (!frame)
		return NULL;
	return message_decode(frame->data + MESSAGE_FRAME_HEADER_LEN,
			      frame->len - MESSAGE_FRAME_HEADER_LEN);
}

static void drop_first(struct queue *queue)
{
	struct frame *frame = queue->first;

	queue->first = frame->next;
	if (!queue->first)
		queue->last = NULL;
	secret_free(frame->data);
	free(frame);
}

Covey__Message *wire_take(struct queue *queue)
{
	Covey__Message *message = wire_look(queue);

	if (message)
		drop_first(queue);
	return message;
}

void wire_clear(struct queue *queue)
{
	while (queue->first)
		drop_first(queue);
}
