/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Two fabric ports on the kernel's sockets, in two namespaces with a wire between them, and packets
 * from one to the other.
 */

#include "lab.h"
#include "namespaces.h"
#include "port.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ENDS_MTU         1500u
#define ENDS_SOURCE_PORT 0xc805u
/* Of Ethernet, IP and UDP. */
#define ENDS_HEADERS(ipv6) ((ipv6) ? 62u : 42u)

struct ends {
	bool ipv6;
	struct port *near, *far;
};

/* A packet that the near end sends. */
struct sent {
	struct covey_addr to;
	uint16_t source_port;
	uint8_t traffic_class;
	uint16_t len; /* behind UDP's header */
	uint8_t fill;
};

/* Open the port of one end: 0 is near, 1 is far. */
int ends_open_port(unsigned which, bool ipv6, bool offload, struct port **ret_port,
		   struct covey_error *ret_error);
/* Open both ends, or fail. */
void ends_open(struct ends *ends, bool ipv6, bool offload);
/* Close both; no packet may be left. */
void ends_close(struct ends *ends);

uint64_t ends_drops(const struct port *port, enum covey_drop reason);

/* The packet as the engine writes it (outer.h): byte by byte. */
struct rte_mbuf *ends_packet(const struct sent *sent);
/* Send these from the near end's namespace. */
void ends_transmit(const struct port *port, struct rte_mbuf **packets, uint16_t count);
void ends_send(const struct port *port, const struct sent *sent);
/* Wait for the next packet of the port's queue: 0 is unicast, 1 multicast. */
struct rte_mbuf *ends_receive(const struct port *port, unsigned queue);
/* The next packet is this one. */
void ends_expect(const struct port *port, unsigned queue, const struct sent *sent);
/* Whatever was refused, the next packet passes. */
void ends_expect_passes(const struct ends *ends);

/* For cmocka: the namespaces and DPDK's environment. */
int ends_begin(void **state);
int ends_end(void **state);
