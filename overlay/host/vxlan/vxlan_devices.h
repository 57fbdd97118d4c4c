/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The kernel's VXLAN and Geneve devices of this network namespace, read through netlink. Devices
 * that came from another namespace are left out, because their socket is still there: they neither
 * hold our port nor send through our interfaces.
 */

#include <covey/addr.h>
#include <covey/error.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

struct nlmsghdr;

/* Bytes of one device's settings, which `ip -d link` shows: three times what Linux 6.18 has. */
#define VXLAN_SETTINGS_MAX 1024

enum vxlan_device_kind {
	VXLAN_DEVICE_PLAIN,
	VXLAN_DEVICE_GPE, /* a VXLAN device that sends VXLAN-GPE */
	VXLAN_DEVICE_GENEVE,
};

struct vxlan_device {
	enum vxlan_device_kind kind;
	char name[IFNAMSIZ];
	unsigned index;
	uint32_t vni;  /* 0 also when it has none of its own */
	uint16_t port; /* UDP */
	uint32_t mtu;
	unsigned under;           /* index of the interface that it is bound to; 0: none */
	struct covey_addr remote; /* where it sends by default; family 0: nowhere */
	bool filters;             /* it has a table of VNIs, each perhaps with a group of its own */
	bool up;                  /* then its socket is open */
	bool holder; /* it is a port holder, ours or another covey-host's (port_holder.h) */
	/* IFLA_INFO_DATA as it came from the kernel, in netlink's form. */
	uint16_t settings_len;
	_Alignas(4) uint8_t settings[VXLAN_SETTINGS_MAX];
};

/* What is wrong with a device (its name) that is bound to the host interface (its name) where the
 * kernel keeps its network card. Nobody answers ARP or neighbour discovery there. */
#define VXLAN_MISPLACED                                                                            \
	"VXLAN device %s is bound to %s, and what it sends there to another host does not get to " \
	"the fabric: make it again with an uplink as its `dev`, or without `dev`"

struct vxlan_devices {
	struct vxlan_device *list; /* by index */
	size_t count;
};

/* "VXLAN", "VXLAN-GPE" or "Geneve". */
const char *vxlan_device_kind_name(enum vxlan_device_kind kind);

/* List VXLAN devices, of VXLAN-GPE too; free with vxlan_devices_free(). 0 or negative errno. */
int vxlan_devices_list(struct vxlan_devices *ret_devices, struct covey_error *error);
/* The same, with Geneve's. */
int vxlan_devices_list_all(struct vxlan_devices *ret_devices, struct covey_error *error);
void vxlan_devices_free(struct vxlan_devices *devices);

/* Read what the kernel's message says of an interface. False when that is no VXLAN or Geneve
 * device; *ret_device is undefined then. */
bool vxlan_devices_read(struct nlmsghdr *header, struct vxlan_device *ret_device);

/* The name of a device with this VNI and UDP port. False when there is none, or the kernel does not
 * say. */
bool vxlan_devices_find_vni(uint32_t vni, uint16_t port, char ret_name[IFNAMSIZ]);
