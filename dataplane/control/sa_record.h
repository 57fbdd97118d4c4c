/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * One installed SA, from install to remove. Some of it stays for its whole life. Its parts are
 * published, and are always replaced as a whole.
 */

#include "keyring.h"
#include "sender_table_make.h"
#include <sa.h>

struct dataplane;
struct tally;

/* The parts that are published. */
struct sa_parts {
	struct sender_table *senders;
	struct sa_tx *tx; /* NULL when we may not send */
	struct sa_rx *rx;
};

struct sa_record {
	struct sa_record *next;
	uint32_t spi;
	uint32_t group;
	enum covey_sa_state state;
	uint16_t epoch;
	struct keyring *keyring;
	uint16_t *epoch_floors; /* by SenderID, the highest so far */
	struct windows *windows;
	struct sa_tx_state *tx_states;
	_Atomic uint64_t tx_shared; /* how many packets of the hard limit workers have taken */
	struct sa_rx_state *rx_states;
	struct tally *tally; /* the group's */
	struct sa_parts parts;
};

/* Make a record without parts. -EINVAL, -ENOMEM, -ERANGE. */
int sa_record_new(const struct dataplane *dataplane, const struct covey_sa *sa,
		  struct sa_record **ret_record);
/* Wipe and free it with its parts. NULL-safe. */
void sa_record_free(struct sa_record *record, unsigned workers);

/* NULL when no such SA is installed. */
struct sa_record *sa_record_find(const struct dataplane *dataplane, uint32_t spi);

/* Make parts for the record from the roster and from the epoch and rights in sa. -EINVAL, -E2BIG,
 * -ENOMEM, -EIO. */
int sa_record_make_parts(const struct dataplane *dataplane, struct sa_record *record,
			 const struct covey_sa *sa, const struct covey_roster_entry *roster,
			 size_t roster_count, struct sa_parts *ret_parts);
/* Make parts with another roster. All else is as in the record's parts. -EINVAL, -E2BIG, -ENOMEM,
 * -EIO. */
int sa_record_make_roster(struct sa_record *record, const struct covey_roster_entry *roster,
			  size_t roster_count, struct sa_parts *ret_parts);
void sa_parts_free(struct sa_parts *parts);

/* Put parts into the record, raise its epoch floors, and return the parts that were there before.
 */
struct sa_parts sa_record_swap(struct sa_record *record, struct sa_parts parts);
/* Wipe the keys of senders that are in the old table and not in the record's table. */
void sa_record_forget_senders(struct sa_record *record, const struct sender_table *old);
/* Wipe the keys that were expanded for parts that could not be made. */
void sa_record_forget_failed(struct sa_record *record, const struct covey_roster_entry *roster,
			     size_t roster_count);
