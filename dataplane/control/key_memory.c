/* SPDX-License-Identifier: BSD-3-Clause */
#include "key_memory.h"
#include <string.h>
#include <sys/mman.h>

void *key_memory_alloc(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	/* If one of the three fails, that is no error: a key in swap is less bad than a fabric that
	 * does not work. */
	(void)mlock(memory, size);
	(void)madvise(memory, size, MADV_DONTDUMP);
	(void)madvise(memory, size, MADV_DONTFORK);
	return memory;
}

void key_memory_free(void *memory, size_t size)
{
	if (!memory)
		return;
	explicit_bzero(memory, size);
	munmap(memory, size);
}

void *key_memory_reserve(size_t size)
{
	size_t room = size + KEY_MEMORY_HUGE;
	uint8_t *memory = mmap(NULL, room, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t before;

	if (memory == MAP_FAILED)
		return NULL;
	before = -(uintptr_t)memory % KEY_MEMORY_HUGE;
	if (before > 0)
		munmap(memory, before);
	munmap(memory + before + size, KEY_MEMORY_HUGE - before);
	memory += before;
	(void)madvise(memory, size, MADV_DONTDUMP);
	(void)madvise(memory, size, MADV_DONTFORK);
	return memory;
}

void key_memory_prefer_huge(void *memory, size_t size)
{
	(void)madvise(memory, size, MADV_HUGEPAGE);
}

void key_memory_lock(void *start, size_t size)
{
	(void)mlock(start, size);
}

void key_memory_release(void *memory, size_t size)
{
	if (memory)
		munmap(memory, size);
}
