/* SPDX-License-Identifier: BSD-3-Clause */
#include "pool.h"
#include "must.h"
#include <sanitizer/asan_interface.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define POOL_BYTES (8u << 20)
#define ALIGNMENT  16u /* and the size of a block's header, which nobody may read */
#define UP(size)   (((size) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT)

static struct {
	_Alignas(ALIGNMENT) uint8_t bytes[POOL_BYTES];
	size_t end; /* of what is given out */
	size_t kept;
	unsigned blocks;
	unsigned blocks_kept;
	bool begun;
} pool;

__attribute__((no_sanitize("address"))) size_t pool_size_of(void *memory)
{
	return *(size_t *)((uint8_t *)memory - ALIGNMENT);
}

__attribute__((no_sanitize("address"))) void *pool_take(size_t size)
{
	uint8_t *memory = pool.bytes + pool.end + ALIGNMENT;

	if (size > POOL_BYTES || pool.end + 2 * ALIGNMENT + UP(size) > POOL_BYTES)
		return NULL;
	if (!pool.begun)
		ASAN_POISON_MEMORY_REGION(pool.bytes, sizeof(pool.bytes));
	pool.begun = true;
	*(size_t *)(memory - ALIGNMENT) = size;
	pool.end += ALIGNMENT + UP(size) + ALIGNMENT;
	pool.blocks++;
	ASAN_UNPOISON_MEMORY_REGION(memory, size);
	return memory;
}

void pool_give_back(void *memory)
{
	if (!memory)
		return;
	must((uint8_t *)memory > pool.bytes && (uint8_t *)memory < pool.bytes + pool.end);
	must(pool.blocks > pool.blocks_kept);
	ASAN_POISON_MEMORY_REGION(memory, UP(pool_size_of(memory)));
	if (--pool.blocks == pool.blocks_kept)
		pool.end = pool.kept;
}

void *pool_take_anew(void *memory, size_t size)
{
	void *moved = pool_take(size);
	size_t old = memory ? pool_size_of(memory) : 0;

	if (!moved)
		return NULL;
	if (memory)
		memcpy(moved, memory, old < size ? old : size);
	pool_give_back(memory);
	return moved;
}

void pool_keep(void)
{
	pool.kept = pool.end;
	pool.blocks_kept = pool.blocks;
}

void pool_check(void)
{
	must(pool.blocks == pool.blocks_kept);
}
