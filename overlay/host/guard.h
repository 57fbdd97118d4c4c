/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The guard: nftables rules of covey's own (`nft list table inet covey_guard_fab0`) that keep clear
 * VXLAN off the fabric interface while the dataplane is not there to do so. covey's own packets do
 * not pass through them. Stays until guard_down(), whatever becomes of the process.
 */

#include <covey/error.h>

#include "guard_rules.h"

/* What guard_up() put up, read back from the kernel. */
struct guard_standing {
	enum guard_device_hooks hooks;
	unsigned index;            /* of the interface; 0: it is not there */
	unsigned host_index;       /* likewise, of the host interface */
	char *listing;             /* both tables without counters, to tell a change by; owned */
	struct covey_error weaker; /* what it does not hold back, and why; empty: nothing */
};

/*
 * Install, or replace in one transaction, then read back and compare: a failure that passes is
 * tried again, a few times within half a second. When the kernel or the device has no hooks of its
 * own, what can be had is installed and weaker says what that lets through: whether to run so is
 * the caller's to decide. The device need not be there: then weaker says when its hooks come.
 * Returns 0 and fills *ret_standing (guard_standing_free), or a negative errno.
 */
int guard_up(const struct guard_config *config, struct guard_standing *ret_standing,
	     struct covey_error *error);

/* 0 as long as the kernel has what guard_up() put up, bound to the same device; -ENOENT or -EEXIST
 * and what differs; another negative errno when that cannot be read. */
int guard_check(const struct guard_config *config, const struct guard_standing *standing,
		struct covey_error *error);

/* Of the host interface that the guard is to be bound to; 0: of none. */
unsigned guard_host_index(const struct guard_config *config);

/* The interfaces are those that it was put up for. */
bool guard_is_bound(const struct guard_config *config, const struct guard_standing *standing);

void guard_standing_free(struct guard_standing *standing);

/* Remove the guard of this interface, and no other's. 0 also when there is none. */
int guard_down(const char *interface, struct covey_error *error);
