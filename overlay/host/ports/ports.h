/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The two ports of this host, from the inventory: the fabric interface and the interface that covey
 * makes for the kernel. DPDK's environment (EAL) is opened first.
 */

#include <covey/error.h>
#include <inventory.h>
#include <stdbool.h>
#include <stdint.h>

#include "port_plan.h"

struct card;
struct rte_mempool;

#define PORTS_NOTICES_MAX 32

/* IPv6's minimum link MTU (RFC 8200 section 5), which a fabric of either family should carry. */
#define PORTS_HOST_MTU_MIN 1280

/* No network carries more. Some interfaces, such as veth, are given far larger MTUs. */
#define PORTS_NETWORK_MTU_MAX 9216u

struct ports {
	struct card *card; /* the fabric interface's settings; NULL: the kernel does not drive it */
	struct port *fabric;
	struct port *host;
	struct rte_mempool *pool;
	uint16_t fabric_mtu; /* bytes of an IP packet */
	uint16_t host_mtu;   /* the same less the overhead of VPE */
	uint16_t mtu_max;    /* up to this, fabric_mtu may change while the ports are open */
	bool cramped;        /* there was no memory for the mtu_max that was wanted */
	/* HOST_PORT_VETH, _TAP or _DEVICE: what it is, also where the inventory leaves it open */
	enum host_port_kind host_kind;
	char steer_to[16]; /* covey_fabric_port: kernel: where the guard steers VXLAN */
	bool fabric_af_xdp;
	bool host_af_xdp;
	struct link_redirect *redirect; /* XDP program of the fabric interface; NULL: libxdp's */
	struct covey_error no_redirect; /* why it is libxdp's */
	bool fabric_af_packet;  /* the kernel sees a copy of each fabric packet: the guard must drop
				   it */
	bool gathers;           /* the fabric port has the kernel gather packets */
	char fabric_driver[32]; /* "net_af_xdp", for the log */
	uint8_t host_mac[6];    /* a bump in the wire: what the host interface got, and keeps */
	char uplinks[64];       /* their names, for people; empty: there are none */
	struct port_plan plan;
	struct covey_error notices[PORTS_NOTICES_MAX]; /* what is less than it could be, and why */
	unsigned notice_count;
};

/* Returns 0 and sets *ret_ports, or a negative errno. Call ports_close() after the dataplane is
 * closed. */
int ports_open(const struct inventory *inventory, const struct inventory_host *host,
	       struct ports **ret_ports, struct covey_error *error);
/* Close the ports. The kernel's side of a veth pair stays, with its addresses. NULL-safe. */
void ports_close(struct ports *ports);

/* -EMSGSIZE when an interface with this MTU leaves too little to the host. */
int ports_check_mtu(const struct inventory *inventory, const char *interface, uint16_t mtu,
		    struct covey_error *error);

/*
 * The uplinks, which the kernel keeps, have another MTU: take it for the ports and the host
 * interface, or as much of it as the packet buffers hold: ports->mtu_max. Sessions, SAs and what
 * fits are as they were. Returns 0 or a negative errno.
 */
int ports_set_mtu(const struct inventory *inventory, const struct inventory_host *host,
		  struct ports *ports, uint16_t mtu, struct covey_error *error);

/* True when ports that are opened anew would use more of this MTU of the uplinks. */
bool ports_would_grow(const struct ports *ports, uint16_t mtu);

/* Tell this to the operator. For the code that opens a port. */
__attribute__((format(printf, 2, 3))) void ports_note(struct ports *ports, const char *format, ...);
