/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* An SA's roster, as the key manager tells it, made into the table that workers look senders up in.
 */

#include "keyring.h"
#include <covey/sa.h>
#include <sender_table.h>

/*
 * Make a table with the keys of keyring. epoch_floors, by SenderID, are the highest so far: a
 * sender gets the higher of its own and that; they are not changed. -EINVAL (SenderID 0 or twice,
 * epoch floor 0, VTEP without address), -E2BIG, -ENOMEM, -EIO. roster_free() ends it.
 */
int roster_make(struct keyring *keyring, const struct covey_roster_entry *roster, size_t count,
		const uint16_t *epoch_floors, struct sender_table **ret_table);
/* NULL-safe. */
void roster_free(struct sender_table *table);

/* Raise epoch floors to those of the table. */
void roster_raise_epoch_floors(const struct sender_table *table, uint16_t *epoch_floors);
