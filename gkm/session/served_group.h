/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * One group, as its members' sessions see it: its configuration, its state machine, and what the
 * sessions ask of the rest of the program.
 */

#include <covey/error.h>

#include "group.h"
#include "inventory.h"
#include "sender_ids.h"

struct served_group {
	const struct inventory_group *config;
	struct group *group;
	struct sender_ids
		requested; /* SenderIDs that are chosen but not committed yet: bindings.h */

	/* Whoever runs the group sets these. */
	/* Something happened to the group: settle it soon, once for all that happens until then. */
	void (*wake)(void *arg);
	/* Begin an SA if the group has no SA to send on. -EINPROGRESS: what it needs is being
	 * written, and it begins by itself. */
	int (*ensure_sa)(void *arg, struct covey_error *error);
	/* Write the group's mode to disk. Whoever is told why it cannot be is told elsewhere.
	 * -EINPROGRESS: mode_kept() follows. */
	int (*keep_mode)(void *arg, const struct mode_record *record);
	void *arg;
};
