/* SPDX-License-Identifier: BSD-3-Clause */
#include "windows.h"
#include "spread.h"
#include <covey/wire.h>
#include <errno.h>
#include <rte_random.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define SMALL_PAGE 4096u
#define HUGE_PAGE  (2u << 20)
/* When two workers claim a window, one of them is late. It keeps the slot that it has taken for its
 * next claim. So each worker may hold one unused slot. */
#define SLOTS (COVEY_REPLAY_WINDOWS_PER_SA_MAX + WINDOWS_OWNERS_MAX)

_Static_assert(WINDOWS_CELLS >= 2 * COVEY_REPLAY_WINDOWS_PER_SA_MAX, "half full at the most");
_Static_assert(SLOTS <= 1u << 24, "a slot's number fits its cell");
_Static_assert(WINDOWS_OWNERS_MAX <= 1u << 8, "an owner's index fits its cell");
_Static_assert(COVEY_REPLAY_WINDOWS_PER_SENDER_MAX + WINDOWS_OWNERS_MAX <= UINT16_MAX,
	       "fits a sender's counter, with what is claimed at this moment");

struct windows_claims {
	uint32_t count; /* windows in use, and claims that are not finished */
	uint32_t next;  /* the first slot that nobody has taken yet */
	uint16_t per_sender[COVEY_SENDER_ID_MAX + 1];
	uint32_t spares[WINDOWS_OWNERS_MAX]; /* each is one worker's: slot + 1; 0: none */
};

/* Zeroed address space. The kernel adds memory page by page when a page is first used. */
static void *reserve(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static void release(void *memory, size_t bytes)
{
	if (memory)
		munmap(memory, bytes);
}

static size_t cells_bytes(void)
{
	return WINDOWS_CELLS * sizeof(uint64_t);
}

static size_t slots_bytes(const struct windows *windows)
{
	return (size_t)windows->stride * SLOTS;
}

static uint32_t floor_key(const struct covey_floor *floor)
{
	return windows_key((struct window_id){floor->sender_id, floor->window_id});
}

static int check_floors(const struct covey_floor *floors, size_t count)
{
	uint32_t before = 0;

	if (count > COVEY_FLOORS_PER_GROUP_MAX)
		return -ERANGE;
	for (size_t i = 0; i < count; i++) {
		uint32_t key = floor_key(&floors[i]);

		if (floors[i].sender_id < COVEY_SENDER_ID_MIN || key <= before ||
		    covey_esn_epoch(floors[i].esn) < COVEY_EPOCH_MIN)
			return -ERANGE;
		before = key;
	}
	return 0;
}

static int copy_floors(struct windows *windows, const struct covey_floor *floors, size_t count)
{
	if (count == 0)
		return 0;
	windows->floors = calloc(count, sizeof(*floors));
	if (!windows->floors)
		return -ENOMEM;
	memcpy(windows->floors, floors, count * sizeof(*floors));
	windows->floor_count = count;
	return 0;
}

/* The last bytes of a slot hold the key of its window; 0: none. */
static uint32_t *key_of_slot(const struct windows *windows, uint32_t slot)
{
	return (uint32_t *)(windows->slots + (size_t)(slot + 1) * windows->stride -
			    sizeof(uint32_t));
}

static int allocate(struct windows *windows)
{
	uint8_t *huge;

	windows->cells = reserve(cells_bytes());
	windows->slots = spread_reserve(slots_bytes(windows));
	windows->claims = reserve(sizeof(*windows->claims));
	if (!windows->cells || !windows->slots || !windows->claims)
		return -ENOMEM;
	/* Many windows are faster in huge pages. The first 2 MiB stay in small pages, so that an SA
	 * with few windows takes little memory. If the kernel refuses, all pages are small. */
	huge = RTE_PTR_ALIGN_FLOOR(windows->slots, SMALL_PAGE) + HUGE_PAGE;
	madvise(huge, (size_t)(windows->slots + slots_bytes(windows) - huge), MADV_HUGEPAGE);
	return 0;
}

int windows_new(uint32_t size, const struct covey_floor *floors, size_t floor_count,
		struct windows **ret_windows)
{
	int status = check_floors(floors, floor_count);
	struct windows *windows;

	if (status != 0)
		return status;
	windows = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*windows));
	if (!windows)
		return -ENOMEM;
	memset(windows, 0, sizeof(*windows));
	windows->size = size;
	windows->stride = RTE_ALIGN_CEIL(
		(uint32_t)(sizeof(struct window_received) + replay_bytes(size) + sizeof(uint32_t)),
		RTE_CACHE_LINE_SIZE);
	windows->seed = (uint32_t)rte_rand();
	windows->far = ~(WINDOWS_BLOCK - 1);
	if (allocate(windows) != 0 || copy_floors(windows, floors, floor_count) != 0) {
		windows_free(windows);
		return -ENOMEM;
	}
	*ret_windows = windows;
	return 0;
}

void windows_free(struct windows *windows)
{
	if (!windows)
		return;
	free(windows->floors);
	release(windows->claims, sizeof(*windows->claims));
	spread_release(windows->slots, slots_bytes(windows));
	release(windows->cells, cells_bytes());
	free(windows);
}

void windows_expect(struct windows *windows, size_t senders)
{
	/* With a block of each sender, nearly all pages of 4 KiB are used, so huge pages take no
	 * more memory. */
	bool many = senders >= cells_bytes() / 4096;

	if (many)
		(void)madvise(windows->cells, cells_bytes(), MADV_HUGEPAGE);
	if (windows->expected)
		return;
	windows->expected = true;
	if (many)
		windows->far = UINT32_MAX;
}

/* --- finding -------------------------------------------------------------------------------- */

uint64_t windows_find_behind(const struct windows *windows, uint32_t key, const uint64_t *first)
{
	uint32_t from = (uint32_t)(first - windows->cells);

	for (unsigned i = 1; i < WINDOWS_PROBES_MAX; i++) {
		uint32_t at = windows_step(from, i);
		uint64_t cell = __atomic_load_n(&windows->cells[at], __ATOMIC_ACQUIRE);

		if (cell >> 32 == key || cell == 0)
			return cell;
	}
	return 0;
}

/* --- claiming ------------------------------------------------------------------------------- */

/* The floor of a window; 0 when there is none. */
static uint64_t floor_of(const struct windows *windows, uint32_t key)
{
	size_t low = 0, high = windows->floor_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (floor_key(&windows->floors[middle]) < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low < windows->floor_count && floor_key(&windows->floors[low]) == key
		       ? windows->floors[low].esn
		       : 0;
}

/* Count up by one, but not above limit. False when limit is reached. */
static bool take_uint32(uint32_t *counter, uint32_t limit)
{
	if (__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED) < limit)
		return true;
	__atomic_fetch_sub(counter, 1, __ATOMIC_RELAXED);
	return false;
}

static bool take_room(struct windows_claims *claims, uint16_t sender_id)
{
	if (!take_uint32(&claims->count, COVEY_REPLAY_WINDOWS_PER_SA_MAX))
		return false;
	if (__atomic_fetch_add(&claims->per_sender[sender_id], 1, __ATOMIC_RELAXED) <
	    COVEY_REPLAY_WINDOWS_PER_SENDER_MAX)
		return true;
	__atomic_fetch_sub(&claims->per_sender[sender_id], 1, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&claims->count, 1, __ATOMIC_RELAXED);
	return false;
}

static void return_room(struct windows_claims *claims, uint16_t sender_id)
{
	__atomic_fetch_sub(&claims->per_sender[sender_id], 1, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&claims->count, 1, __ATOMIC_RELAXED);
}

/* Returns a zeroed slot. */
static uint32_t take_slot(struct windows_claims *claims, unsigned owner)
{
	uint32_t spare = claims->spares[owner];

	claims->spares[owner] = 0;
	return spare != 0 ? spare - 1 : __atomic_fetch_add(&claims->next, 1, __ATOMIC_RELAXED);
}

static void return_slot(struct windows *windows, uint32_t slot, unsigned owner)
{
	memset(windows_replay(windows, slot), 0, replay_bytes(windows->size));
	windows->claims->spares[owner] = slot + 1;
}

/*
 * Put cell where the search for its key ends. A cell only ever changes from empty to full, and all
 * searches for one key take the same way. So the first worker that writes a cell for a key is found
 * by all others. Returns the cell of the key; 0 when the search is too long.
 */
static uint64_t put(const struct windows *windows, uint64_t cell)
{
	uint32_t key = (uint32_t)(cell >> 32);
	uint32_t first = windows_first(windows, key);

	for (unsigned i = 0; i < WINDOWS_PROBES_MAX; i++) {
		uint32_t at = windows_step(first, i);
		uint64_t found = __atomic_load_n(&windows->cells[at], __ATOMIC_ACQUIRE);

		if (found == 0 &&
		    __atomic_compare_exchange_n(&windows->cells[at], &found, cell, false,
						__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			return cell;
		if (found >> 32 == key)
			return found;
	}
	return 0;
}

uint64_t windows_claim(struct windows *windows, struct window_id id, unsigned owner)
{
	struct windows_claims *claims = windows->claims;
	uint32_t key = windows_key(id), slot;
	uint64_t cell = windows_find(windows, id), floor, found;

	if (cell != 0)
		return cell;
	if (id.sender_id == 0 || !take_room(claims, id.sender_id))
		return 0;
	slot = take_slot(claims, owner);
	cell = (uint64_t)key << 32 | (uint64_t)owner << 24 | slot;
	/* This must be done before others can find the window. */
	floor = floor_of(windows, key);
	if (floor != 0)
		replay_begin_at(windows_replay(windows, cell), windows->size, floor);
	found = put(windows, cell);
	if (found == cell) {
		__atomic_store_n(key_of_slot(windows, slot), key, __ATOMIC_RELEASE);
		return cell;
	}
	return_slot(windows, slot, owner);
	return_room(claims, id.sender_id);
	return found;
}

/* --- reading -------------------------------------------------------------------------------- */

uint32_t windows_count(const struct windows *windows)
{
	return __atomic_load_n(&windows->claims->count, __ATOMIC_RELAXED);
}

uint32_t windows_end(const struct windows *windows)
{
	return __atomic_load_n(&windows->claims->next, __ATOMIC_RELAXED);
}

bool windows_read(const struct windows *windows, uint32_t index, struct window_id *ret_id,
		  uint64_t *ret_highest)
{
	uint32_t key = __atomic_load_n(key_of_slot(windows, index), __ATOMIC_ACQUIRE);

	if (key == 0)
		return false;
	ret_id->sender_id = (uint16_t)(key >> 16);
	ret_id->window_id = (uint16_t)key;
	*ret_highest = __atomic_load_n(&windows_replay(windows, index)->highest, __ATOMIC_RELAXED);
	return true;
}

struct window_received windows_read_received(const struct windows *windows, uint32_t index)
{
	const struct window_received *received =
		(const struct window_received *)windows_replay(windows, index) - 1;

	return (struct window_received){
		.packets = __atomic_load_n(&received->packets, __ATOMIC_RELAXED),
		.bytes = __atomic_load_n(&received->bytes, __ATOMIC_RELAXED),
		.last = __atomic_load_n(&received->last, __ATOMIC_RELAXED),
	};
}
