/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What the guard shall be by the inventory, and whether one that is less will do.
 */

#include <covey/error.h>
#include <stddef.h>
#include <stdint.h>

#include "guard_rules.h"

struct foreign_ports;
struct inventory;
struct inventory_host;

/* The interface that the guard is named after, as the inventory names it: the fabric interface or,
 * if the kernel does not drive the fabric port, the host interface. */
const char *guard_interface_of(const struct inventory_host *self);

/* VXLAN's port, and those of other tunnels that are encrypted. */
struct guard_ports guard_ports_of_inventory(const struct inventory *inventory);

/* The guard's configuration without the interface, whose kernel name must still be found. */
struct guard_config guard_config_of(const struct inventory *inventory,
				    const struct inventory_host *self, bool af_packet);

/*
 * Find the UDP ports of tunnels that are not the fabric's, by those that were found (NULL: none).
 * The guard drops packets to them that have a VNI of the fabric, or, if the inventory says
 * `covey_foreign_vxlan: drop`, all; if it says `pass`, there are none. VXLAN's ports and those of
 * VXLAN-GPE and Geneve are among them even before a device uses them. ret_ports has room for
 * GUARD_FOREIGN_MAX; it is sorted. *ret_left_out: the first port for which there is no room; 0:
 * there is room for all. Returns how many there are.
 */
size_t guard_foreign_ports(const struct inventory *inventory, const struct inventory_host *self,
			   const struct foreign_ports *found, uint16_t *ret_ports,
			   uint16_t *ret_left_out);

/* Add the ports that the guard which stands drops, if there is one: who starts has yet to look for
 * the devices that use them. Returns 0 or a negative errno. */
int guard_config_add_standing(const struct inventory *inventory, const struct inventory_host *self,
			      struct guard_config *config, struct covey_error *error);

/* Returns 0 if covey-host may run with this guard. present: its interface exists. weaker: what the
 * guard does not hold back; empty: nothing. -EOPNOTSUPP when the interface exists and something is
 * not held back, unless the inventory allows that. */
int guard_accept(const struct inventory_host *self, bool present, const char *weaker,
		 struct covey_error *error);
