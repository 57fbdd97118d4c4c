/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * `covey-host --guard on|off|keep`, and what of it a running covey-host needs.
 */

#include <covey/error.h>
#include <stddef.h>
#include <stdint.h>

#include "guard_rules.h"
#include "options.h"

struct foreign_vxlan;
struct inventory;
struct inventory_host;

/* What the guard is called after: the fabric interface, or, of a fabric port that the kernel does
 * not drive, the host interface. As the inventory names it. */
const char *guard_interface_of(const struct inventory_host *self);

/* All but the interface, whose name has to be found. */
struct guard_config guard_config_of(const struct inventory *inventory,
				    const struct inventory_host *self, bool af_packet);

/*
 * Which ports of others' VXLAN devices (found; may be none) the guard is to drop: none unless the
 * inventory says so, and then the kernel's default as well, before there is a device of it.
 * ret_ports has room for GUARD_FOREIGN_MAX, sorted. Returns how many.
 */
size_t guard_foreign_ports(const struct inventory *inventory, const struct inventory_host *self,
			   const struct foreign_vxlan *found, size_t count, uint16_t *ret_ports);

/* Whether to run with a guard that is weaker (its text; empty: it is not) on an interface that is
 * present: -EOPNOTSUPP unless the inventory allows it. */
int guard_accept(const struct inventory_host *self, bool present, const char *weaker,
		 struct covey_error *error);

/* Put it up once, and say how it stands. */
int guard_command_on(const struct inventory *inventory, const struct inventory_host *self,
		     struct covey_error *error);

/* `keep` returns after SIGTERM or SIGINT, and tells the service manager when the guard is up. */
int guard_command(enum guard_command command, const struct inventory *inventory,
		  const struct inventory_host *self, struct covey_error *error);
