/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Limits how often some work is done that serves several requests at once. After the work was done,
 * it rests for four times as long as it took. So it never takes more than a fifth of the program's
 * time, and the longer it takes, the more requests share it. Work that takes nearly no time does
 * not rest. Pure; times are microseconds of any clock that never goes back.
 */

#include <stdint.h>

#define PACE_REST       4u
#define PACE_CHEAP_US   UINT64_C(250)
#define PACE_LONGEST_US UINT64_C(100000)

/* When it is all zero, the work may be done at once. */
struct pace {
	uint64_t ready_us;
};

/* The work was done between these two times. */
static inline void pace_did(struct pace *pace, uint64_t began_us, uint64_t ended_us)
{
	uint64_t took_us = ended_us - began_us;
	uint64_t rest_us = took_us < PACE_CHEAP_US ? 0 : PACE_REST * took_us;

	pace->ready_us = ended_us + (rest_us < PACE_LONGEST_US ? rest_us : PACE_LONGEST_US);
}

/* For how long the work must still rest. */
static inline uint64_t pace_wait_us(const struct pace *pace, uint64_t now_us)
{
	return pace->ready_us > now_us ? pace->ready_us - now_us : 0;
}
