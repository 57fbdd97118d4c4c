/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The kernel bounds how many multicast groups one socket joins (net.ipv4.igmp_max_memberships, 20
 * by default), and all VXLAN devices of a port share a socket. The device whose group is one too
 * many does not come up: "No buffer space available".
 */

#include <covey/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vxlan_devices;

/* What the kernel says; 0: it says nothing. */
unsigned group_limit_read(void);

/* How many IPv4 groups the devices of this port have, those that are down as well: for each
 * interface under them, one more. */
size_t group_limit_wanted(const struct vxlan_devices *devices, uint16_t port);

/* Are there more than the limit allows? Then text says so, with the name of a device that is down,
 * if there is one. */
bool group_limit_explain(const struct vxlan_devices *devices, uint16_t port, unsigned limit,
			 struct covey_error *text);
