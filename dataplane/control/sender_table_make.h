/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Makes the table in which workers look up senders from an SA's roster, as the key manager sends
 * it. */

#include "keyring.h"
#include <covey/sa.h>
#include <sender_table.h>

/*
 * Make a table with keys from keyring. epoch_floors has the highest floor so far of each SenderID.
 * The table gets that or the roster's floor, whichever is higher; epoch_floors itself does not
 * change. -EINVAL (SenderID 0 or twice, epoch floor 0, VTEP without address), -E2BIG, -ENOMEM,
 * -EIO. Free it with sender_table_free().
 */
int sender_table_make(struct keyring *keyring, const struct covey_roster_entry *roster,
		      size_t count, const uint16_t *epoch_floors, struct sender_table **ret_table);
/* NULL-safe. */
void sender_table_free(struct sender_table *table);

/* Raise epoch_floors to those of the table. */
void sender_table_raise_epoch_floors(const struct sender_table *table, uint16_t *epoch_floors);
