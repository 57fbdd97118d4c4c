/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A group's senders as its members know them, in generations: changes are collected and published
 * together, so that many members that join at once cost few messages. Pure; allocates only in
 * roster_init().
 */

#include <covey/addr.h>
#include <covey/limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct roster_entry {
	struct covey_addr vtep;
	const char *identity; /* borrowed; outlives the roster */
	uint16_t sender_id;   /* 0: this seat is not in the roster */
	uint16_t epoch_floor;
	bool changed;   /* since the last generation */
	bool published; /* the members know this SenderID */
};

struct group_roster {
	uint64_t generation; /* the last one published; 1 is the empty roster that each begins with
			      */
	struct roster_entry *entries; /* by seat: a member's index in its group */
	size_t seats;
	size_t changes;
	/* SenderIDs to remove, one bit each. */
	uint8_t removed[(COVEY_SENDER_ID_MAX + 1) / 8];
};

/* One message's worth of a generation. */
struct roster_part {
	uint64_t generation;
	size_t index; /* counts the parts of this generation, or of this whole roster */
	bool whole;   /* of a whole roster; else of changes */
	bool full;    /* first part of a complete roster */
	bool more;    /* not the last part of this generation */
	const struct roster_entry *set[COVEY_ROSTER_ENTRIES_PER_MESSAGE];
	size_t set_count;
	uint32_t removed[COVEY_ROSTER_ENTRIES_PER_MESSAGE];
	size_t removed_count;
};

/* Returns 0 or -ENOMEM. */
int roster_init(struct group_roster *roster, size_t seats);
void roster_free(struct group_roster *roster);

/*
 * Put a seat's sender in, or change it; what it was before (another SenderID) is removed. An epoch
 * floor never falls: the higher of old and new holds for the same SenderID.
 */
void roster_set(struct group_roster *roster, size_t seat, uint16_t sender_id, uint16_t epoch_floor,
		const struct covey_addr *vtep, const char *identity);
void roster_remove(struct group_roster *roster, size_t seat);

/*
 * When something changed: begin the next generation, hand its changes to each() in parts, and
 * return true. Else false.
 */
bool roster_publish(struct group_roster *roster,
		    void (*each)(const struct roster_part *part, void *arg), void *arg);

/* Hand over the published roster, whole. To be called when nothing is unpublished. */
void roster_full(const struct group_roster *roster,
		 void (*each)(const struct roster_part *part, void *arg), void *arg);
