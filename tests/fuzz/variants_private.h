/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What the kinds of variants share. */

#include "random.h"
#include "variants.h"

#define VARIANT_PIECE_MAX 32u

/* A variant that is being made. */
struct variant {
	uint8_t bytes[2 * VARIANTS_BYTES_MAX];
	size_t len;
	struct random random;
};

/* Below bound, which is not 0. */
static inline uint32_t variant_draw(struct variant *variant, size_t bound)
{
	return random_draw(&variant->random, (uint32_t)bound);
}

/* Put other bytes in the place of some, if there is room. Returns whether there was. */
bool variant_splice(struct variant *variant, size_t at, size_t old, const uint8_t *bytes,
		    size_t len);
void variant_change_byte(struct variant *variant, uint8_t *byte);

/* One change. */
void variant_change_place(struct variant *variant);
void variant_change_bytes(struct variant *variant);
void variant_change_der(struct variant *variant);
void variant_change_lines(struct variant *variant);
void variant_change_words(struct variant *variant);
