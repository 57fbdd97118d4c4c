/* SPDX-License-Identifier: BSD-3-Clause */
#include "floor_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void floor_table_free(struct floor_table *floors)
{
	if (!floors)
		return;
	for (size_t i = 0; i < floors->sender_count; i++)
		free(floors->senders[i].windows);
	free(floors->senders);
	free(floors);
}

/* The index at which the SenderID is, or would be inserted. */
static size_t sender_at(const struct floor_table *floors, uint16_t sender_id)
{
	size_t low = 0, high = floors->sender_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (floors->senders[middle].sender_id < sender_id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t window_at(const struct floor_sender *sender, uint16_t window_id)
{
	size_t low = 0, high = sender->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sender->windows[middle].window_id < window_id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct floor_sender *floor_sender_find(const struct floor_table *floors, uint16_t sender_id)
{
	size_t at = floors ? sender_at(floors, sender_id) : 0;

	if (!floors || at == floors->sender_count || floors->senders[at].sender_id != sender_id)
		return NULL;
	return &floors->senders[at];
}

struct floor_window *floor_window_find(const struct floor_sender *sender, uint16_t window_id)
{
	size_t at = sender ? window_at(sender, window_id) : 0;

	if (!sender || at == sender->count || sender->windows[at].window_id != window_id)
		return NULL;
	return &sender->windows[at];
}

/* The list with room for one more element. Its capacity doubles when it is full. NULL when there is
 * no memory; then the list does not change. */
static void *grow(void *list, size_t element, size_t count, size_t *capacity)
{
	size_t wanted = *capacity ? *capacity * 2 : 8;

	if (count < *capacity)
		return list;
	list = reallocarray(list, wanted, element);
	if (list)
		*capacity = wanted;
	return list;
}

struct floor_sender *floor_sender_need(struct floor_table *floors, uint16_t sender_id)
{
	struct floor_sender *sender = floor_sender_find(floors, sender_id);
	size_t at = sender_at(floors, sender_id);
	struct floor_sender *list;

	if (sender)
		return sender;
	list = grow(floors->senders, sizeof(*list), floors->sender_count, &floors->sender_capacity);
	if (!list)
		return NULL;
	floors->senders = list;
	sender = &list[at];
	memmove(sender + 1, sender, (floors->sender_count - at) * sizeof(*sender));
	*sender = (struct floor_sender){.sender_id = sender_id};
	floors->sender_count++;
	return sender;
}

int floor_window_add(struct floor_table *floors, struct floor_sender *sender,
		     struct floor_window window)
{
	size_t at = window_at(sender, window.window_id), capacity = sender->capacity;
	struct floor_window *list = grow(sender->windows, sizeof(window), sender->count, &capacity);

	if (!list)
		return -ENOMEM;
	sender->windows = list;
	sender->capacity = (uint16_t)capacity;
	memmove(&list[at + 1], &list[at], (sender->count - at) * sizeof(window));
	list[at] = window;
	sender->count++;
	floors->count++;
	return 0;
}
