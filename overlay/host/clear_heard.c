/* SPDX-License-Identifier: BSD-3-Clause */

#include "clear_heard.h"

#include <stdlib.h>
#include <string.h>

/* packets: those that clear_heard_take() has given out, once it was called. */
struct round {
	struct effects_heard list[EFFECTS_HEARD_MAX];
	size_t count;
	bool incomplete;
};

struct clear_heard {
	struct round rounds[2];
	unsigned now;              /* the one that is being filled */
	struct effects_heard last; /* the last one that was given out */
};

struct clear_heard *clear_heard_new(void)
{
	return calloc(1, sizeof(struct clear_heard));
}

void clear_heard_free(struct clear_heard *heard)
{
	free(heard);
}

void clear_heard_add(struct clear_heard *heard, const struct covey_addr *address, uint32_t vni,
		     uint64_t packets)
{
	struct round *round = &heard->rounds[heard->now];

	if (round->count < EFFECTS_HEARD_MAX)
		round->list[round->count++] = (struct effects_heard){*address, vni, packets};
	else
		round->incomplete = true;
}

void clear_heard_incomplete(struct clear_heard *heard)
{
	heard->rounds[heard->now].incomplete = true;
}

static int compare(const void *a, const void *b)
{
	const struct effects_heard *left = a, *right = b;
	int order = left->address.family - right->address.family;

	if (order == 0)
		order = memcmp(left->address.bytes, right->address.bytes,
			       sizeof(left->address.bytes));
	return order ? order : (left->vni > right->vni) - (left->vni < right->vni);
}

/* A counter that is lower than before has begun anew. */
static uint64_t more_than_before(const struct round *before, const struct effects_heard *now)
{
	const struct effects_heard *then =
		bsearch(now, before->list, before->count, sizeof(*now), compare);

	return then && then->packets <= now->packets ? now->packets - then->packets : now->packets;
}

/* Those behind the last one that was given out come first, so that everybody's turn comes. */
static size_t first_of(const struct clear_heard *heard, const struct round *round)
{
	size_t first = 0;

	while (first < round->count && compare(&round->list[first], &heard->last) <= 0)
		first++;
	return first;
}

void clear_heard_take(struct clear_heard *heard, size_t max, struct effects_heard_all *ret_all)
{
	struct round *now = &heard->rounds[heard->now], *before = &heard->rounds[!heard->now];
	size_t first;

	qsort(now->list, now->count, sizeof(now->list[0]), compare);
	first = first_of(heard, now);
	ret_all->incomplete = now->incomplete;
	ret_all->count = 0;
	for (size_t i = 0; i < now->count; i++) {
		struct effects_heard *sender = &now->list[(first + i) % now->count];
		struct effects_heard *entry = &ret_all->list[ret_all->count];
		uint64_t packets = more_than_before(before, sender);

		if (packets == 0)
			continue;
		*entry = *sender;
		if (ret_all->count++ < max) {
			heard->last = *sender;
			entry->packets = packets;
		} else { /* next time */
			sender->packets -= packets;
			entry->packets = 0;
		}
	}
	before->count = 0;
	before->incomplete = false;
	heard->now = !heard->now;
}
