/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct foreign_vxlan_watch;
struct guard_watch;
struct vxlan_watch;

/* The state of the guard, read back now. watch: NULL when there is no guard. */
json_t *show_guard(struct guard_watch *watch);

/* The VXLAN devices whose packets covey does not encrypt, looked for now, and whether the guard
 * drops these packets, as of its last look. guard may be NULL. passes: they pass by the inventory,
 * with VNIs of the fabric, too. */
json_t *show_foreign(struct foreign_vxlan_watch *watch, const struct guard_watch *guard,
		     bool passes);

/* The VXLAN devices whose MTU is too large for what encryption adds. */
json_t *show_too_large(const struct vxlan_watch *watch);
/* Bridges and their ports through which more would come than fits into a VXLAN device. */
json_t *show_bridges(const struct vxlan_watch *watch);
