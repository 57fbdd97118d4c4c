/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The fabric port on the kernel's sockets, as its own files see it. Packets have the form that they
 * have on any port: Ethernet, IP, UDP, VPE. On the way out, the kernel makes headers of its own
 * from what is in them: addresses, source port, traffic class, TTL (kernel_tx.c). On the way in,
 * they are made again from what the kernel tells (kernel_rx.c).
 */

#include "groups.h"
#include "port.h"
#include "port_counters.h"

#include <group.h>
#include <sys/uio.h>

/* A datagram that the kernel has gathered from several is no longer than one of UDP can be. */
#define KERNEL_GATHERED_MAX 65535u
/* Ethernet, IPv6, UDP. */
#define KERNEL_HEADERS_MAX (14u + 40u + 8u)
/* covey_udp_source_port(): how many there are, and the lowest. */
#define KERNEL_SOURCE_PORTS     0x4000u
#define KERNEL_SOURCE_PORT_BASE 0xc000u

/* A socket that one worker reads, and what is left of what it has read. */
struct kernel_rx {
	int fd;
	uint16_t packet_max; /* bytes of the longest IP packet that a buffer holds */
	bool ipv6;
	uint16_t port; /* VPE's */
	struct rte_mempool *pool;
	struct port_counters counters;
	uint32_t at, len, size; /* of gathered: how far, how much, and of each datagram */
	unsigned headers_len;
	uint8_t host_mac[6];
	uint8_t headers[KERNEL_HEADERS_MAX];
	uint8_t gathered[KERNEL_GATHERED_MAX];
} __attribute__((aligned(64)));

/* The sockets of one worker's windows, opened when first used, and the packets that will leave in
 * the next call. */
struct kernel_tx {
	struct covey_addr vtep;
	uint16_t port; /* VPE's */
	bool segments; /* the kernel cuts what leaves in one send */
	uint32_t mark;
	const struct groups *groups;
	struct port_counters counters;
	struct group group;
	struct rte_mbuf *held[GROUP_SEGMENTS_MAX];
	struct iovec parts[GROUP_SEGMENTS_MAX]; /* of each packet: what is behind UDP's header */
	uint16_t via[KERNEL_SOURCE_PORTS]; /* whose socket a source port uses: its own, mostly */
	/* By source port. -1: not open. The last one has a port that the kernel chose. It is open
	 * from the start, for windows whose ports other programs hold. */
	int fds[KERNEL_SOURCE_PORTS + 1];
} __attribute__((aligned(64)));

uint16_t kernel_receive(const struct port_queue *queue, struct rte_mbuf **packets, uint16_t max);
/* Has it gathered more than it gave out? */
bool kernel_has_more(const struct port_queue *queue);

void kernel_tx_begin(struct kernel_tx *tx);
/* When VTEP and mark are set. 0, or a negative errno. */
int kernel_tx_open_spare(struct kernel_tx *tx);
void kernel_tx_end(struct kernel_tx *tx);
/* Takes all packets. The last ones wait for kernel_flush(), or for one that cannot leave with them.
 * What could not be sent is counted. */
uint16_t kernel_transmit(const struct port_queue *queue, struct rte_mbuf **packets, uint16_t count);
void kernel_flush(const struct port_queue *queue);
