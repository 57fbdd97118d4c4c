/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The packets of one core. All dataplanes work on the same ones, in the same order; before each
 * round they are made anew, which is not timed.
 *
 * A packet is an Ethernet frame with the outer packet of VXLAN: IPv4, UDP, VXLAN, and noise for
 * the tenant's frame. Its size is that of the IP packet.
 */

#include <covey/error.h>
#include <rte_mbuf.h>
#include <stdbool.h>
#include <stdint.h>

#define BENCH_BURST 32u
/* As many as a receive queue has descriptors. */
#define BENCH_PACKETS      512u
#define BENCH_ETHERNET_LEN 14u
#define BENCH_IP_LEN       20u
#define BENCH_SIZE_MIN     64u
#define BENCH_SIZE_MAX     9000u
#define BENCH_HEADROOM_MAX 64u
/* Flows, by UDP source port: VPE spreads them over its windows. */
#define BENCH_FLOWS 64u

/* The sender that encrypts and the receiver that decrypts. */
#define BENCH_SENDER_ADDRESS   0x0a000002u /* 10.0.0.2 */
#define BENCH_RECEIVER_ADDRESS 0x0a000001u
#define BENCH_GROUP_ADDRESS    0xef010101u /* 239.1.1.1 */
#define BENCH_VNI              100u

struct bench_layout {
	unsigned size;     /* bytes of the IP packet; 0: a mix (bench_mix_size()) */
	unsigned headroom; /* bytes beside DPDK's usual ones */
	unsigned segments; /* 1, or 2: split in the middle */
	bool multicast;    /* to a group instead of the receiver */
};

struct bench_buffers {
	struct rte_mempool *small; /* 2 KiB and a little, as drivers have them */
	struct rte_mempool *large; /* a jumbo frame in one piece */
	struct bench_layout layout;
	uint64_t bytes; /* of all IP packets */
	struct rte_mbuf *packets[BENCH_PACKETS];
	struct rte_mbuf *seconds[BENCH_PACKETS]; /* second segments */
	uint16_t sizes[BENCH_PACKETS];
	uint8_t *noise; /* what packets are made of */
};

/* number: for the names of its pools. Complains about memory. */
int bench_buffers_open(struct bench_buffers *buffers, unsigned number, struct covey_error *error);
void bench_buffers_close(struct bench_buffers *buffers);

/* Take other buffers as the size needs them. -ENOMEM. */
int bench_buffers_lay(struct bench_buffers *buffers, const struct bench_layout *layout,
		      struct covey_error *error);

/* Some packets are not ours any more: take none back. */
void bench_buffers_forget(struct bench_buffers *buffers);

/* Make all packets anew. Fills burst with them, in order: BENCH_PACKETS pointers. */
void bench_buffers_reset(const struct bench_buffers *buffers, struct rte_mbuf **burst);

/* Is what stands in the buffers, behind the IP headers, what reset wrote? */
bool bench_buffers_intact(const struct bench_buffers *buffers);

/* The size of packet index of a mix: 7 of 64, 4 of 570, 1 of 1500 bytes. */
uint16_t bench_mix_size(unsigned index);

/* Write the headers of a frame from the sender whose IP packet has size bytes. DSCP: 0..63. */
void bench_frame_write(uint8_t *frame, uint16_t size, unsigned flow, uint8_t dscp,
		       uint32_t destination);
