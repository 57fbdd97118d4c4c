/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The kernel's VXLAN devices of this network namespace, by netlink. Those whose socket is in
 * another namespace, because they came from there, are left out: they neither hold our port nor
 * send by our interfaces.
 */

#include <covey/error.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

/* Of what `ip -d link` shows of one device. Three times what Linux 6.18 has. */
#define VXLAN_SETTINGS_MAX 1024

struct vxlan_device {
	char name[IFNAMSIZ];
	unsigned index;
	bool up;     /* then its socket is open */
	bool holder; /* ours, or another covey-host's (port_holder.h) */
	/* IFLA_INFO_DATA as the kernel told it, in netlink's form. */
	uint16_t settings_len;
	_Alignas(4) uint8_t settings[VXLAN_SETTINGS_MAX];
};

struct vxlan_devices {
	struct vxlan_device *list; /* by index */
	size_t count;
};

/* Those of this UDP port; free with vxlan_devices_free(). 0 or negative errno. */
int vxlan_devices_list(uint16_t port, struct vxlan_devices *ret_devices, struct covey_error *error);
void vxlan_devices_free(struct vxlan_devices *devices);
