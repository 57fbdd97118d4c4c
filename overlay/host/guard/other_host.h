/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What another covey-host does to the guard that this one keeps: the operator's `--guard on` or
 * `off`, or another process that keeps it, too.
 */

#include <covey/error.h>
#include <stdbool.h>

#include "guard_events.h"
#include "installed_guard.h"

/* Is this a program of our name that is not us? own_name: as nftables' events give it. */
bool other_host_is(const struct guard_author *author, const char *own_name);

/*
 * Accept what another covey-host left. *ret_accepted false: it must be put right. If there is no
 * guard, that is accepted only if the other covey-host itself has removed it (removed): somebody
 * else may have done that since. yields: accept a guard that is not ours.
 */
int other_host_accept(struct installed_guard *guard, bool removed, bool yields, bool *ret_accepted,
		      struct covey_error *error);

/*
 * Before a keeper or `--guard on` puts its guard up for the first time, as a bump in the wire: if a
 * covey-host has put up one before, take over what that knows. So nothing changes, and no packet is
 * lost. Foreign ports stay, by what the inventory says now (guard_config_add_standing).
 */
int other_host_find(struct installed_guard *guard, struct covey_error *error);

/*
 * Before a keeper puts its guard up: what another covey-host has changed last may not have reached
 * it yet, or never will, as when the kernel had no room for more events. So take over the token of
 * what stands, and open nothing that is closed in it.
 */
int other_host_follow(struct installed_guard *guard, struct covey_error *error);
