/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * nftables through libnftables. Only this file uses that library.
 */

#include <covey/error.h>
#include <stdbool.h>

/* Run these commands in one transaction: all of them, or none. -EOPNOTSUPP: the kernel or
 * the library does not support what they need. */
int guard_nft_run(const char *commands, struct covey_error *error);

/*
 * List an interface's two tables as text; a table that does not exist is left out. counters: with
 * the values of counters. *ret_text is the caller's to free. This is text because the JSON of
 * libnftables 1.0.6 lacks the device of an egress chain.
 */
int guard_nft_list(const char *interface, bool counters, char **ret_text,
		   struct covey_error *error);

/* List one table of family netdev; empty text when it does not exist. *ret_text is the caller's to
 * free. */
int guard_nft_list_netdev(const char *table, bool counters, char **ret_text,
			  struct covey_error *error);

/*
 * A conversation with the kernel that goes on. A table with the flag `owner` belongs to the
 * conversation that made it, and ends with it.
 */
struct guard_nft;
int guard_nft_open(struct guard_nft **ret_nft, struct covey_error *error);
int guard_nft_run_in(struct guard_nft *nft, const char *commands, struct covey_error *error);
/* NULL-safe. */
void guard_nft_close(struct guard_nft *nft);
