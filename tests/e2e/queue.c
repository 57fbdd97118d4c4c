/* SPDX-License-Identifier: BSD-3-Clause */
#include "queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int queue_add(struct queue *queue, uint64_t due_ns, const uint8_t *bytes, size_t len)
{
	struct queued **at = &queue->first, *frame;

	if (len > QUEUE_FRAME_MAX)
		return -EMSGSIZE;
	if (queue->count == QUEUE_MAX)
		return -ENOSPC;
	frame = malloc(sizeof(*frame));
	if (!frame)
		return -ENOMEM;
	while (*at && (*at)->due_ns <= due_ns)
		at = &(*at)->next;
	frame->next = *at;
	frame->due_ns = due_ns;
	frame->len = len;
	memcpy(frame->bytes, bytes, len);
	*at = frame;
	queue->count++;
	return 0;
}

struct queued *queue_take(struct queue *queue, uint64_t now_ns)
{
	struct queued *frame = queue->first;

	if (!frame || frame->due_ns > now_ns)
		return NULL;
	queue->first = frame->next;
	queue->count--;
	return frame;
}

void queue_free(struct queue *queue)
{
	struct queued *frame;

	while ((frame = queue_take(queue, UINT64_MAX)))
		free(frame);
}
