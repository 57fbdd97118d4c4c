/* SPDX-License-Identifier: BSD-3-Clause */
#include "quads.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_FIRST (1u << 16)

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

/* The chunk's slot, or the free one where it belongs. */
static struct quads_chunk **find(const struct quads *quads, const struct quad *first)
{
	size_t at = hash_quad(first) & (quads->size - 1);

	while (quads->slots[at] && !same_quad(&quads->slots[at]->first, first))
		at = (at + 1) & (quads->size - 1);
	return &quads->slots[at];
}

static int grow(struct quads *quads)
{
	struct quads bigger = *quads;

	bigger.size *= 2;
	bigger.slots = calloc(bigger.size, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < quads->size; i++) {
		if (quads->slots[i])
			*find(&bigger, &quads->slots[i]->first) = quads->slots[i];
	}
	free(quads->slots);
	*quads = bigger;
	return 0;
}

/* NULL: no memory. */
static struct quads_chunk *chunk_of(struct quads *quads, const struct quad *first)
{
	struct quads_chunk **slot, *chunk;

	if (quads->chunk_count * 2 >= quads->size && grow(quads))
		return NULL;
	slot = find(quads, first);
	if (!*slot) {
		chunk = calloc(1, sizeof(*chunk));
		if (!chunk)
			return NULL;
		chunk->first = *first;
		*slot = chunk;
		quads->chunk_count++;
	}
	return *slot;
}

int quads_init(struct quads *quads)
{
	struct quads_chunk **slots = calloc(SIZE_FIRST, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	*quads = (struct quads){.slots = slots, .size = SIZE_FIRST};
	return 0;
}

void quads_free(struct quads *quads)
{
	for (size_t i = 0; i < quads->size; i++)
		free(quads->slots[i]);
	free(quads->slots);
	*quads = (struct quads){0};
}

int quads_note(struct quads *quads, uint32_t spi, uint16_t sender_id, uint16_t window_id,
	       uint64_t esn, const uint8_t *bytes, size_t len)
{
	struct quad first = {.spi = spi,
			     .sender_id = sender_id,
			     .window_id = window_id,
			     .esn = esn - esn % QUADS_PER_CHUNK};
	struct quads_chunk *chunk = chunk_of(quads, &first);
	uint64_t hash = hash_bytes(bytes, len);
	uint64_t *seen;

	if (!chunk)
		return -ENOMEM;
	seen = &chunk->bytes[esn % QUADS_PER_CHUNK];
	if (*seen)
		return *seen == hash ? QUAD_SAME : QUAD_DIFFERENT;
	*seen = hash;
	quads->count++;
	return QUAD_NEW;
}
