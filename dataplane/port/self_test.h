/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Sends packets of random sizes by one port and looks whether they come out of another port as they
 * were, in their order. Both ports join packets and cut them, and so does the kernel between them:
 * a kernel that does it wrongly is found out before it carries a tenant's packets.
 *
 * The caller brings the ports, and what is between them. They are ports of the kinds that serve, in
 * network namespaces of their own. Nothing here needs a worker.
 */

#include <covey/addr.h>
#include <covey/error.h>
#include <stdbool.h>
#include <stdint.h>

struct port;
struct rte_mempool;

struct self_test {
	const struct port *from, *to; /* their first queues are used */
	struct rte_mempool *pool;
	struct covey_addr source, destination; /* of one family */
	uint16_t udp_port;                     /* VPE's, or VXLAN's */
	uint16_t mtu;                          /* bytes of the longest IP packet */
	bool checksums;       /* VXLAN: each outer UDP checksum is there, not some */
	unsigned bursts;      /* each of up to PORT_BURST_MAX packets */
	unsigned patience_ms; /* how long the next packet of a burst may take to come */
	uint64_t seed;        /* the same seed makes the same packets */
};

/*
 * Between two ports on the kernel's sockets (port_open_kernel()): datagrams of one window, in runs
 * of equal length with a tail of the same length or a shorter one.
 *
 * 0: all came as they were. -EBADMSG: some did not, or did not come; the error says which.
 * -ETIMEDOUT (not even single packets come), -ENOBUFS, -ENOMEM: nothing can be said.
 */
int self_test_sockets(const struct self_test *test, struct covey_error *error);

/* The same between two TAP ports (port_open_tap()): VXLAN with the segments of a TCP flow, or the
 * datagrams of a UDP flow, that are joined and cut. */
int self_test_taps(const struct self_test *test, struct covey_error *error);
