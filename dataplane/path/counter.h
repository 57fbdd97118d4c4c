/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A counter that one worker writes and the control thread reads. It is one aligned word of 64 bits,
 * so a reader sees some recent value of it, whole, and the writer needs no lock prefix.
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
