/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The replay windows of one SA, by (SenderID, WindowID). One worker finds and inserts, without
 * allocating: all memory is reserved at the start and backed by pages as it is used. Windows are
 * never removed before the SA is: that would forget what was received.
 *
 * The control thread may count and read windows meanwhile: entries are appended, their key never
 * changes, the count is published with release after the entry is complete, and the highest ESN is
 * one 64-bit word that is written and read whole.
 */

#include "replay.h"
#include <covey/sa.h>
#include <stddef.h>
#include <stdint.h>

struct windows;

struct window_id {
	uint16_t sender_id;
	uint16_t window_id;
};

/*
 * Reserve room for windows of size packets each (power of two). A window that has a floor begins as
 * if all up to it had been received; floors are copied, and only looked at when a window is made.
 * -ERANGE when they do not rise by (SenderID, WindowID), name an ESN that no sender uses, or are
 * more than COVEY_FLOORS_PER_GROUP_MAX; -ENOMEM.
 */
int windows_new(uint32_t size, const struct covey_floor *floors, size_t floor_count,
		struct windows **ret_windows);
void windows_free(struct windows *windows);

/* NULL when there is none. */
struct replay *windows_find(const struct windows *windows, struct window_id id);

/*
 * Find, or make one: empty, or filled up to its floor. Only for a packet that has authenticated.
 * NULL when the SA or the sender (COVEY_REPLAY_WINDOWS_PER_SA_MAX, _PER_SENDER_MAX) has no room for
 * another.
 */
struct replay *windows_insert(struct windows *windows, struct window_id id);

/* Packets per window. */
uint32_t windows_size(const struct windows *windows);

uint32_t windows_count(const struct windows *windows);
/* Read one, index below windows_count(): its id and highest authenticated ESN. */
void windows_read(const struct windows *windows, uint32_t index, struct window_id *ret_id,
		  uint64_t *ret_highest);
