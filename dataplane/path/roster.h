/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Who may send in an SA, and with which key: immutable, direct-indexed by SenderID. */

#include "cipher.h"
#include <covey/sa.h>

struct keyring;

/* All that a packet needs of its sender, and no more: never over two cache lines. */
struct roster_entry {
	const struct cipher_key *key; /* the keyring's; NULL: not on the roster */
	uint8_t address[16];          /* VTEP, as struct covey_addr has it */
	uint16_t family;
	uint16_t epoch_floor;
};

_Static_assert(sizeof(struct roster_entry) == 32, "two roster entries on a cache line");

struct roster {
	uint32_t size;  /* of entries: the highest SenderID and 1 */
	uint32_t count; /* of senders */
	struct roster_entry entries[] __attribute__((aligned(32)));
};

/*
 * Build a roster with the keys of keyring. floors, by SenderID, are the highest epoch floors so
 * far: an entry gets the higher of its own and that; they are not changed. -EINVAL (SenderID 0 or
 * twice, VTEP without address), -E2BIG, -ENOMEM, -EIO.
 */
int roster_new(struct keyring *keyring, const struct covey_roster_entry *entries, size_t count,
	       const uint16_t *floors, struct roster **ret_roster);
void roster_free(struct roster *roster);

/* Raise floors to those of the roster. */
void roster_raise_floors(const struct roster *roster, uint16_t *floors);

/* Where sender_id's entry would be, without reading it; NULL when the roster ends before. */
static inline const struct roster_entry *roster_place(const struct roster *roster,
						      uint16_t sender_id)
{
	return sender_id < roster->size ? &roster->entries[sender_id] : NULL;
}

/* NULL when sender_id is not on the roster. */
static inline const struct roster_entry *roster_find(const struct roster *roster,
						     uint16_t sender_id)
{
	if (sender_id >= roster->size || !roster->entries[sender_id].key)
		return NULL;
	return &roster->entries[sender_id];
}
