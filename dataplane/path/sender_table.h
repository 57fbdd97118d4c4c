/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Which senders may send in an SA, and with which keys. Immutable. The SenderID is the index. It is
 * made from a roster (control/sender_table_make.h). */

#include "cipher.h"
#include <stdint.h>

/* What a packet needs to know of its sender, and nothing else, so that it lies in one cache line.
 */
struct sender {
	const struct cipher_key *key; /* in the keyring; NULL: the sender is not on the roster */
	uint8_t address[16];          /* VTEP, as in struct covey_addr */
	uint16_t family;
	uint16_t epoch_floor;
};

_Static_assert(sizeof(struct sender) == 32, "two senders on a cache line");

struct sender_table {
	uint32_t size; /* of senders: the highest SenderID plus 1 */
	struct sender senders[] __attribute__((aligned(32)));
};

/* The SenderID's place in the table, or NULL when the table is shorter. The place itself is not
 * read. */
static inline const struct sender *sender_table_place(const struct sender_table *table,
						      uint16_t sender_id)
{
	return sender_id < table->size ? &table->senders[sender_id] : NULL;
}

/* NULL when sender_id is not on the roster. */
static inline const struct sender *sender_table_find(const struct sender_table *table,
						     uint16_t sender_id)
{
	const struct sender *sender = sender_table_place(table, sender_id);

	return sender && sender->key ? sender : NULL;
}
