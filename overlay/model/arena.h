/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Memory that is freed all at once: everything that lives as long as one reading of an inventory.
 */

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks;
};

/* Zeroed memory for any type, or NULL. */
void *arena_alloc(struct arena *arena, size_t size);

/* A copy with a final zero, or NULL. */
char *arena_copy(struct arena *arena, const char *text, size_t len);

void arena_free(struct arena *arena);
