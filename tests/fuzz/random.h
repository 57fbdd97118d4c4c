/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Numbers for a fuzzer's mutator: the same from the same seed (Vigna's splitmix64). */

#include <stdint.h>

struct random {
	uint64_t state;
};

/* Below bound, which is not 0. */
static inline uint32_t random_draw(struct random *random, uint32_t bound)
{
	uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ z >> 31) >> 32) % bound;
}
