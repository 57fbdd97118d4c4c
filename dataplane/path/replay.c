/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay.h"
#include <string.h>

/* Clear the bits of count ESNs, beginning with first. count must be below size. */
static void forget(struct replay *replay, uint32_t size, uint64_t first, uint64_t count)
{
	while (count > 0) {
		unsigned bit = first % 64;
		unsigned span = count < 64 - bit ? (unsigned)count : 64 - bit;
		uint64_t ones = span == 64 ? UINT64_MAX : (UINT64_C(1) << span) - 1;

		replay->bits[(first & (size - 1)) / 64] &= ~(ones << bit);
		first += span;
		count -= span;
	}
}

static void advance(struct replay *replay, uint32_t size, uint64_t esn)
{
	uint64_t distance = esn - replay->highest;

	if (distance >= size)
		memset(replay->bits, 0, size / 8);
	else
		forget(replay, size, replay->highest + 1, distance);
	__atomic_store_n(&replay->highest, esn, __ATOMIC_RELAXED);
}

void replay_begin_at(struct replay *replay, uint32_t size, uint64_t floor)
{
	memset(replay->bits, 0xff, size / 8);
	__atomic_store_n(&replay->highest, floor, __ATOMIC_RELAXED);
}

enum replay_verdict replay_update_any(struct replay *replay, uint32_t size, uint64_t esn)
{
	enum replay_verdict verdict = replay_check(replay, size, esn);

	if (verdict != REPLAY_NEW)
		return verdict;
	if (esn > replay->highest)
		advance(replay, size, esn);
	replay->bits[(esn & (size - 1)) / 64] |= UINT64_C(1) << esn % 64;
	return REPLAY_NEW;
}
