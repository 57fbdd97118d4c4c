/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Memory for keys, and how to compare them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Zeroed pages. They are locked (as far as RLIMIT_MEMLOCK allows), and neither in core dumps nor in
 * child processes. NULL when out of memory.
 */
void *key_memory_alloc(size_t size);
/*
 * Address space for many keys. It is zeroed, aligned to KEY_MEMORY_HUGE, and neither in core dumps
 * nor in child processes. size must be a multiple of KEY_MEMORY_HUGE. The kernel adds memory page
 * by page when a page is first used. NULL when out of address space.
 */
#define KEY_MEMORY_HUGE (2u << 20)
void *key_memory_reserve(size_t size);
/* Ask for huge pages where no page was used yet. The kernel gives as many as it has free. */
void key_memory_prefer_huge(void *memory, size_t size);
/* Lock a part of it. The kernel then adds the memory of that part. */
void key_memory_lock(void *start, size_t size);
/* Unmap what key_memory_reserve(size) returned. The caller has wiped all that was written to it.
 * NULL-safe. */
void key_memory_release(void *memory, size_t size);

/* Wipe and unmap what key_memory_alloc(size) returned. NULL-safe. */
void key_memory_free(void *memory, size_t size);

/* Are both equal? Takes the same time for any content. */
static inline bool constant_time_equal(const uint8_t *a, const uint8_t *b, size_t size)
{
	uint8_t difference = 0;

	for (size_t i = 0; i < size; i++)
		difference |= a[i] ^ b[i];
	/* Keeps the compiler from leaving the loop early. */
	__asm__ volatile("" : "+r"(difference));
	return difference == 0;
}
