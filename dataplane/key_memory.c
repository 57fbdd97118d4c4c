/* SPDX-License-Identifier: BSD-3-Clause */
#include "key_memory.h"
#include <string.h>
#include <sys/mman.h>

void *key_memory_alloc(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	/* Best effort all three: a key in swap is a smaller evil than a fabric that stands still.
	 */
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
