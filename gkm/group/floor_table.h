/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The known windows of one SA, sorted by SenderID, then WindowID. Only floor_reports.c uses it, and
 * decides what may go in.
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
	size_t count;   /* of windows in all */
	bool overflown; /* some did not fit, and this was reported */
};

_Static_assert(2 * COVEY_FLOORS_PER_SENDER_MAX <= UINT16_MAX, "fits a sender's counters");

/* NULL-safe. */
void floor_table_free(struct floor_table *floors);

/* NULL when it is not known. floors may be NULL. */
struct floor_sender *floor_sender_find(const struct floor_table *floors, uint16_t sender_id);
/* Find it, or make a new one. NULL when there is no memory. */
struct floor_sender *floor_sender_need(struct floor_table *floors, uint16_t sender_id);

/* NULL when it is not known. sender may be NULL. */
struct floor_window *floor_window_find(const struct floor_sender *sender, uint16_t window_id);
/* Add a window that is not known yet. The sender must have fewer than COVEY_FLOORS_PER_SENDER_MAX.
 * Returns 0 or -ENOMEM. */
int floor_window_add(struct floor_table *floors, struct floor_sender *sender,
		     struct floor_window window);
