/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * How many changes of rosters all groups have told their members lately: what one group alone
 * cannot know when it chooses how long to wait for more changes. After a power cut, each of many
 * groups would otherwise tell all its members of each that is back. Pure; the caller passes the
 * time, in milliseconds of any clock that never goes back.
 */

#include <stdint.h>

#define PUBLISHING_LATELY_MS UINT64_C(500)

/* All zero: none. */
struct publishing {
	uint64_t since_ms;
	uint64_t told;   /* since then */
	uint64_t before; /* in as much time before that */
};

static inline void publishing_turn(struct publishing *all, uint64_t now_ms)
{
	uint64_t age_ms = now_ms - all->since_ms;

	if (age_ms < PUBLISHING_LATELY_MS)
		return;
	all->before = age_ms < 2 * PUBLISHING_LATELY_MS ? all->told : 0;
	all->told = 0;
	all->since_ms = now_ms;
}

static inline void publishing_add(struct publishing *all, uint64_t count, uint64_t now_ms)
{
	publishing_turn(all, now_ms);
	all->told += count;
}

static inline uint64_t publishing_lately(const struct publishing *all)
{
	return all->told > all->before ? all->told : all->before;
}
