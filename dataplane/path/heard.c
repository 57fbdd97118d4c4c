/* SPDX-License-Identifier: BSD-3-Clause */
#include "heard.h"
#include <counter.h>
#include <covey/drop.h>
#include <stdlib.h>
#include <string.h>

#define TRIES 4

_Static_assert(sizeof(struct heard_place) == 64, "a place is one cache line");
_Static_assert(sizeof(struct heard_key) <= KEYED_HASH_BYTES_MAX, "all of a key is hashed");

struct heard *heard_new(const struct keyed_hash *secret, uint64_t kept)
{
	struct heard *heard = aligned_alloc(64, sizeof(*heard));

	if (!heard)
		return NULL;
	memset(heard, 0, sizeof(*heard));
	heard->secret = secret;
	heard->kept = kept;
	return heard;
}

void heard_free(struct heard *heard)
{
	free(heard);
}

struct heard_key heard_key_of(const uint8_t *address, bool ipv6, uint32_t vni, bool outbound)
{
	struct heard_key key = {
		.words[2] = vni | (uint64_t)ipv6 << 24 | (uint64_t)outbound << 25,
	};

	memcpy(key.words, address, ipv6 ? 16 : 4);
	return key;
}

/* --- writing -------------------------------------------------------------------------------- */

/* Each word is stored with release, and read with acquire: a reader that sees one of them also sees
 * that the sequence is odd, or has changed. */
static void put(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static void take(struct heard_place *place, const struct heard_key *key)
{
	put(&place->sequence, place->sequence + 1);
	for (unsigned i = 0; i < 3; i++)
		put(&place->key.words[i], key->words[i]);
	put(&place->packets, 0);
	put(&place->would_drop, 0);
	put(&place->reason, COVEY_DROP_COUNT);
	put(&place->sequence, place->sequence + 1);
}

/* Clocks of two cores may differ a little: what is a moment in the future is not old. */
static bool is_old(const struct heard *heard, const struct heard_place *place, uint64_t now)
{
	return now > place->seen && now - place->seen > heard->kept;
}

/* The key's place among those of a row. NULL when it has none. */
static struct heard_place *find(struct heard_place *row, const struct heard_key *key)
{
	for (uint32_t i = 0; i < HEARD_ROW; i++)
		if (row[i].sequence != 0 && heard_same(&row[i].key, key))
			return &row[i];
	return NULL;
}

/* How many places of a row may be taken, and the last of them. */
static uint32_t count_free(const struct heard *heard, struct heard_place *row, uint64_t now,
			   struct heard_place **ret_place)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < HEARD_ROW; i++)
		if (row[i].sequence == 0 || is_old(heard, &row[i], now)) {
			*ret_place = &row[i];
			count++;
		}
	return count;
}

/* Its own place, or another in the emptier one of its two rows: so nearly all places are used
 * before somebody finds none. NULL when both are full. */
static struct heard_place *find_or_take(struct heard *heard, const struct heard_key *key,
					uint64_t now)
{
	uint32_t hash = keyed_hash(heard->secret, (const uint8_t *)key->words, sizeof(key->words));
	struct heard_place *first = &heard->places[hash / HEARD_ROW * HEARD_ROW % HEARD_PLACES];
	struct heard_place *second = &heard->places[(hash >> 16) * HEARD_ROW % HEARD_PLACES];
	struct heard_place *place = find(first, key), *other = NULL;

	if (!place)
		place = find(second, key);
	if (place)
		return place;
	if (count_free(heard, first, now, &place) < count_free(heard, second, now, &other))
		place = other;
	if (place)
		take(place, key);
	return place;
}

bool heard_note(struct heard *heard, const struct heard_key *key, uint64_t reason, uint64_t now)
{
	struct heard_place *place = find_or_take(heard, key, now);

	if (!place)
		return false;
	put(&place->seen, now);
	if (reason != COVEY_DROP_COUNT) {
		put(&place->reason, reason);
		counter_add(&place->would_drop, 1);
	}
	put(&place->packets, place->packets + 1);
	return true;
}

/* --- reading -------------------------------------------------------------------------------- */

static uint64_t get(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static struct heard_place copy(const struct heard_place *place)
{
	return (struct heard_place){
		.sequence = get(&place->sequence),
		.key.words = {get(&place->key.words[0]), get(&place->key.words[1]),
			      get(&place->key.words[2])},
		.packets = get(&place->packets),
		.would_drop = get(&place->would_drop),
		.reason = get(&place->reason),
		.seen = get(&place->seen),
	};
}

bool heard_read(const struct heard *heard, uint32_t index, struct heard_place *ret_place)
{
	const struct heard_place *place = &heard->places[index];

	for (unsigned tries = 0; tries < TRIES; tries++) {
		uint64_t before = get(&place->sequence);
		struct heard_place read;

		if (before == 0)
			return false;
		read = copy(place);
		if (before % 2 != 0 || get(&place->sequence) != before)
			continue;
		*ret_place = read;
		return read.packets > 0;
	}
	return false;
}
