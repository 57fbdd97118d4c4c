/* SPDX-License-Identifier: BSD-3-Clause */
#include "variants.h"
#include "must.h"
#include "variants_private.h"
#include <string.h>

#define CHANGES_MAX 4u

/* FNV-1a over words: it need not be good, but quick. */
static uint64_t seed_of(const uint8_t *data, size_t size, unsigned number)
{
	uint64_t hash = UINT64_C(14695981039346656037) + number, word = 0;

	for (; size >= sizeof(word); data += sizeof(word), size -= sizeof(word)) {
		memcpy(&word, data, sizeof(word));
		hash = (hash ^ word) * UINT64_C(1099511628211);
		hash ^= hash >> 29;
	}
	word = 0;
	memcpy(&word, data, size);
	return (hash ^ word) * UINT64_C(1099511628211);
}

/* --- bytes ----------------------------------------------------------------------------------- */

bool variant_splice(struct variant *variant, size_t at, size_t old, const uint8_t *bytes,
		    size_t len)
{
	uint8_t copy[sizeof(variant->bytes)];

	if (variant->len - old + len > VARIANTS_BYTES_MAX)
		return false;
	if (len)
		memcpy(copy, bytes, len); /* they may lie in the variant itself */
	memmove(variant->bytes + at + len, variant->bytes + at + old, variant->len - at - old);
	if (len)
		memcpy(variant->bytes + at, copy, len);
	variant->len += len - old;
	return true;
}

void variant_change_byte(struct variant *variant, uint8_t *byte)
{
	static const uint8_t often[] = {0,   1,   0x7f, 0x80, 0xff, ' ', '\n', '"',
					'0', '9', 'a',  'z',  '/',  '.', ':',  '-'};

	switch (variant_draw(variant, 4)) {
	case 0:
		*byte ^= (uint8_t)(1u << variant_draw(variant, 8));
		return;
	case 1:
		*byte = (uint8_t)(*byte + variant_draw(variant, 7) - 3);
		return;
	case 2:
		*byte = often[variant_draw(variant, sizeof(often))];
		return;
	default:
		*byte = (uint8_t)variant_draw(variant, 256);
	}
}

/* A number of 2, 4 or 8 bytes, or one byte. */
void variant_change_place(struct variant *variant)
{
	size_t at = variant_draw(variant, variant->len),
	       len = (size_t)1 << variant_draw(variant, 4);
	uint64_t number = variant_draw(variant, 2) ? 0 : UINT64_MAX;

	if (variant_draw(variant, 4) || at + len > variant->len) {
		variant_change_byte(variant, variant->bytes + at);
		return;
	}
	number = variant_draw(variant, 2) ? number : (uint64_t)1 << variant_draw(variant, 64);
	memcpy(variant->bytes + at, &number, len);
}

static size_t piece(struct variant *variant, size_t *ret_at)
{
	size_t at = variant_draw(variant, variant->len), most = variant->len - at;

	*ret_at = at;
	return 1 + variant_draw(variant, most < VARIANT_PIECE_MAX ? most : VARIANT_PIECE_MAX);
}

void variant_change_bytes(struct variant *variant)
{
	uint8_t fresh[8];
	size_t from, len, to = variant_draw(variant, variant->len + 1);

	switch (variant_draw(variant, 8)) {
	case 0: /* less */
		len = piece(variant, &from);
		variant_splice(variant, from, len < variant->len ? len : 0, NULL, 0);
		return;
	case 1: /* twice */
		len = piece(variant, &from);
		variant_splice(variant, to, 0, variant->bytes + from, len);
		return;
	case 2: /* in another's place */
		len = piece(variant, &from);
		if (to + len <= variant->len)
			memmove(variant->bytes + to, variant->bytes + from, len);
		return;
	case 3: /* more */
		for (size_t i = 0; i < sizeof(fresh); i++)
			fresh[i] = (uint8_t)variant_draw(variant, 256);
		variant_splice(variant, to, 0, fresh, 1 + variant_draw(variant, sizeof(fresh)));
		return;
	default:
		variant_change_place(variant);
	}
}

/* --- all ------------------------------------------------------------------------------------- */

/* Returns whether it is another one. */
static bool change(enum variants_of kind, const uint8_t *data, size_t size, unsigned number,
		   struct variant *variant)
{
	static void (*const ways[])(struct variant *) = {
		[VARIANTS_OF_BYTES] = variant_change_bytes,
		[VARIANTS_OF_PLACES] = variant_change_place,
		[VARIANTS_OF_DER] = variant_change_der,
		[VARIANTS_OF_LINES] = variant_change_lines,
		[VARIANTS_OF_WORDS] = variant_change_words,
	};
	unsigned changes;

	if (size == 0 || size > VARIANTS_BYTES_MAX)
		return false;
	memcpy(variant->bytes, data, size);
	variant->len = size;
	variant->random.state = seed_of(data, size, number);
	changes =
		1 + variant_draw(variant, 1 + variant_draw(variant, CHANGES_MAX)); /* few, mostly */
	for (unsigned i = 0; i < changes && variant->len; i++)
		ways[kind](variant);
	return variant->len != size || memcmp(variant->bytes, data, size) != 0;
}

static uint8_t *copy(const uint8_t *data, size_t size)
{
	uint8_t *bytes = malloc(size ? size : 1);

	must(bytes);
	if (size)
		memcpy(bytes, data, size);
	return bytes;
}

uint8_t *variants_make(enum variants_of kind, const uint8_t *data, size_t size, unsigned number,
		       size_t *ret_size)
{
	static struct variant variant;

	if (number && !change(kind, data, size, number, &variant))
		return NULL;
	*ret_size = number ? variant.len : size;
	return number ? copy(variant.bytes, variant.len) : copy(data, size);
}

unsigned variants_try(enum variants_of kind, const uint8_t *data, size_t size, unsigned count,
		      unsigned (*each)(const uint8_t *data, size_t size))
{
	unsigned counted = 0;

	for (unsigned i = 0; i <= count; i++) {
		size_t len = 0;
		uint8_t *bytes = variants_make(kind, data, size, i, &len);

		counted += bytes ? each(bytes, len) : 0;
		free(bytes);
	}
	return counted;
}

size_t variants_become(enum variants_of kind, uint8_t *data, size_t size, size_t max,
		       unsigned count, unsigned seed)
{
	static struct variant variant;

	if (!change(kind, data, size, 1 + seed % count, &variant) || variant.len > max)
		return size;
	memcpy(data, variant.bytes, variant.len);
	return variant.len;
}
