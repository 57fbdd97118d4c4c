/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A heartbeat takes a quarter of a megabyte, and who shows windows takes many, and gives it back at
 * once; getting that from the system each time would be most of what a fuzzer does. The one block
 * of that size is kept. It has its guarded ends as any other. No fuzzer's dataplane fills more than
 * the beginning of what it is given: that is cleared.
 */

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define BIG   (64u << 10)
#define DIRTY (320u << 10)

void *__real_calloc(size_t count, size_t size);
void __real_free(void *memory);
void *__wrap_calloc(size_t count, size_t size);
void __wrap_free(void *memory);

static struct block {
	void *memory;
	size_t size;
	int is_lent;
} blocks[4];

static void *lend(struct block *block)
{
	memset(block->memory, 0, block->size < DIRTY ? block->size : DIRTY);
	block->is_lent = 1;
	return block->memory;
}

void *__wrap_calloc(size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes) || bytes < BIG)
		return __real_calloc(count, size);
	for (struct block *block = blocks; block < blocks + 4; block++) {
		if (!block->memory) {
			block->memory = __real_calloc(1, bytes);
			block->size = bytes;
		}
		if (block->memory && block->size == bytes && !block->is_lent)
			return lend(block);
	}
	return __real_calloc(count, size);
}

void __wrap_free(void *memory)
{
	for (struct block *block = blocks; memory && block < blocks + 4; block++) {
		if (memory == block->memory) {
			block->is_lent = 0;
			return;
		}
	}
	__real_free(memory);
}
