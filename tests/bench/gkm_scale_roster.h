/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What a member must know of a Roster to answer it, read without its entries. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct roster_head {
	const char *group; /* within the message, without a final zero */
	size_t group_len;
	uint64_t generation;
	bool full;
	bool more;
};

/* False when the message is no Roster, or malformed. */
bool roster_head_read(const uint8_t *message, size_t len, struct roster_head *ret_head);
