/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What a group has sent and received in SAs that are removed by now, and what came from each sender
 * in them. Workers count in what belongs to an SA (sa.h, windows.h), which goes with it. The
 * control thread adds it up here when no worker uses the SA any more. So another key does not begin
 * at 0, and a packet costs nothing for it.
 */

#include <covey/addr.h>
#include <dataplane.h>
#include <sender_table.h>
#include <stddef.h>
#include <stdint.h>
#include <windows.h>

struct sa_record;

struct tally_sender {
	uint16_t sender_id;
	struct covey_addr vtep;
	struct window_received received;
};

struct tally {
	struct tally_sender *senders; /* sorted by SenderID */
	size_t count;
	struct dataplane_group_counters group;
};

/*
 * Have room for all senders of an SA's table, so that tally_add() needs no memory. What came from a
 * SenderID begins at 0 if another address has it now. -ENOMEM; then nothing changes.
 */
int tally_expect(struct tally *tally, const struct sender_table *table);
/* Add what was counted in an SA. What came from others than tally_expect() was told counts for the
 * group alone. */
void tally_add(struct tally *tally, const struct sa_record *record, unsigned workers);
/* Begin at 0, and free its memory. */
void tally_clear(struct tally *tally);

/* The same sums with an SA that is still there. list: of count senders, as in a tally. */
void tally_add_windows(struct tally_sender *list, size_t count, const struct windows *windows);
void tally_add_group(struct dataplane_group_counters *sum, const struct sa_record *record,
		     unsigned workers);
