/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The replay windows of one SA, by SenderID and WindowID, shared by all workers. A window belongs
 * to the worker that first authenticated a packet of it. Only this worker reads and writes its
 * replay state. All others only learn from the table whose window it is.
 *
 * The table uses open addressing. In an SA of few senders, windows whose WindowIDs differ in the
 * lowest bits alone, which are a sender's paths, have their cells on the same cache lines. A cell
 * is one 64-bit word: key 32 | owner 8 | slot 24, zero when empty. A plain load reads it. One
 * compare-and-swap writes it, when the window is claimed. After that it does not change as long as
 * the SA exists: if it did, it would be forgotten what was received. Slots are used one after the
 * other and begin at cache lines, so no two workers write to the same line.
 *
 * Nothing is allocated after windows_new(). It reserves address space for
 * COVEY_REPLAY_WINDOWS_PER_SA_MAX windows, and pages get memory when they are first used. A window
 * takes its slot (size / 8 + 36 bytes in whole cache lines: 192 for 1,024 packets), and 8 bytes in
 * a table of which at most half is used.
 *
 * What came in a window is counted in its slot, before the replay state, on the cache line that is
 * written for each packet anyway.
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
/* The windows of so many paths are side by side: two cache lines of cells. */
#define WINDOWS_BLOCK 16u
/* A search goes through so many cells of a cache line, and then to those in the next block. */
#define WINDOWS_BUCKET 4u
/* In a table of which at most half is used, a search this long does not happen by chance. It ends
 * there, and the window is refused. */
#define WINDOWS_PROBES_MAX 512u

struct window_id {
	uint16_t sender_id;
	uint16_t window_id;
};

/* What came in a window: packets that have authenticated and were new. Its owner writes it, and
 * others may read it. */
struct window_received {
	uint64_t packets;
	uint64_t bytes; /* of inner IP packets */
	uint64_t last;  /* when the last one came, by rte_rdtsc() */
};

/* What windows_claim() changes, on cache lines that the packet path does not read. */
struct windows_claims;

/* Immutable from the first windows_expect() to windows_free(), except for what the pointers point
 * to. */
struct windows {
	uint64_t *cells;
	uint8_t *slots;
	uint32_t seed;   /* of the hash: senders choose WindowIDs, and must not be able to choose
			    cells */
	uint32_t stride; /* bytes from one slot to the next */
	uint32_t size;   /* packets per window */
	uint32_t far; /* the bits of a key that choose its block; the others choose a cell of it */
	size_t floor_count;
	struct covey_floor *floors; /* sorted by key; NULL: none */
	struct windows_claims *claims;
	bool expected; /* windows_expect() was called */
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct windows) == RTE_CACHE_LINE_SIZE, "what a packet reads is one line");

/*
 * Reserve memory for windows of size packets each (power of two). A window that has a floor begins
 * as if all packets up to the floor had been received. Floors are copied. They are looked up when a
 * window is made, not for each packet. -ERANGE when floors are not sorted by SenderID and WindowID,
 * when one has an ESN that no sender uses, or when there are more than COVEY_FLOORS_PER_GROUP_MAX;
 * -ENOMEM.
 */
int windows_new(uint32_t size, const struct covey_floor *floors, size_t floor_count,
		struct windows **ret_windows);
void windows_free(struct windows *windows);

/*
 * Announce that up to this number of senders will have windows. If that is many, the table moves to
 * huge pages. To be called once before the first worker knows the windows: if it is many then, each
 * cell is anywhere in the table. With so many, cache lines that are full would often be in each
 * other's way.
 */
void windows_expect(struct windows *windows, size_t senders);

/* --- the packet path ----------------------------------------------------------------------- */

static inline uint32_t windows_key(struct window_id id)
{
	return (uint32_t)id.sender_id << 16 | id.window_id;
}

/*
 * Where the search for a key begins. Multiply and fold, twice: then every bit of seed, and of key
 * but for those that are near, affects every bit of the result. These then choose a cell of the
 * block. If they are the same in all keys, all cells are still used.
 */
static inline uint32_t windows_first(const struct windows *windows, uint32_t key)
{
	uint32_t far = key & windows->far, near = key ^ far;
	uint64_t hash = (far ^ windows->seed) * UINT64_C(0x9e3779b97f4a7c15);

	hash = (hash ^ hash >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return (uint32_t)(hash >> (64 - WINDOWS_CELL_BITS)) ^ near;
}

/* Cell number i of a search that began at first. If the search went from each cell to the next one,
 * two full blocks that have the same place would need 16 steps to get by. */
static inline uint32_t windows_step(uint32_t first, uint32_t i)
{
	return ((first ^ i % WINDOWS_BUCKET) + i / WINDOWS_BUCKET * WINDOWS_BLOCK) % WINDOWS_CELLS;
}

/* Where the search for a window begins, for windows_find_from(). Also prefetches that cell. */
static inline const uint64_t *windows_prefetch(const struct windows *windows, uint32_t key)
{
	const uint64_t *first = &windows->cells[windows_first(windows, key)];

	rte_prefetch1(first);
	return first;
}

/* Continue the search, when the first cell belongs to another window. */
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

/* The replay state. Only the owner may use it. */
static inline struct replay *windows_replay(const struct windows *windows, uint64_t cell)
{
	return (struct replay *)(windows->slots + (cell & 0xffffff) * windows->stride +
				 sizeof(struct window_received));
}

/* Count a packet of the window that has this replay state. Only for the owner. */
static inline void windows_count_packet(struct replay *replay, uint32_t inner_len, uint64_t now)
{
	struct window_received *received = (struct window_received *)replay - 1;

	__atomic_store_n(&received->packets, received->packets + 1, __ATOMIC_RELAXED);
	__atomic_store_n(&received->bytes, received->bytes + inner_len, __ATOMIC_RELAXED);
	__atomic_store_n(&received->last, now, __ATOMIC_RELAXED);
}

/* Fetch what replay_check() and replay_update() will read and write for this ESN. */
static inline void windows_prefetch_replay(const struct windows *windows, uint64_t cell,
					   uint64_t esn)
{
	const struct replay *replay = windows_replay(windows, cell);

	rte_prefetch1(replay);
	rte_prefetch1(&replay->bits[(esn & (windows->size - 1)) / 64]);
}

/*
 * Find the window, or make it for owner. A new window is empty, or filled up to its floor. Only for
 * a packet that has authenticated. When several workers claim one window at the same time, all get
 * the same cell, and one of them becomes the owner. owner must be below WINDOWS_OWNERS_MAX, and no
 * two threads may use the same one at the same time. Returns 0 when the SA or the sender
 * (COVEY_REPLAY_WINDOWS_PER_SA_MAX, _PER_SENDER_MAX) has no room for another window.
 */
uint64_t windows_claim(struct windows *windows, struct window_id id, unsigned owner);

/* --- reading, from any thread --------------------------------------------------------------- */

/* Windows in use. */
uint32_t windows_count(const struct windows *windows);
/* Windows have indexes below this. */
uint32_t windows_end(const struct windows *windows);
/* Read the window at an index below windows_end(): its id and the highest authenticated ESN. False
 * when no window has this index (a claim that came too late, or is not finished). */
bool windows_read(const struct windows *windows, uint32_t index, struct window_id *ret_id,
		  uint64_t *ret_highest);
/* What came in a window that windows_read() has found. */
struct window_received windows_read_received(const struct windows *windows, uint32_t index);
