/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * One group as its members' sessions see it: its configuration, its state machine, and what they
 * ask of the program around them.
 */

#include <covey/error.h>

#include "group.h"
#include "inventory.h"
#include "sender_ids.h"

struct served_group {
	const struct inventory_group *config;
	struct group *group;
	struct sender_ids requested; /* SenderIDs chosen, but not committed yet: bindings.h */

	/* Given by whoever runs the group. */
	/* Something happened to the group: settle it soon, once for all that happens until then. */
	void (*wake)(void *arg);
	/* Begin an SA if the group has none to send on. */
	int (*ensure_sa)(void *arg, struct covey_error *error);
	void *arg;
};
