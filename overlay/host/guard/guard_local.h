/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The inward part of the guard, as text. Its rules say what local users and containers may not send
 * to VXLAN's port, which messages about VTEPs the kernel must not get, and who gets decrypted
 * packets. Pure.
 *
 * One bit of a packet's mark says that the packet came through a VXLAN device: the device's egress
 * hook sets it. A process needs CAP_NET_ADMIN or CAP_NET_RAW to set it. A mark does not cross
 * network namespaces, but for one way: a macvlan or a VLAN of an interface of this host, in a
 * container, hands packets to that interface as they are. Where the kernel keeps its interfaces, a
 * packet therefore needs a token, too (guard_token.h).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "guard_ports.h"
#include "vxlan_devices.h"

/* The comment of the rule that delivers decrypted packets, and the name of the chain at the hook of
 * the host interface. */
#define GUARD_LOCAL_DELIVERED "VXLAN, decrypted"
#define GUARD_LOCAL_EGRESS    "local_egress"

struct inventory_host;
struct steer;

struct guard_local {
	const char *host_interface; /* towards the kernel: "covey0" */
	bool present;               /* that interface exists */
	bool unbound;               /* leave its hook out: covey-host will replace this guard */
	uint32_t mark;              /* the bit, as a mask */
	uint32_t token;             /* guard_token_draw(); 0: none is asked for */
	uint64_t source;            /* secret_source_draw(); 0: none is given */
	struct guard_ports held; /* a tunnel device holds each of these ports, so nobody else can */
	bool elsewhere;          /* VXLAN devices in other namespaces may send through covey */
	const struct inventory_host *hosts; /* the hosts whose VTEPs the rules protect */
	size_t host_count;
};

/*
 * Write the chains for the guard's inet table. fabric_interface: it has rules of its own; NULL:
 * there is no such interface. steer: the kernel keeps its interfaces; NULL: it does not.
 */
void guard_local_write_inet(FILE *stream, const struct guard_local *local,
			    const char *fabric_interface, const struct steer *steer,
			    const struct guard_ports *ports);

/* Write the chains for the guard's netdev table. They are bound to the host interface, which must
 * exist, and to the one that steer forwards to. steer: as above. */
void guard_local_write_netdev(FILE *stream, const struct guard_local *local,
			      const struct steer *steer, const struct guard_ports *ports);

/* The name of the netdev table whose chains set the mark: covey_guard_covey0/mark. */
#define GUARD_MARKS_NAME_SIZE (sizeof("covey_guard_/mark") + 3 * (IFNAMSIZ - 1))
void guard_marks_name(const char *host_interface, char *ret_name);

/* Write one transaction after which these devices set the mark, and no others do. */
void guard_local_write_marks(FILE *stream, const struct guard_local *local,
			     const struct vxlan_devices *devices);

/* Write one transaction after which no device sets the mark. */
void guard_local_write_marks_removal(FILE *stream, const char *host_interface);
