/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Memory for a library that allocates much: one block, given out from its beginning, all of it free
 * again when nothing is in use any more. So none is used twice before that, and whoever reads
 * beyond an allocation, or after it was freed, is seen by AddressSanitizer, as with its own
 * malloc(), which takes several times as long.
 */

#include <stddef.h>

/* NULL: what is asked for is huge. */
void *pool_take(size_t size);
void pool_give_back(void *memory);
void *pool_take_anew(void *memory, size_t size);
size_t pool_size_of(void *memory);
/* What is in use now stays in use. */
void pool_keep(void);
/* Nothing else is in use: what a library allocated for us was freed. */
void pool_check(void);
