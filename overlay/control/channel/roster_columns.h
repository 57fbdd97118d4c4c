/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The columns of a Roster message: senders are written to them and read from them one by one.
 */

#include <covey/addr.h>
#include <covey/error.h>
#include <covey/limits.h>
#include <stddef.h>
#include <stdint.h>

#include "message.h"

struct roster_row {
	uint16_t sender_id;
	uint16_t epoch_floor;
	struct covey_addr vtep;
	const char *host; /* its name, host_len bytes; need not end with a zero byte */
	size_t host_len;
};

/* Memory for one message's columns; zero count to begin with. */
struct roster_columns {
	size_t count;
	size_t vteps_len;
	size_t hosts_len;
	bool floors_matter; /* at least one of them is above 1 */
	uint32_t sender_ids[COVEY_ROSTER_ENTRIES_PER_MESSAGE];
	uint32_t epoch_floors[COVEY_ROSTER_ENTRIES_PER_MESSAGE];
	uint8_t vteps[COVEY_ROSTER_ENTRIES_PER_MESSAGE * 16];
	uint8_t hosts[COVEY_ROSTER_ENTRIES_PER_MESSAGE * (COVEY_NAME_MAX + 1)];
};

/* Begin again. The memory is not zeroed, because it is large. */
void roster_columns_clear(struct roster_columns *columns);
/*
 * Returns 0, -ENOSPC when COVEY_ROSTER_ENTRIES_PER_MESSAGE senders are in it already, or -EINVAL
 * for a name that is too long or an address of another family than the earlier ones.
 */
int roster_columns_add(struct roster_columns *columns, const struct roster_row *row);
/* Let the message point to the columns. They must live as long as it does. */
void roster_columns_fill(const struct roster_columns *columns, Covey__Roster *ret_message);

/* Reads a message from a peer, and checks all of it. */
struct roster_reader {
	const Covey__Roster *message;
	size_t at;
	size_t vtep_len;
	const char *host; /* of the next sender */
};

/* Check the columns' lengths. Returns 0 or -EPROTO. */
int roster_reader_init(struct roster_reader *reader, const Covey__Roster *message,
		       struct covey_error *error);
/*
 * Read the next sender. Returns 1; 0 after the last one; or -EPROTO for a value out of range, or a
 * host name that is empty, too long or not printable ASCII. host points into the message.
 */
int roster_reader_next(struct roster_reader *reader, struct roster_row *ret_row,
		       struct covey_error *error);
