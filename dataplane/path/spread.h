/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Address space for what each SA has for itself and each packet reads. If that began with a page,
 * or at the same distance in all SAs, the SAs of many groups would compete for a few sets of the
 * caches and of the table of translated pages, while the others stay empty. So it begins at random.
 */

#include <stddef.h>

/* Zeroed, and aligned to cache lines. The kernel adds memory page by page when a page is first
 * used. NULL when out of address space. */
void *spread_reserve(size_t bytes);
/* Unmap what spread_reserve(bytes) returned. NULL-safe. */
void spread_release(void *memory, size_t bytes);
