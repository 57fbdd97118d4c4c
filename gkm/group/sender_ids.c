/* SPDX-License-Identifier: BSD-3-Clause */
#include "sender_ids.h"

#include <covey/limits.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Lower than every SPI. It stands for: was given up, and was used with no SA of this instance. */
#define SPI_NONE 1u

void sender_ids_free(struct sender_ids *ids)
{
	for (size_t i = 0; i < ids->count; i++)
		free(ids->holders[i].identity);
	free(ids->holders);
	*ids = (struct sender_ids){0};
}

/* FNV-1a. It needs no protection: a collision only costs one strcmp(). */
static uint32_t digest_of(const char *identity)
{
	uint32_t digest = 2166136261u;

	for (; *identity; identity++)
		digest = (digest ^ (uint8_t)*identity) * 16777619u;
	return digest;
}

/* The index at which sender_id is, or would be inserted. */
static size_t position(const struct sender_ids *ids, uint16_t sender_id)
{
	size_t low = 0;
	size_t high = ids->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ids->holders[middle].sender_id < sender_id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct sender_id_holder *sender_ids_holder(const struct sender_ids *ids, uint16_t sender_id)
{
	size_t at = position(ids, sender_id);

	if (at == ids->count || ids->holders[at].sender_id != sender_id)
		return NULL;
	return &ids->holders[at];
}

/* The index of the identity's binding to another SenderID than this one; ids->count when there is
 * none. */
static size_t find_bound(const struct sender_ids *ids, const char *identity, uint16_t but)
{
	uint32_t digest = digest_of(identity);
	size_t i;

	for (i = 0; i < ids->count; i++) {
		const struct sender_id_holder *holder = &ids->holders[i];

		if (holder->digest == digest && !holder->former_until_spi &&
		    holder->sender_id != but && strcmp(holder->identity, identity) == 0)
			break;
	}
	return i;
}

uint16_t sender_ids_find(const struct sender_ids *ids, const char *identity)
{
	size_t at = find_bound(ids, identity, 0);

	return at < ids->count ? ids->holders[at].sender_id : 0;
}

static void remove_at(struct sender_ids *ids, size_t at)
{
	free(ids->holders[at].identity);
	ids->count--;
	memmove(&ids->holders[at], &ids->holders[at + 1],
		(ids->count - at) * sizeof(*ids->holders));
}

static int grow(struct sender_ids *ids)
{
	size_t capacity = ids->capacity ? ids->capacity * 2 : 16;
	struct sender_id_holder *holders;

	if (ids->count < ids->capacity)
		return 0;
	holders = reallocarray(ids->holders, capacity, sizeof(*holders));
	if (!holders)
		return -ENOMEM;
	ids->holders = holders;
	ids->capacity = capacity;
	return 0;
}

static int insert(struct sender_ids *ids, const char *identity, uint16_t sender_id)
{
	size_t at = position(ids, sender_id);
	char *copy;

	if (grow(ids) < 0)
		return -ENOMEM;
	copy = strdup(identity);
	if (!copy)
		return -ENOMEM;
	memmove(&ids->holders[at + 1], &ids->holders[at],
		(ids->count - at) * sizeof(*ids->holders));
	ids->holders[at] = (struct sender_id_holder){
		.identity = copy, .digest = digest_of(identity), .sender_id = sender_id};
	ids->count++;
	return 0;
}

/* Give up what the identity had before it got sender_id. */
static void give_up(struct sender_ids *ids, const char *identity, uint16_t sender_id,
		    uint32_t used_until_spi)
{
	size_t at = find_bound(ids, identity, sender_id);

	if (at == ids->count)
		return;
	if (!used_until_spi && !ids->keeps) {
		remove_at(ids, at);
		return;
	}
	ids->holders[at].former_until_spi = used_until_spi ? used_until_spi : SPI_NONE;
	ids->holders[at].kept = ids->keeps;
}

int sender_ids_bind(struct sender_ids *ids, const char *identity, uint16_t sender_id,
		    uint32_t used_until_spi)
{
	size_t at = position(ids, sender_id);
	int status;

	if (at < ids->count && ids->holders[at].sender_id == sender_id) {
		if (strcmp(ids->holders[at].identity, identity) != 0)
			return -EEXIST;
		give_up(ids, identity, sender_id, used_until_spi);
		at = position(ids, sender_id);
		ids->holders[at].former_until_spi = 0;
		ids->holders[at].kept = false;
		return 0;
	}
	status = insert(ids, identity, sender_id);
	if (status < 0)
		return status;
	give_up(ids, identity, sender_id, used_until_spi);
	return 0;
}

void sender_ids_unbind(struct sender_ids *ids, const char *identity, uint16_t sender_id)
{
	size_t at = position(ids, sender_id);

	if (at < ids->count && ids->holders[at].sender_id == sender_id &&
	    strcmp(ids->holders[at].identity, identity) == 0)
		remove_at(ids, at);
}

int sender_ids_keep(struct sender_ids *ids, const char *identity, uint16_t sender_id)
{
	int status;

	if (sender_ids_holder(ids, sender_id))
		return -EEXIST;
	status = insert(ids, identity, sender_id);
	if (status == 0) {
		ids->holders[position(ids, sender_id)].former_until_spi = SPI_NONE;
		ids->holders[position(ids, sender_id)].kept = true;
	}
	return status;
}

void sender_ids_stop_keeping(struct sender_ids *ids)
{
	ids->keeps = false;
	for (size_t i = 0; i < ids->count; i++)
		ids->holders[i].kept = false;
}

void sender_ids_release(struct sender_ids *ids, uint32_t lowest_spi)
{
	for (size_t i = ids->count; i-- > 0;) {
		uint32_t until = ids->holders[i].former_until_spi;

		if (until && until < lowest_spi && !ids->holders[i].kept)
			remove_at(ids, i);
	}
}

/* Does the table have this candidate? Candidates rise from call to call, and *at moves up with
 * them. */
static bool has_next(const struct sender_ids *ids, size_t *at, uint32_t candidate)
{
	while (*at < ids->count && ids->holders[*at].sender_id < candidate)
		(*at)++;
	return *at < ids->count && ids->holders[*at].sender_id == candidate;
}

/* The lowest SenderID that is in no table; 0 when there is none. All tables are sorted, so one pass
 * is enough. */
static uint16_t lowest_free(const struct sender_ids *ids, const struct sender_ids *reserved,
			    const struct sender_ids *requested)
{
	size_t i = 0, j = 0, k = 0;

	for (uint32_t candidate = COVEY_SENDER_ID_MIN; candidate <= COVEY_SENDER_ID_MAX;
	     candidate++)
		if (!has_next(ids, &i, candidate) && !has_next(reserved, &j, candidate) &&
		    !has_next(requested, &k, candidate))
			return (uint16_t)candidate;
	return 0;
}

static const struct sender_id_holder *other_holder(const struct sender_ids *ids, uint16_t sender_id,
						   const char *identity)
{
	const struct sender_id_holder *holder = sender_ids_holder(ids, sender_id);

	return holder && strcmp(holder->identity, identity) != 0 ? holder : NULL;
}

struct sender_id_choice sender_id_choose(const struct sender_ids *ids,
					 const struct sender_ids *reserved,
					 const struct sender_ids *requested, const char *identity,
					 uint16_t certificate, uint16_t fixed)
{
	struct sender_id_choice choice = {.verdict = SENDER_ID_NEW,
					  .sender_id = certificate ? certificate : fixed,
					  .by_certificate = certificate != 0};
	const struct sender_id_holder *other = NULL;
	uint16_t bound = sender_ids_find(ids, identity);

	if (choice.sender_id) {
		other = other_holder(ids, choice.sender_id, identity);
		if (!other)
			other = other_holder(reserved, choice.sender_id, identity);
		if (!other)
			other = other_holder(requested, choice.sender_id, identity);
		if (other) {
			choice.verdict = SENDER_ID_CONFLICT;
			choice.holder = other->identity;
			return choice;
		}
	} else {
		choice.sender_id = bound ? bound : lowest_free(ids, reserved, requested);
	}
	if (choice.sender_id == 0)
		choice.verdict = SENDER_ID_EXHAUSTED;
	else if (choice.sender_id == bound)
		choice.verdict = SENDER_ID_KNOWN;
	return choice;
}
