/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The guard: nftables rules of covey's own (`nft list table inet covey_guard_fab0`) that keep clear
 * VXLAN off the fabric interface while the dataplane is not there to do so. covey's own packets do
 * not pass through them. Stays until guard_down(), whatever becomes of the process.
 */

#include <covey/error.h>

#include "guard_rules.h"

/*
 * Install, or replace in one transaction. The device need not exist: then its own hooks are left
 * out, and the rules by interface name hold. Returns 0 or a negative errno; on 0, *ret_warning says
 * what this kernel could not do, or is empty.
 */
int guard_up(const struct guard_config *config, struct covey_error *ret_warning,
	     struct covey_error *error);

/* Remove the guard of this interface, and no other's. 0 also when there is none. */
int guard_down(const char *interface, struct covey_error *error);
