/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The table by which this process holds clear VXLAN back on the uplinks while the guard is away,
 * and steers what the guard would let pass in clear (own_rules.h). It ends with the process, and
 * the guard stays.
 */

#include <covey/error.h>
#include <stdbool.h>

struct guard_config;
struct guard_nft;

struct steer_own {
	bool steers;           /* for covey-host itself: see own_rules_write() */
	struct guard_nft *nft; /* what owns the table; NULL: there is none */
	char *rules;           /* the table, as text */
	unsigned to_index;     /* the interface that it steers to */
};

/*
 * Make the table for the uplinks of this configuration, or make it anew if it is another one.
 * guard_rules: run these in the same transaction, so that at no time the two contradict each other;
 * NULL: there are none. After a failure all is as it was.
 */
int steer_own_set(struct steer_own *own, const struct guard_config *config, const char *guard_rules,
		  struct covey_error *error);
/* 0 if the kernel has the table as it was made. Otherwise a negative errno, and the table is made
 * anew the next time. */
int steer_own_check(struct steer_own *own, const struct guard_config *config,
		    struct covey_error *error);
/* The table as nft lists it, with its counters; empty text: there is none. *ret_text is the
 * caller's to free. */
int steer_own_list(const struct steer_own *own, const char *host_interface, char **ret_text,
		   struct covey_error *error);
/* Remove it. */
void steer_own_end(struct steer_own *own);
