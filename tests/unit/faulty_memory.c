/* SPDX-License-Identifier: BSD-3-Clause */
#include "faulty_memory.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static struct {
	unsigned at;
	unsigned calls;
	bool failed;
	size_t held;
	uint8_t value;
	size_t bytes;
	unsigned keys_freed;
} memory;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_reallocarray(void *block, size_t count, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
char *__real_strdup(const char *text);
void __real_free(void *block);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_reallocarray(void *block, size_t count, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_free(void *block);

static bool fails(void)
{
	if (memory.at == 0 || ++memory.calls != memory.at)
		return false;
	memory.failed = true;
	errno = ENOMEM;
	return true;
}

static void *counted(void *block)
{
	memory.held += block != NULL;
	return block;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	return fails() ? NULL : counted(__real_aligned_alloc(alignment, size));
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : counted(__real_strdup(text));
}

void *__wrap_reallocarray(void *block, size_t count, size_t size)
{
	void *moved = fails() ? NULL : __real_reallocarray(block, count, size);

	if (moved && !block)
		memory.held++;
	return moved;
}

static bool holds_key(const uint8_t *block, size_t size)
{
	size_t run = 0;

	for (size_t i = 0; i < size && run < memory.bytes; i++)
		run = block[i] == memory.value ? run + 1 : 0;
	return run == memory.bytes;
}

void __wrap_free(void *block)
{
	if (block) {
		memory.held--;
		if (memory.bytes && holds_key(block, malloc_usable_size(block)))
			memory.keys_freed++;
	}
	__real_free(block);
}

void faulty_memory_begin(unsigned at)
{
	memory.at = at;
	memory.calls = 0;
	memory.failed = false;
}

bool faulty_memory_end(void)
{
	memory.at = 0;
	return memory.failed;
}

bool faulty_memory_has_failed(void)
{
	return memory.failed;
}

size_t faulty_memory_held(void)
{
	return memory.held;
}

void faulty_memory_watch(uint8_t value, size_t bytes)
{
	memory.value = value;
	memory.bytes = bytes;
	memory.keys_freed = 0;
}

unsigned faulty_memory_keys_freed(void)
{
	return memory.keys_freed;
}
