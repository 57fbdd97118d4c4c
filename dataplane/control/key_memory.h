/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Memory for keys, and how to compare them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Zeroed pages that are locked (as far as RLIMIT_MEMLOCK allows), in no core dump and in no child.
 * NULL when out of memory.
 */
void *key_memory_alloc(size_t size);
/*
 * Address space for many keys: zeroed, aligned to KEY_MEMORY_HUGE, in no core dump and in no child.
 * size is a multiple of KEY_MEMORY_HUGE. The kernel gives it memory page by page, as it is touched.
 * NULL when out of address space.
 */
#define KEY_MEMORY_HUGE (2u << 20)
void *key_memory_reserve(size_t size);
/* Ask for huge pages where no page was touched yet. The system gives those that it has free. */
void key_memory_prefer_huge(void *memory, size_t size);
/* Lock a part of it, which gives it memory. */
void key_memory_lock(void *start, size_t size);
/* Unmap what key_memory_reserve(size) gave; what was touched has been wiped. NULL-safe. */
void key_memory_release(void *memory, size_t size);

/* Wipe and unmap what key_memory_alloc(size) gave. NULL-safe. */
void key_memory_free(void *memory, size_t size);

/* Equal? In constant time. */
static inline bool constant_time_equal(const uint8_t *a, const uint8_t *b, size_t size)
{
	uint8_t difference = 0;

	for (size_t i = 0; i < size; i++)
		difference |= a[i] ^ b[i];
	/* Keeps the compiler from leaving the loop early. */
	__asm__ volatile("" : "+r"(difference));
	return difference == 0;
}
