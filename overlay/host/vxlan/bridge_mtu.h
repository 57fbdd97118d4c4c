/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Bridges that VXLAN devices are ports of, and the other ports of these: a bridge drops what is
 * longer than the MTU of the port by which it would leave, and tells nobody. So none of them may
 * have a larger MTU than what fits through the VXLAN device.
 */

#include <covey/error.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vxlan_devices;

struct bridge_link {
	char name[IFNAMSIZ];
	unsigned index;
	unsigned master; /* index of the bridge that it is a port of; 0: none */
	uint32_t mtu;
	bool bridge; /* it is one */
};

struct bridge_links {
	struct bridge_link *list; /* by master */
	size_t count;
};

/* Bridges, and ports of bridges, of this network namespace. Free with bridge_links_free(). */
int bridge_links_list(struct bridge_links *ret_links, struct covey_error *error);
void bridge_links_free(struct bridge_links *links);

/* One whose MTU is too large. */
struct bridge_excess {
	char name[IFNAMSIZ];
	char device[IFNAMSIZ]; /* the VXLAN device */
	uint32_t has, fits;
	bool bridge; /* it is the bridge itself, otherwise another port of it */
};

/*
 * Find them, at most max. devices: those of our port. family: of the VTEPs. mtu: as
 * vxlan_mtu_exceeds(); 0: each device's own MTU fits. Pure. Returns how many.
 */
size_t bridge_mtu_find(const struct bridge_links *links, const struct vxlan_devices *devices,
		       int family, uint16_t mtu, struct bridge_excess *ret_list, size_t max);
/* In words: what it is, what it means, and what to do. */
void bridge_mtu_explain(const struct bridge_excess *excess, struct covey_error *ret_text);

/* So many are named. */
#define BRIDGE_EXCESS_MAX 32

struct peer_log;

/* Those of which the operator was told. All zero: none. */
struct bridge_told {
	struct bridge_excess list[BRIDGE_EXCESS_MAX];
	size_t count;
};

/* Look at the kernel's, and log those that are new, or have another MTU. */
void bridge_mtu_tell(struct bridge_told *told, const struct vxlan_devices *devices, int family,
		     uint16_t mtu, struct peer_log *log);
