/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A group's senders as its members know them, in generations. Changes are collected and published
 * together, so that few messages are needed when many members join at once. Pure; allocates memory
 * only in roster_init() and roster_add_seats().
 */

#include <covey/addr.h>
#include <covey/limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct roster_entry {
	struct covey_addr vtep;
	const char *identity; /* not copied; must outlive the roster */
	uint16_t sender_id;   /* 0: this seat is not in the roster */
	uint16_t epoch_floor;
	bool changed;   /* since the last generation was published */
	bool published; /* the members know this SenderID */
};

struct group_roster {
	uint64_t generation; /* the last one published; 1 is the empty roster that each begins with
			      */
	struct roster_entry *entries; /* by seat: a member's index in its group */
	size_t seats;
	size_t changes;
	/* SenderIDs that will be removed, one bit each. */
	uint8_t removed[(COVEY_SENDER_ID_MAX + 1) / 8];
};

/* Content of one message of a generation. */
struct roster_part {
	uint64_t generation;
	size_t index; /* number of this part in its generation, or in its whole roster */
	bool whole;   /* it is part of a whole roster; false: of changes */
	bool full;    /* it is the first part of a whole roster */
	bool more;    /* another part of this generation follows */
	const struct roster_entry *set[COVEY_ROSTER_ENTRIES_PER_MESSAGE];
	size_t set_count;
	uint32_t removed[COVEY_ROSTER_ENTRIES_PER_MESSAGE];
	size_t removed_count;
};

/* Returns 0 or -ENOMEM. */
int roster_init(struct group_roster *roster, size_t seats);
/* Seats behind those that there are. Returns 0 or -ENOMEM. */
int roster_add_seats(struct group_roster *roster, size_t seats);
void roster_free(struct group_roster *roster);

/*
 * Put a member's sender in, or change it. If it had another SenderID before, that one is removed.
 * The epoch floor of a SenderID never falls: of the old and the new one the higher counts.
 */
void roster_set(struct group_roster *roster, size_t seat, uint16_t sender_id, uint16_t epoch_floor,
		const struct covey_addr *vtep, const char *identity);
void roster_remove(struct group_roster *roster, size_t seat);

/*
 * If something has changed, begin the next generation, hand its changes to each() in parts, and
 * return true. Otherwise return false.
 */
bool roster_publish(struct group_roster *roster,
		    void (*each)(const struct roster_part *part, void *arg), void *arg);

/* Hand over the whole roster as it was published. Call this only when no change is waiting to be
 * published. */
void roster_full(const struct group_roster *roster,
		 void (*each)(const struct roster_part *part, void *arg), void *arg);
