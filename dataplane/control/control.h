/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The control thread's view of groups and SAs, from which it builds snapshots. Every change goes
 * the same way: make what is new, point the records to it, publish, free what was replaced.
 */

#include "keyring.h"
#include <engine.h>
#include <sadb.h>

struct group_record {
	uint32_t *vnis;
	size_t vni_count;
};

/* One installed SA, from install to remove. */
struct sa_record {
	struct sa_record *next;
	uint32_t spi;
	uint32_t group;
	enum covey_sa_state state;
	uint16_t epoch;
	struct keyring *keyring;
	uint16_t *floors; /* by SenderID, the highest epoch floor so far */
	struct windows *windows;
	struct sa_tx_state *tx_states;
	_Atomic uint64_t tx_shared; /* packets of the hard limit that workers have taken */
	struct sa_rx_state *rx_states;
	/* published, replaced as a whole: */
	struct roster *roster;
	struct sa_tx *tx; /* NULL when we may not send */
	struct sa_rx *rx;
};

struct control {
	struct ciphers *ciphers;
	struct kdf *kdf;
	struct vnis *vnis;
	struct sadb *spare; /* the snapshot that no worker holds */
	struct sa_record *sas;
	struct group_record groups[COVEY_GROUPS_PER_HOST_MAX];
};

/* For so many workers. -ENOMEM, -ENOTSUP. */
int control_new(unsigned workers, struct control **ret_control, struct covey_error *error);
/* No worker is online. Wipes all keys. NULL-safe. */
void control_free(struct control *control, unsigned workers);

/* Publish the records as they are now; return when no worker holds an older snapshot. */
void control_publish(struct engine *engine);

/* NULL when there is none. */
struct sa_record *control_find(const struct control *control, uint32_t spi);

/* --- records (record.c) -------------------------------------------------------------------- */

/* What a record publishes. */
struct sa_parts {
	struct roster *roster;
	struct sa_tx *tx;
	struct sa_rx *rx;
};

/* Make a record with all that outlives a publication, without parts. -EINVAL, -ENOMEM, -ERANGE. */
int record_new(const struct engine *engine, const struct covey_sa *sa,
	       struct sa_record **ret_record);
/* Wipe and free, parts included. NULL-safe. */
void record_free(struct sa_record *record, unsigned workers);

/* Make parts for the record as sa (its epoch and rights count) and roster say. -EINVAL, -E2BIG,
 * -ENOMEM, -EIO. */
int record_make_parts(const struct engine *engine, struct sa_record *record,
		      const struct covey_sa *sa, const struct covey_roster_entry *roster,
		      size_t roster_count, struct sa_parts *ret_parts);
/* Make parts with another roster, otherwise as the record's; -EINVAL, -E2BIG, -ENOMEM, -EIO. */
int record_make_roster(struct sa_record *record, const struct covey_roster_entry *roster,
		       size_t roster_count, struct sa_parts *ret_parts);
void parts_free(struct sa_parts *parts);

/* Put parts into the record, raise its epoch floors and return what was there before. */
struct sa_parts record_swap(struct sa_record *record, struct sa_parts parts);
/* Wipe the keys of senders that were on the old roster and are not on the record's. */
void record_forget_senders(struct sa_record *record, const struct roster *old);
/* Wipe the keys that were expanded for parts which could not be made. */
void record_forget_failed(struct sa_record *record, const struct covey_roster_entry *roster,
			  size_t roster_count);
