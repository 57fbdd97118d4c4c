/* SPDX-License-Identifier: BSD-3-Clause */
#include "arena.h"

#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES ((size_t)4 << 20)
#define BLOCK_MIN   32
#define ORDERS      11 /* blocks of 32 bytes to 32 KiB, header included */

/* What is larger is scratch space, and gone again before the world is copied. */
#define BLOCK_MAX ((size_t)BLOCK_MIN << (ORDERS - 1))

struct block {
	size_t order;
	/* While free. The user's memory begins here, aligned for anything, as malloc()'s is. */
	_Alignas(max_align_t) struct block *next;
};

#define HEADER offsetof(struct block, next)

struct arena {
	size_t used;
	struct block *free[ORDERS];
	_Alignas(max_align_t) uint8_t memory[];
};

static _Alignas(64) uint8_t bytes[ARENA_BYTES];
static struct arena *const arena = (struct arena *)bytes;
static bool inside;
static size_t scratch_blocks;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_reallocarray(void *memory, size_t count, size_t size);
char *__real_strdup(const char *text);
void __real_free(void *memory);
size_t __real_malloc_usable_size(void *memory);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_free(void *memory);
size_t __wrap_malloc_usable_size(void *memory);

static void give_up(const char *what)
{
	fprintf(stderr, "model: %s\n", what);
	abort();
}

/* --- blocks -------------------------------------------------------------------------------- */

static bool is_ours(const void *memory)
{
	return (const uint8_t *)memory >= bytes && (const uint8_t *)memory < bytes + ARENA_BYTES;
}

static struct block *block_of(void *memory)
{
	return (struct block *)((uint8_t *)memory - HEADER);
}

static void *take(size_t size)
{
	size_t order = 0;
	struct block *block;

	while (((size_t)BLOCK_MIN << order) < size + HEADER)
		order++;
	block = arena->free[order];
	if (block) {
		arena->free[order] = block->next;
	} else {
		size_t len = (size_t)BLOCK_MIN << order;

		if (sizeof(*arena) + arena->used + len > ARENA_BYTES)
			give_up("the arena is full");
		block = (struct block *)(arena->memory + arena->used);
		arena->used += len;
	}
	block->order = order;
	return &block->next;
}

static void give_back(void *memory)
{
	struct block *block = block_of(memory);

	block->next = arena->free[block->order];
	arena->free[block->order] = block;
}

static size_t usable(void *memory)
{
	return ((size_t)BLOCK_MIN << block_of(memory)->order) - HEADER;
}

/* --- in place of libc's -------------------------------------------------------------------- */

static bool is_scratch(size_t size)
{
	return size + HEADER > BLOCK_MAX;
}

void *__wrap_malloc(size_t size)
{
	if (!inside)
		return __real_malloc(size);
	if (is_scratch(size)) {
		scratch_blocks++;
		return __real_malloc(size);
	}
	return take(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	void *memory;

	if (!inside)
		return __real_calloc(count, size);
	/* Megabytes, and mostly never touched: fresh from the system they need no zeroing. */
	if (is_scratch(count * size)) {
		scratch_blocks++;
		return __real_calloc(count, size);
	}
	memory = __wrap_malloc(count * size);
	if (memory)
		memset(memory, 0, count * size);
	return memory;
}

void *__wrap_realloc(void *memory, size_t size)
{
	void *moved;

	if (!inside)
		return __real_realloc(memory, size);
	moved = __wrap_malloc(size);
	if (memory && moved) {
		size_t old = __wrap_malloc_usable_size(memory);

		memcpy(moved, memory, old < size ? old : size);
		__wrap_free(memory);
	}
	return moved;
}

void *__wrap_reallocarray(void *memory, size_t count, size_t size)
{
	if (!inside)
		return __real_reallocarray(memory, count, size);
	return __wrap_realloc(memory, count * size);
}

char *__wrap_strdup(const char *text)
{
	size_t len = strlen(text) + 1;
	char *copy = __wrap_malloc(len);

	return copy ? memcpy(copy, text, len) : NULL;
}

void __wrap_free(void *memory)
{
	if (is_ours(memory)) {
		give_back(memory);
		return;
	}
	if (inside && memory)
		scratch_blocks--;
	__real_free(memory);
}

size_t __wrap_malloc_usable_size(void *memory)
{
	return is_ours(memory) ? usable(memory) : __real_malloc_usable_size(memory);
}

/* --- copies -------------------------------------------------------------------------------- */

void arena_enter(void)
{
	inside = true;
}

void arena_leave(void)
{
	inside = false;
	if (scratch_blocks)
		give_up("something too large for the arena is part of the world");
}

void arena_clear(void)
{
	memset(arena, 0, sizeof(*arena));
}

void arena_save(struct snapshot *snapshot)
{
	size_t size = sizeof(*arena) + arena->used;

	if (snapshot->capacity < size) {
		snapshot->data = __real_realloc(snapshot->data, size * 2);
		if (!snapshot->data)
			give_up("out of memory");
		snapshot->capacity = size * 2;
	}
	memcpy(snapshot->data, bytes, size);
	snapshot->size = size;
}

void arena_restore(const struct snapshot *snapshot)
{
	memcpy(bytes, snapshot->data, snapshot->size);
}

void snapshot_free(struct snapshot *snapshot)
{
	__real_free(snapshot->data);
	*snapshot = (struct snapshot){0};
}
