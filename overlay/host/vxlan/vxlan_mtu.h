/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Does what a VXLAN device sends fit? Pure. A device that was there before covey does not know how
 * much encryption adds. */

#include <covey/error.h>
#include <stdbool.h>
#include <stdint.h>

struct vxlan_device;

struct vxlan_mtu {
	uint32_t fits; /* the largest MTU that the device may have */
	uint32_t more; /* by how much the uplinks' MTU is too small for the device's */
};

/* family: of the VTEPs. mtu: of the longest VXLAN packet that may leave before it is encrypted.
 * True, and *ret_mtu is set, if the device's own MTU is too large for it. */
bool vxlan_mtu_exceeds(const struct vxlan_device *device, int family, uint16_t mtu,
		       struct vxlan_mtu *ret_mtu);

/* The longest IP packet that the device sends. */
uint32_t vxlan_mtu_packet(const struct vxlan_device *device, int family);

/* What becomes of tenants' packets that do not fit. */
enum vxlan_long {
	VXLAN_LONG_CUT,     /* the kernel keeps the card: covey cuts, fragments or answers them */
	VXLAN_LONG_DROPPED, /* the kernel cuts the outer packet, whose fragments are dropped */
};

/* The same in words: what it is, what it means, and what to do. */
bool vxlan_mtu_explain(const struct vxlan_device *device, int family, uint16_t mtu,
		       enum vxlan_long what, struct covey_error *ret_text);
