/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The windows that are known of one SA: by rising SenderID, and of each by rising WindowID. Private
 * to floor_reports.c, which says what may go in.
 */

#include <covey/limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct floor_window {
	uint64_t esn;
	uint16_t window_id;
};

struct floor_sender {
	struct floor_window *windows;
	uint16_t sender_id;
	uint16_t count;
	uint16_t capacity;
};

struct floor_table {
	struct floor_sender *senders;
	size_t sender_count;
	size_t sender_capacity;
	size_t count;   /* windows, all together */
	bool overflown; /* some did not fit, and that was said */
};

_Static_assert(2 * COVEY_FLOORS_PER_SENDER_MAX <= UINT16_MAX, "fits a sender's counters");

/* NULL-safe. */
void floor_table_free(struct floor_table *floors);

/* NULL: not known. floors may be NULL. */
struct floor_sender *floor_sender_find(const struct floor_table *floors, uint16_t sender_id);
/* Find or make. NULL: no memory. */
struct floor_sender *floor_sender_need(struct floor_table *floors, uint16_t sender_id);

/* NULL: not known. sender may be NULL. */
struct floor_window *floor_window_find(const struct floor_sender *sender, uint16_t window_id);
/* Add one that is not known, below COVEY_FLOORS_PER_SENDER_MAX of them. 0 or -ENOMEM. */
int floor_window_add(struct floor_table *floors, struct floor_sender *sender,
		     struct floor_window window);
