/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Some work is done once for all who have asked for it. After it was done it rests, for four times
 * as long as it took. So it never takes more than a fifth of the program's time, and the more it
 * costs, the more requests share it. Work that is cheap does not rest. Pure; times are microseconds
 * of any clock that only moves forward.
 */

#include <stdint.h>

#define PACE_REST       4u
#define PACE_CHEAP_US   UINT64_C(250)
#define PACE_LONGEST_US UINT64_C(100000)

/* Zero-initialised it is rested. */
struct pace {
	uint64_t ready_us;
};

/* The work was done between these times. */
static inline void pace_did(struct pace *pace, uint64_t began_us, uint64_t ended_us)
{
	uint64_t took_us = ended_us - began_us;
	uint64_t rest_us = took_us < PACE_CHEAP_US ? 0 : PACE_REST * took_us;

	pace->ready_us = ended_us + (rest_us < PACE_LONGEST_US ? rest_us : PACE_LONGEST_US);
}

/* How long it still rests. */
static inline uint64_t pace_wait_us(const struct pace *pace, uint64_t now_us)
{
	return pace->ready_us > now_us ? pace->ready_us - now_us : 0;
}
