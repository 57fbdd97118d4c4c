/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Who may send in an SA, and with which key: immutable, direct-indexed by SenderID. It is made from
 * a roster (control/roster.h). */

#include "cipher.h"
#include <stdint.h>

/* All that a packet needs of its sender, and no more: never over two cache lines. */
struct sender {
	const struct cipher_key *key; /* the keyring's; NULL: not on the roster */
	uint8_t address[16];          /* VTEP, as struct covey_addr has it */
	uint16_t family;
	uint16_t epoch_floor;
};

_Static_assert(sizeof(struct sender) == 32, "two senders on a cache line");

struct sender_table {
	uint32_t size; /* of senders: the highest SenderID and 1 */
	struct sender senders[] __attribute__((aligned(32)));
};

/* The SenderID's place in the table, which is not read; NULL when the table ends before. */
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
