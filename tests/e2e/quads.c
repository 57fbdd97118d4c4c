/* SPDX-License-Identifier: BSD-3-Clause */
#include "quads.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_FIRST (1u << 20) /* growing stops the world: begin large */

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

static uint64_t hash_bytes(const uint8_t *bytes, size_t len)
{
	uint64_t hash = len, word;

	for (; len >= sizeof(word); bytes += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		hash = mix(hash, word);
	}
	word = 0;
	memcpy(&word, bytes, len);
	hash = mix(hash, word);
	return hash ? hash : 1;
}

static uint64_t hash_quad(const struct quad *quad)
{
	uint64_t hash = mix(quad->esn, (uint64_t)quad->spi << 32 | (uint64_t)quad->sender_id << 16 |
					       quad->window_id);

	return mix(hash, hash >> 32);
}

static bool same_quad(const struct quad *a, const struct quad *b)
{
	return a->esn == b->esn && a->spi == b->spi && a->sender_id == b->sender_id &&
	       a->window_id == b->window_id;
}

/* The quadruple's slot, or the free one where it belongs. */
static struct quad *find(const struct quads *quads, const struct quad *quad)
{
	size_t at = hash_quad(quad) & (quads->size - 1);

	while (quads->slots[at].bytes && !same_quad(&quads->slots[at], quad))
		at = (at + 1) & (quads->size - 1);
	return &quads->slots[at];
}

static int grow(struct quads *quads)
{
	struct quads bigger = {.size = quads->size * 2, .count = quads->count};

	bigger.slots = calloc(bigger.size, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < quads->size; i++) {
		if (quads->slots[i].bytes)
			*find(&bigger, &quads->slots[i]) = quads->slots[i];
	}
	free(quads->slots);
	*quads = bigger;
	return 0;
}

int quads_init(struct quads *quads)
{
	struct quad *slots = calloc(SIZE_FIRST, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	*quads = (struct quads){.slots = slots, .size = SIZE_FIRST};
	return 0;
}

void quads_free(struct quads *quads)
{
	free(quads->slots);
	*quads = (struct quads){0};
}

int quads_note(struct quads *quads, uint32_t spi, uint16_t sender_id, uint16_t window_id,
	       uint64_t esn, const uint8_t *bytes, size_t len)
{
	struct quad quad = {.spi = spi,
			    .sender_id = sender_id,
			    .window_id = window_id,
			    .esn = esn,
			    .bytes = hash_bytes(bytes, len)};
	struct quad *slot;
	int err;

	if (quads->count * 2 >= quads->size) {
		err = grow(quads);
		if (err)
			return err;
	}
	slot = find(quads, &quad);
	if (slot->bytes)
		return slot->bytes == quad.bytes ? QUAD_SAME : QUAD_DIFFERENT;
	*slot = quad;
	quads->count++;
	return QUAD_NEW;
}
