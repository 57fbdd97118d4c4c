/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * How long something took, each time: counts by upper bound, and the sum. For the metrics.
 */

#include <stddef.h>
#include <stdint.h>

#define DURATIONS_BOUNDS 12

/* In milliseconds. A rekey on a quiet network takes some milliseconds, one that waits for a late
 * member takes the activation delay, which is mostly 10 s. */
static const uint32_t durations_bounds_ms[DURATIONS_BOUNDS] = {
	5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10000, 30000, 120000};

struct durations {
	uint64_t counts[DURATIONS_BOUNDS + 1]; /* up to this bound, not in an earlier one */
	uint64_t sum_ms;
};

static inline void durations_add(struct durations *durations, uint64_t ms)
{
	size_t i = 0;

	while (i < DURATIONS_BOUNDS && ms > durations_bounds_ms[i])
		i++;
	durations->counts[i]++;
	durations->sum_ms += ms;
}
