/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A NIC in memory: two net_ring ports of a program, at whose other end a generator sits, in another
 * process or another thread. Whoever starts the program orders the NIC by its environment, so that
 * a program need not know of it (bench_nic_preload.c).
 */

#include <covey/error.h>
#include <rte_mbuf.h>
#include <rte_ring.h>
#include <stdbool.h>

#define BENCH_NIC_VARIABLE "COVEY_BENCH_NIC"
#define BENCH_NIC_PORTS    2u
/* The devices' names: port 0 towards hosts, in clear; port 1 towards the fabric. */
#define BENCH_NIC_PLAIN  "net_ring_bench0"
#define BENCH_NIC_FABRIC "net_ring_bench1"

struct bench_nic_order {
	int fd;         /* to the one who ordered; takes a byte when the ports are there */
	unsigned count; /* packets; all belong to the generator, and come back to it */
	unsigned room;  /* bytes of each behind the headroom */
	unsigned slots; /* of each ring, a power of two */
	int cpu;        /* of the generator's thread; -1: it is another process */
};

struct bench_nic {
	struct rte_ring *in[BENCH_NIC_PORTS];  /* to the program */
	struct rte_ring *out[BENCH_NIC_PORTS]; /* from it */
	unsigned count;
	unsigned slots;
	struct rte_mbuf *packets[];
};

/* Is one ordered? */
bool bench_nic_is_ordered(struct bench_nic_order *ret_order);
/* The variable's value for an order. */
void bench_nic_write_order(const struct bench_nic_order *order, char *text, size_t size);

/* In the program, after EAL is up: rings, packets, and the two ports. */
int bench_nic_make(const struct bench_nic_order *order, struct bench_nic **ret_nic,
		   struct covey_error *error);
/* Say that it is there. */
void bench_nic_is_made(const struct bench_nic_order *order);
/* In a secondary process of the program. NULL: it has none. */
struct bench_nic *bench_nic_find(void);
