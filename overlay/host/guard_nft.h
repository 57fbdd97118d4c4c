/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * nftables by libnftables: the one file that knows that library.
 */

#include <covey/error.h>
#include <stdbool.h>

/* Run these commands, in one transaction: all of them, or none. -EOPNOTSUPP: the kernel cannot. */
int guard_nft_run(const char *commands, struct covey_error *error);

/*
 * List an interface's two tables as text, without counters unless asked: one that is not there is
 * left out. *ret_text is the caller's to free. Text, for libnftables 1.0.6 leaves the device of an
 * egress chain out of its JSON.
 */
int guard_nft_list(const char *interface, bool counters, char **ret_text,
		   struct covey_error *error);
