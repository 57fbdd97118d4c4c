/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What follows from an inventory that has changed, for sessions, groups, members and VNIs.
 */

#include <covey/error.h>

struct inventory;
struct inventory_changes;
struct manager;

/*
 * The manager's inventory has taken these changes (update.h of overlay/model). Put them in force.
 * before: has the groups as they were. What ends, ends first, so that no VNI is of two groups at
 * any member. Returns 0, or a negative errno of what went wrong first; the rest is done, and
 * the next call does all of it again, also if there are no changes.
 */
int take_over(struct manager *manager, const struct inventory_changes *changes,
	      const struct inventory *before, struct covey_error *error);
