/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The replay windows of one SA, by (SenderID, WindowID), shared by all workers. A window belongs to
 * the worker that first authenticated a packet of it; only that worker reads and writes its replay
 * state, all others learn from the table whose it is.
 *
 * The table is open-addressed. A cell is one 64-bit word: key 32 | owner 8 | slot 24, zero when
 * empty. It is read by a plain load and written once, by the one compare-and-swap that claims the
 * window; it never changes again before the SA goes: that would forget what was received. Slots are
 * given out densely and start at cache lines, so no two workers write one line.
 *
 * Nothing is allocated after windows_new(): address space is reserved for
 * COVEY_REPLAY_WINDOWS_PER_SA_MAX windows and backed by pages as it is used. A window costs its
 * slot (size / 8 + 12 bytes in whole cache lines: 192 for 1,024 packets) and 8 bytes in a table
 * that is half full at the most.
 *
 * The control thread may count and read windows meanwhile.
 */

#include "replay.h"
#include <covey/limits.h>
#include <covey/sa.h>
#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_prefetch.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WINDOWS_CELL_BITS  20u
#define WINDOWS_CELLS      (1u << WINDOWS_CELL_BITS)
#define WINDOWS_OWNERS_MAX 256u
/* A search this long does not happen by chance in a table that is half full. It ends there: the
 * window is refused. */
#define WINDOWS_PROBES_MAX 128u

struct window_id {
	uint16_t sender_id;
	uint16_t window_id;
};

/* What windows_claim() changes, on cache lines that the packet path does not read. */
struct windows_claims;

/* Immutable from windows_new() to windows_free(), but for what the pointers lead to. */
struct windows {
	uint64_t *cells;
	uint8_t *slots;
	uint32_t seed;   /* of the hash: senders choose WindowIDs, and must not be able to choose
			    cells */
	uint32_t stride; /* bytes from one slot to the next */
	uint32_t size;   /* packets per window */
	size_t floor_count;
	struct covey_floor *floors; /* sorted by key; NULL: none */
	struct windows_claims *claims;
};

/*
 * Reserve room for windows of size packets each (power of two). A window that has a floor begins as
 * if all packets up to the floor had been received. Floors are copied; they are looked up when a
 * window is made, not for each packet.
 * -ERANGE when they do not rise by (SenderID, WindowID), name an ESN that no sender uses, or are
 * more than COVEY_FLOORS_PER_GROUP_MAX; -ENOMEM.
 */
int windows_new(uint32_t size, const struct covey_floor *floors, size_t floor_count,
		struct windows **ret_windows);
void windows_free(struct windows *windows);

/* Up to this many senders will have windows. If they are many, the table moves to huge pages. */
void windows_expect(struct windows *windows, size_t senders);

/* --- the packet path ----------------------------------------------------------------------- */

static inline uint32_t windows_key(struct window_id id)
{
	return (uint32_t)id.sender_id << 16 | id.window_id;
}

/* Where the search for a key begins. Multiply and fold, twice: every bit of key and seed reaches
 * every bit of the cell's number. */
static inline uint32_t windows_first(const struct windows *windows, uint32_t key)
{
	uint64_t hash = (key ^ windows->seed) * UINT64_C(0x9e3779b97f4a7c15);

	hash = (hash ^ hash >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return (uint32_t)(hash >> (64 - WINDOWS_CELL_BITS));
}

/* Where the search for a window begins, for windows_find_from(). Prefetches that cell. */
static inline const uint64_t *windows_prefetch(const struct windows *windows, uint32_t key)
{
	const uint64_t *first = &windows->cells[windows_first(windows, key)];

	rte_prefetch1(first);
	return first;
}

/* The rest of the search, when that cell is another window's. */
uint64_t windows_find_behind(const struct windows *windows, uint32_t key, const uint64_t *first);

/* The window's cell, for the functions below; 0 when there is none. */
static inline uint64_t windows_find_from(const struct windows *windows, uint32_t key,
					 const uint64_t *first)
{
	uint64_t cell = __atomic_load_n(first, __ATOMIC_ACQUIRE);

	if (likely(cell >> 32 == key || cell == 0))
		return cell;
	return windows_find_behind(windows, key, first);
}

static inline uint64_t windows_find(const struct windows *windows, struct window_id id)
{
	uint32_t key = windows_key(id);

	return windows_find_from(windows, key, windows_prefetch(windows, key));
}

/* The index of the worker that the window belongs to. */
static inline unsigned windows_owner(uint64_t cell)
{
	return (unsigned)(cell >> 24) & (WINDOWS_OWNERS_MAX - 1);
}

/* The replay state, for its owner alone. */
static inline struct replay *windows_replay(const struct windows *windows, uint64_t cell)
{
	return (struct replay *)(windows->slots + (cell & 0xffffff) * windows->stride);
}

/* Fetch what replay_check() and replay_update() will touch for this ESN. */
static inline void windows_prefetch_replay(const struct windows *windows, uint64_t cell,
					   uint64_t esn)
{
	const struct replay *replay = windows_replay(windows, cell);

	rte_prefetch1(replay);
	rte_prefetch1(&replay->bits[(esn & (windows->size - 1)) / 64]);
}

/*
 * Find the window, or make it owner's: empty, or filled up to its floor. Only for a packet that has
 * authenticated. When several workers claim one window at once, all get the same cell, and one of
 * them is its owner. owner: below WINDOWS_OWNERS_MAX, no two threads with the same one at a time.
 * Returns 0 when the SA or the sender (COVEY_REPLAY_WINDOWS_PER_SA_MAX, _PER_SENDER_MAX) has no
 * room for another.
 */
uint64_t windows_claim(struct windows *windows, struct window_id id, unsigned owner);

/* --- reading, from any thread --------------------------------------------------------------- */

/* Windows in use. */
uint32_t windows_count(const struct windows *windows);
/* Indexes below this may hold windows. */
uint32_t windows_end(const struct windows *windows);
/* Read one, index below windows_end(): its id and highest authenticated ESN. False when there is
 * none (a claim that came second, or has not ended). */
bool windows_read(const struct windows *windows, uint32_t index, struct window_id *ret_id,
		  uint64_t *ret_highest);
