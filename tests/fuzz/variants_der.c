/* SPDX-License-Identifier: BSD-3-Clause */
#include "variants_private.h"
#include <string.h>

#define ELEMENTS_MAX 192u
#define DEPTH_MAX    12u

/* DER as X.690 has it, so far as certificates need it. */
struct element {
	size_t start;
	size_t header;
	size_t len; /* of what is in it */
	unsigned depth;
	bool constructed;
};

struct tree {
	struct element list[ELEMENTS_MAX];
	unsigned count;
};

/* Returns how many bytes tag and length take, 0 when they are not to be read. */
static size_t read_header(const uint8_t *at, size_t size, size_t *ret_len)
{
	size_t len = 0, bytes;

	if (size < 2 || (at[0] & 0x1f) == 0x1f)
		return 0;
	bytes = at[1] & 0x80 ? at[1] & 0x7f : 0;
	if (bytes > 2 || size < 2 + bytes || at[1] == 0x80)
		return 0;
	for (size_t i = 0; i < bytes; i++)
		len = len << 8 | at[2 + i];
	len = bytes ? len : at[1];
	if (len > size - 2 - bytes)
		return 0;
	*ret_len = len;
	return 2 + bytes;
}

/* All elements between two places; an octet string may hold some, too. */
static void read_elements(const struct variant *variant, size_t at, size_t end, unsigned depth,
			  struct tree *tree)
{
	while (at < end && tree->count < ELEMENTS_MAX && depth < DEPTH_MAX) {
		struct element *element = &tree->list[tree->count];
		uint8_t tag = variant->bytes[at];

		element->header = read_header(variant->bytes + at, end - at, &element->len);
		if (!element->header)
			return;
		element->start = at;
		element->depth = depth;
		element->constructed = tag & 0x20;
		tree->count++;
		at += element->header;
		if (element->constructed || (tag == 0x04 && element->len > 2))
			read_elements(variant, at, at + element->len, depth + 1, tree);
		at += element->len;
	}
}

static size_t make_header(uint8_t *header, uint8_t tag, size_t len)
{
	header[0] = tag;
	if (len < 0x80) {
		header[1] = (uint8_t)len;
		return 2;
	}
	if (len < 0x100) {
		header[1] = 0x81;
		header[2] = (uint8_t)len;
		return 3;
	}
	header[1] = 0x82;
	header[2] = (uint8_t)(len >> 8);
	header[3] = (uint8_t)len;
	return 4;
}

/* What lies around an element has become longer by so much, or shorter. */
static void put_lengths_right(struct variant *variant, const struct tree *tree, unsigned index,
			      ptrdiff_t grown)
{
	unsigned depth = tree->list[index].depth;

	while (index-- > 0 && depth > 0) {
		const struct element *around = &tree->list[index];
		uint8_t header[4];
		size_t len;

		if (around->depth >= depth)
			continue;
		depth = around->depth;
		len = make_header(header, variant->bytes[around->start],
				  (size_t)((ptrdiff_t)around->len + grown));
		if (!variant_splice(variant, around->start, around->header, header, len))
			return;
		grown += (ptrdiff_t)len - (ptrdiff_t)around->header;
	}
}

/* Put bytes in the place of some that begin within an element, or just behind it. */
static void put(struct variant *variant, const struct tree *tree, unsigned index, size_t at,
		size_t old, const uint8_t *bytes, size_t len)
{
	if (variant_splice(variant, at, old, bytes, len))
		put_lengths_right(variant, tree, index, (ptrdiff_t)len - (ptrdiff_t)old);
}

/* Other contents, of another length. */
static void refill(struct variant *variant, const struct tree *tree, unsigned index)
{
	const struct element *element = &tree->list[index];
	uint8_t fresh[4 + VARIANT_PIECE_MAX],
		*contents = variant->bytes + element->start + element->header;
	size_t len = element->len < VARIANT_PIECE_MAX ? element->len : VARIANT_PIECE_MAX, header;

	if (element->len > VARIANT_PIECE_MAX)
		return;
	memcpy(fresh + 4, contents, len);
	if (len && variant_draw(variant, 2))
		len--;
	else if (len < VARIANT_PIECE_MAX)
		fresh[4 + len++] = (uint8_t)variant_draw(variant, 256);
	header = make_header(fresh, variant->bytes[element->start], len);
	memmove(fresh + header, fresh + 4, len);
	put(variant, tree, index, element->start, element->header + element->len, fresh,
	    header + len);
}

static void change_element(struct variant *variant, const struct tree *tree, unsigned index)
{
	const struct element *element = &tree->list[index];
	const struct element *other = &tree->list[variant_draw(variant, tree->count)];
	size_t whole = element->header + element->len;

	switch (variant_draw(variant, 16)) {
	case 0:
		variant_change_byte(variant, variant->bytes + element->start);
		return;
	case 1: /* gone */
		if (whole < variant->len)
			put(variant, tree, index, element->start, whole, NULL, 0);
		return;
	case 2: /* twice */
		put(variant, tree, index, element->start, 0, variant->bytes + element->start,
		    whole);
		return;
	case 3: /* another one in its place */
		put(variant, tree, index, element->start, whole, variant->bytes + other->start,
		    other->header + other->len);
		return;
	case 4:
	case 5:
	case 6:
		refill(variant, tree, index);
		return;
	default:
		if (element->len && !element->constructed)
			variant_change_byte(variant, variant->bytes + element->start +
							     element->header +
							     variant_draw(variant, element->len));
	}
}

void variant_change_der(struct variant *variant)
{
	static struct tree tree;

	tree.count = 0;
	read_elements(variant, 0, variant->len, 0, &tree);
	if (tree.count == 0 || variant_draw(variant, 16) == 0)
		variant_change_bytes(variant);
	else
		change_element(variant, &tree, variant_draw(variant, tree.count));
}
