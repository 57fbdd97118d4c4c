/* SPDX-License-Identifier: BSD-3-Clause */
#include "variants_private.h"
#include <string.h>

#define LINES_MAX 256u

struct lines {
	size_t starts[LINES_MAX + 1]; /* and where the last one ends */
	unsigned count;
};

static void read_lines(const struct variant *variant, struct lines *lines)
{
	size_t at = 0;

	lines->count = 0;
	while (at < variant->len && lines->count < LINES_MAX) {
		const uint8_t *end = memchr(variant->bytes + at, '\n', variant->len - at);

		lines->starts[lines->count++] = at;
		at = end ? (size_t)(end + 1 - variant->bytes) : variant->len;
	}
	lines->starts[lines->count] = at;
}

static bool is_of_word(uint8_t byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
	       (byte >= 'A' && byte <= 'Z') || byte == '_' || byte == '.';
}

/* A word at or behind a place that is drawn; returns its length, 0 without one. */
static size_t find_word(struct variant *variant, size_t *ret_at)
{
	size_t at = variant_draw(variant, variant->len), end;

	while (at < variant->len && !is_of_word(variant->bytes[at]))
		at++;
	while (at > 0 && at < variant->len && is_of_word(variant->bytes[at - 1]))
		at--;
	for (end = at; end < variant->len && is_of_word(variant->bytes[end]); end++)
		;
	*ret_at = at;
	return end - at;
}

static void change_word(struct variant *variant)
{
	size_t at, from, len = find_word(variant, &at), other = find_word(variant, &from);

	if (len && other)
		variant_splice(variant, at, len, variant->bytes + from, other);
}

/* Deeper in, or less deep. */
static void change_indent(struct variant *variant, size_t at)
{
	if (variant_draw(variant, 2))
		variant_splice(variant, at, 0, (const uint8_t *)"    ",
			       1 + variant_draw(variant, 4));
	else if (at < variant->len && variant->bytes[at] == ' ')
		variant_splice(variant, at, 1, NULL, 0);
}

void variant_change_lines(struct variant *variant)
{
	struct lines lines;
	unsigned one, other;
	size_t len;

	read_lines(variant, &lines);
	one = variant_draw(variant, lines.count), other = variant_draw(variant, lines.count);
	len = lines.starts[one + 1] - lines.starts[one];
	switch (variant_draw(variant, 10)) {
	case 0:
		if (lines.count > 1)
			variant_splice(variant, lines.starts[one], len, NULL, 0);
		return;
	case 1:
	case 2:
		variant_splice(variant, lines.starts[other], 0, variant->bytes + lines.starts[one],
			       len);
		return;
	case 3:
		change_indent(variant, lines.starts[one]);
		return;
	case 4:
		variant_change_bytes(variant);
		return;
	case 5:
	case 6:
		variant_change_place(variant);
		return;
	default:
		change_word(variant);
	}
}

void variant_change_words(struct variant *variant)
{
	uint32_t what = variant_draw(variant, 8);

	if (what < 4)
		change_word(variant);
	else if (what < 7)
		variant_change_place(variant);
	else
		variant_change_bytes(variant);
}
