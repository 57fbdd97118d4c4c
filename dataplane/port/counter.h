/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A counter that one worker writes and the control thread reads. It is one aligned 64-bit word. So
 * a reader never sees half of a value, but may see one that is a moment old, and the writer needs
 * no lock prefix.
 */

#include <stdint.h>

static inline void counter_add(uint64_t *counter, uint64_t amount)
{
	__atomic_store_n(counter, *counter + amount, __ATOMIC_RELAXED);
}

static inline uint64_t counter_read(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}
