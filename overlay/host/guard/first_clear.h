/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Which VNIs pass in clear before the key manager has said what mode each group is in.
 */

#include <covey/error.h>

#include "guard_clear.h"

struct inventory;
struct inventory_host;

/* By the modes that the inventory gives to the groups of this host. *ret_clear is
 * guard_clear_free()'s. -ENOMEM. */
int first_clear_of(const struct inventory *inventory, const struct inventory_host *self,
		   struct guard_clear *ret_clear, struct covey_error *error);

/* Take out what no group of the host has any more. -ENOMEM. */
int first_clear_keep_own(const struct inventory *inventory, const struct inventory_host *self,
			 struct guard_clear *clear, struct covey_error *error);

/*
 * What the guard that stands in the kernel lets pass, whoever put it up, of the VNIs of this host's
 * groups: after a restart, that is what the key manager said last. If no guard stands, as after a
 * boot, it is first_clear_of(). None where the kernel does not keep its interfaces. *ret_clear is
 * guard_clear_free()'s.
 */
int first_clear_find(const struct inventory *inventory, const struct inventory_host *self,
		     struct guard_clear *ret_clear, struct covey_error *error);
