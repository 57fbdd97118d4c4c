/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The table by which this process holds clear VXLAN back on the uplinks while the guard is away
 * (steer.h). It ends with the process, and the guard stays.
 */

#include <covey/error.h>

struct guard_config;
struct guard_nft;
struct steer;

struct steer_own {
	struct guard_nft *nft; /* what owns the table; NULL: there is none */
};

/* Make the table for these uplinks, or make it anew. */
int steer_own_set(struct steer_own *own, const struct guard_config *config,
		  const struct steer *uplinks, struct covey_error *error);
/* Remove it. */
void steer_own_end(struct steer_own *own);
