/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * How often the guard was put back after somebody had changed it: what `covey show` tells, how many
 * lines the log gets, and how often it may happen.
 */

#include <stdbool.h>
#include <stdint.h>

#include "guard_events.h"

/* Somebody may remove the guard each time it is put back. */
#define GUARD_RESTORES_PER_S 10u

/* All zero at the start. Times are ms of the monotonic clock. */
struct guard_restores {
	uint64_t count;
	char last[64];    /* who made the last one necessary, "nft (process 12)"; empty: nobody */
	uint64_t last_at; /* when; 0: never */
	uint64_t logged_at, unlogged;
	uint64_t second; /* in which `spent` restores were made */
	unsigned spent;
};

/* False: it was put back so often in this second that it must wait. */
bool guard_restores_may(struct guard_restores *restores, uint64_t now_ms);

/* Somebody's change (what) on the interface was undone, by us or by another covey-host. Logs at
 * most one line a minute, which says how many restores it stands for. */
void guard_restores_count(struct guard_restores *restores, const char *interface, const char *what,
			  const struct guard_author *author, uint64_t now_ms);
