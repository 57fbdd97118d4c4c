/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Many executions from one input: the input as it is, and variants of it, each with some changes. A
 * generator makes these, and its seed is the input: so the same input always has the same variants,
 * and a find is one file as ever. To choose and to measure an input costs more than most of what is
 * done with it, and this spreads that cost.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an input is: how to change it so that most of its variants are read beyond their beginning.
 */
enum variants_of {
	VARIANTS_OF_BYTES,  /* anything */
	VARIANTS_OF_PLACES, /* parts have their places, so the length stays */
	VARIANTS_OF_DER,    /* elements within elements, whose lengths are put right */
	VARIANTS_OF_LINES,  /* text in lines */
	VARIANTS_OF_WORDS,  /* text in one line */
};

/* Of longer inputs there are no variants. */
#define VARIANTS_BYTES_MAX 8192u

/*
 * The input, for number 0, or one of its variants. Its memory ends where it does; to be freed. NULL
 * when this variant is the input once more.
 */
uint8_t *variants_make(enum variants_of kind, const uint8_t *data, size_t size, unsigned number,
		       size_t *ret_size);

/*
 * Give the input, and then `count` variants, to each(). Returns how many each() counted: it returns
 * 1, or 0 for one that did not even get to the code that is tried.
 */
unsigned variants_try(enum variants_of kind, const uint8_t *data, size_t size, unsigned count,
		      unsigned (*each)(const uint8_t *data, size_t size));

/* Put one of its variants in the input's place, as a mutator does: so one that reached something
 * new can become an input itself. Returns the new size, at most max. */
size_t variants_become(enum variants_of kind, uint8_t *data, size_t size, size_t max,
		       unsigned count, unsigned seed);
