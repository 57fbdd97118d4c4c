/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A replay window over the full 64-bit ESN. It is a bitmap used as a ring: the low bits of an ESN
 * say which bit belongs to it, so nothing is ever shifted. The idea is that of RFC 6479. There,
 * whole blocks are cleared when the window moves. Here, exactly the bits are cleared that the
 * window moves over, so its size is exact. Pure.
 *
 * One thread writes. Another thread may read highest, and nothing else.
 */

#include <stddef.h>
#include <stdint.h>

struct replay {
	uint64_t highest; /* the highest ESN received; 0: none yet */
	uint64_t bits[];  /* size / 64 words; the bit at ESN mod size is set: received */
};

enum replay_verdict {
	REPLAY_NEW,
	REPLAY_SEEN,
	REPLAY_OLD, /* highest - size or lower, or ESN 0, which no sender uses */
};

/* Length in bytes of a struct replay for a window of size packets (a power of two, 64 or more). */
static inline size_t replay_bytes(uint32_t size)
{
	return sizeof(struct replay) + size / 8;
}

/* Let a zeroed window begin as if all packets up to floor (above 0) had been received. */
void replay_begin_at(struct replay *replay, uint32_t size, uint64_t floor);

/* Is this ESN new, seen or old? For a packet that is not authenticated yet: changes nothing. */
static inline enum replay_verdict replay_check(const struct replay *replay, uint32_t size,
					       uint64_t esn)
{
	if (esn > replay->highest)
		return REPLAY_NEW;
	if (esn == 0 || replay->highest - esn >= size)
		return REPLAY_OLD;
	return replay->bits[(esn & (size - 1)) / 64] >> esn % 64 & 1 ? REPLAY_SEEN : REPLAY_NEW;
}

/* The same as replay_update(), for an ESN that is not the next one. */
enum replay_verdict replay_update_any(struct replay *replay, uint32_t size, uint64_t esn);

/* The same for an authenticated packet. A new ESN is recorded as received. */
static inline enum replay_verdict replay_update(struct replay *replay, uint32_t size, uint64_t esn)
{
	/* The window moves by one. The bit that it moves over is set at once, so it need not be
	 * cleared. */
	if (esn > replay->highest && esn - replay->highest == 1) {
		__atomic_store_n(&replay->highest, esn, __ATOMIC_RELAXED);
		replay->bits[(esn & (size - 1)) / 64] |= UINT64_C(1) << esn % 64;
		return REPLAY_NEW;
	}
	return replay_update_any(replay, size, esn);
}
