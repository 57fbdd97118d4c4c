/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A replay window over the full 64-bit ESN: a ring bitmap indexed by the ESN's low bits, so that it
 * never shifts (the idea of RFC 6479; bits that the window moves over are cleared one range at a
 * time instead of in whole blocks, so its size is exact). Pure.
 *
 * One thread writes; another may read highest, no more.
 */

#include <stddef.h>
#include <stdint.h>

struct replay {
	uint64_t highest; /* the highest ESN received; 0: none yet */
	uint64_t bits[];  /* size / 64 words; bit (ESN mod size): received */
};

enum replay_verdict {
	REPLAY_NEW,
	REPLAY_SEEN,
	REPLAY_OLD, /* at or below highest - size, or ESN 0, which no sender uses */
};

/* Bytes of a zeroed struct replay for a window of size packets (a power of two from 64). */
static inline size_t replay_bytes(uint32_t size)
{
	return sizeof(struct replay) + size / 8;
}

/* Begin a zeroed window as if everything up to floor (above 0) had been received. */
void replay_begin_at(struct replay *replay, uint32_t size, uint64_t floor);

/* What an ESN would be, before it is authenticated: changes nothing. */
static inline enum replay_verdict replay_check(const struct replay *replay, uint32_t size,
					       uint64_t esn)
{
	if (esn > replay->highest)
		return REPLAY_NEW;
	if (esn == 0 || replay->highest - esn >= size)
		return REPLAY_OLD;
	return replay->bits[(esn & (size - 1)) / 64] >> esn % 64 & 1 ? REPLAY_SEEN : REPLAY_NEW;
}

/* The same for an authenticated packet that is not the next one, which is then remembered. */
enum replay_verdict replay_update_any(struct replay *replay, uint32_t size, uint64_t esn);

/* The same for an authenticated packet, which is then remembered. */
static inline enum replay_verdict replay_update(struct replay *replay, uint32_t size, uint64_t esn)
{
	/* The window moves over this one bit, which is then set. */
	if (esn > replay->highest && esn - replay->highest == 1) {
		__atomic_store_n(&replay->highest, esn, __ATOMIC_RELAXED);
		replay->bits[(esn & (size - 1)) / 64] |= UINT64_C(1) << esn % 64;
		return REPLAY_NEW;
	}
	return replay_update_any(replay, size, esn);
}
