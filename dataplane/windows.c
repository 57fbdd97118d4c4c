/* SPDX-License-Identifier: BSD-3-Clause */
#include "windows.h"
#include <covey/limits.h>
#include <covey/wire.h>
#include <errno.h>
#include <rte_common.h>
#include <rte_random.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Twice as many cells as windows, so that runs stay short. */
#define CELL_BITS 17u
#define CELLS     (1u << CELL_BITS)
/* A run this long does not happen by chance at half load: then refuse rather than search on. */
#define PROBES_MAX 64u

_Static_assert(CELLS == 2 * COVEY_REPLAY_WINDOWS_PER_SA_MAX, "half full at the most");
_Static_assert(COVEY_REPLAY_WINDOWS_PER_SENDER_MAX <= UINT16_MAX, "fits a sender's counter");

struct cell {
	uint32_t key;  /* SenderID and WindowID; 0 (no sender has SenderID 0): empty */
	uint32_t slot; /* index of the window */
};

struct windows {
	uint32_t size;
	uint32_t stride; /* bytes from one window to the next */
	uint32_t seed;   /* of the hash: members choose WindowIDs, they shall not choose cells */
	uint32_t count;
	uint8_t *slots;
	struct covey_floor *floors; /* sorted by key; NULL: none */
	size_t floor_count;
	struct cell cells[CELLS];
	uint32_t keys[COVEY_REPLAY_WINDOWS_PER_SA_MAX]; /* by slot */
	uint16_t per_sender[COVEY_SENDER_ID_MAX + 1];
};

/* Zeroed address space; pages come when they are touched. */
static void *reserve(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static size_t slots_bytes(const struct windows *windows)
{
	return (size_t)windows->stride * COVEY_REPLAY_WINDOWS_PER_SA_MAX;
}

static uint32_t key_of(struct window_id id)
{
	return (uint32_t)id.sender_id << 16 | id.window_id;
}

static uint32_t floor_key(const struct covey_floor *floor)
{
	return key_of((struct window_id){floor->sender_id, floor->window_id});
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

int windows_new(uint32_t size, const struct covey_floor *floors, size_t floor_count,
		struct windows **ret_windows)
{
	int error = check_floors(floors, floor_count);
	struct windows *windows;

	if (error != 0)
		return error;
	windows = reserve(sizeof(*windows));
	if (!windows)
		return -ENOMEM;
	windows->size = size;
	windows->stride = RTE_ALIGN_CEIL((uint32_t)replay_bytes(size), RTE_CACHE_LINE_SIZE);
	windows->seed = (uint32_t)rte_rand();
	windows->slots = reserve(slots_bytes(windows));
	if (!windows->slots || copy_floors(windows, floors, floor_count) != 0) {
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
	if (windows->slots)
		munmap(windows->slots, slots_bytes(windows));
	munmap(windows, sizeof(*windows));
}

static struct replay *slot_at(const struct windows *windows, uint32_t slot)
{
	return (struct replay *)(windows->slots + (size_t)slot * windows->stride);
}

/* Multiply and fold, twice: every bit of key and seed reaches every bit of the cell's number. */
static uint32_t first_cell(const struct windows *windows, uint32_t key)
{
	uint64_t hash = (key ^ windows->seed) * UINT64_C(0x9e3779b97f4a7c15);

	hash = (hash ^ hash >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return (uint32_t)(hash >> (64 - CELL_BITS));
}

/* The key's cell, or the empty one where it would go; CELLS when neither is near. */
static uint32_t probe(const struct windows *windows, uint32_t key)
{
	uint32_t cell = first_cell(windows, key);

	for (unsigned i = 0; i < PROBES_MAX; i++, cell = (cell + 1) % CELLS)
		if (windows->cells[cell].key == key || windows->cells[cell].key == 0)
			return cell;
	return CELLS;
}

struct replay *windows_find(const struct windows *windows, struct window_id id)
{
	uint32_t cell = probe(windows, key_of(id));

	if (cell == CELLS || windows->cells[cell].key == 0)
		return NULL;
	return slot_at(windows, windows->cells[cell].slot);
}

/* 0: none. */
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

static struct replay *begin(const struct windows *windows, uint32_t slot, uint32_t key)
{
	struct replay *replay = slot_at(windows, slot);
	uint64_t floor = floor_of(windows, key);

	if (floor != 0)
		replay_begin_at(replay, windows->size, floor);
	return replay;
}

struct replay *windows_insert(struct windows *windows, struct window_id id)
{
	struct replay *replay;
	uint32_t key = key_of(id), slot = windows->count;
	uint32_t cell = probe(windows, key);

	if (cell == CELLS || id.sender_id == 0)
		return NULL;
	if (windows->cells[cell].key == key)
		return slot_at(windows, windows->cells[cell].slot);
	if (slot == COVEY_REPLAY_WINDOWS_PER_SA_MAX ||
	    windows->per_sender[id.sender_id] == COVEY_REPLAY_WINDOWS_PER_SENDER_MAX)
		return NULL;
	replay = begin(windows, slot, key);
	windows->per_sender[id.sender_id]++;
	windows->cells[cell] = (struct cell){.key = key, .slot = slot};
	windows->keys[slot] = key;
	__atomic_store_n(&windows->count, slot + 1, __ATOMIC_RELEASE);
	return replay;
}

uint32_t windows_size(const struct windows *windows)
{
	return windows->size;
}

uint32_t windows_count(const struct windows *windows)
{
	return __atomic_load_n(&windows->count, __ATOMIC_ACQUIRE);
}

void windows_read(const struct windows *windows, uint32_t index, struct window_id *ret_id,
		  uint64_t *ret_highest)
{
	ret_id->sender_id = (uint16_t)(windows->keys[index] >> 16);
	ret_id->window_id = (uint16_t)windows->keys[index];
	*ret_highest = __atomic_load_n(&slot_at(windows, index)->highest, __ATOMIC_RELAXED);
}
