/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The part of the guard that faces inwards, as text: what local users and containers may not send
 * to VXLAN's port, what the kernel may not be told of VTEPs, and who gets what was decrypted. Pure.
 *
 * That a packet came through a VXLAN device is told by one bit of its mark, which the device's
 * egress hook sets. No process sets it without CAP_NET_ADMIN or CAP_NET_RAW, and it does not cross
 * namespaces.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "vxlan_devices.h"

/* The comment of the rule that delivers, and the chain of the host interface's hook. */
#define GUARD_LOCAL_DELIVERED "VXLAN, decrypted"
#define GUARD_LOCAL_EGRESS    "local_egress"

struct inventory_host;

struct guard_local {
	const char *host_interface; /* towards the kernel: "covey0" */
	bool present;               /* that interface is there */
	bool unbound;               /* leave its hook out: for a guard that covey-host replaces */
	uint32_t mark;              /* the bit, as a mask */
	bool port_held;             /* a VXLAN device holds the port, so nobody else can */
	bool elsewhere;             /* VXLAN devices in other namespaces may send by us */
	const struct inventory_host *hosts; /* whose VTEPs nobody tells the kernel of */
	size_t host_count;
};

/*
 * Chains for the guard's inet table. fabric_interface: which has rules of its own; NULL: there is
 * no such interface.
 */
void guard_local_write_inet(FILE *stream, const struct guard_local *local,
			    const char *fabric_interface, uint16_t vxlan_port);

/* The chain for the guard's netdev table, bound to the host interface, which must be there. */
void guard_local_write_netdev(FILE *stream, const struct guard_local *local, uint16_t vxlan_port);

/* The netdev table of what sets the mark: covey_guard_covey0/mark. */
#define GUARD_MARKS_NAME_SIZE (sizeof("covey_guard_/mark") + 3 * (IFNAMSIZ - 1))
void guard_marks_name(const char *host_interface, char *ret_name);

/* One transaction that has each of these devices, and no other, set the mark. */
void guard_local_write_marks(FILE *stream, const struct guard_local *local,
			     const struct vxlan_devices *devices);

/* One transaction after which none does. */
void guard_local_write_marks_removal(FILE *stream, const char *host_interface);
