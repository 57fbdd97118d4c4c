/* SPDX-License-Identifier: BSD-3-Clause */
#include "spread.h"
#include <rte_common.h>
#include <rte_random.h>
#include <stdint.h>
#include <sys/mman.h>

#define PAGE 4096u
/* It begins with any of so many pages, and there with any of so many lines. These are a quarter of
 * a page: what fills most of a page then stays in one. */
#define PAGES 512u
#define LINES 16u

static size_t mapped(size_t bytes)
{
	return RTE_ALIGN_CEIL(bytes + LINES * RTE_CACHE_LINE_SIZE, (size_t)PAGE);
}

void *spread_reserve(size_t bytes)
{
	size_t size = mapped(bytes), before = rte_rand_max(PAGES) * PAGE;
	size_t behind = (size_t)PAGES * PAGE - before;
	uint8_t *memory = mmap(NULL, before + size + behind, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	if (before > 0)
		munmap(memory, before);
	munmap(memory + before + size, behind);
	return memory + before + rte_rand_max(LINES) * RTE_CACHE_LINE_SIZE;
}

void spread_release(void *memory, size_t bytes)
{
	if (memory)
		munmap(RTE_PTR_ALIGN_FLOOR(memory, PAGE), mapped(bytes));
}
