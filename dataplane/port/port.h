/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A port: DPDK's Ethernet device with its queues, and what an idle worker can sleep on until one
 * has packets. A kernel interface whose queues DPDK opens one at a time is several devices to it
 * and one port to us.
 */

#include <covey/error.h>
#include <dataplane.h>
#include <stdbool.h>
#include <stdint.h>

struct rte_mbuf;
struct rte_mempool;

#define PORT_NAME_MAX   64
#define PORT_QUEUES_MAX 64
/* Packets that the deepest ring of a port holds: AF_XDP's. */
#define PORT_RING_MAX 2048u

struct port_queue {
	/*
	 * Receive or send at most count packets; returns how many. Received packets become the
	 * caller's, sent ones the queue's. All that a worker knows of a queue is this function: a
	 * port of another kind brings another one.
	 */
	uint16_t (*burst)(const struct port_queue *queue, struct rte_mbuf **packets,
			  uint16_t count);
	uint16_t device; /* DPDK's port id */
	uint16_t number; /* of the queue in it */
	/* Receive queues: a descriptor that poll(2) reports readable when packets wait; -1: none,
	 * the worker naps instead. */
	int fd;
};

struct port {
	uint16_t id;              /* DPDK's port id; of several devices, the first */
	struct rte_mempool *pool; /* what its queues receive into */
	uint16_t device_count;
	uint16_t devices[PORT_QUEUES_MAX];
	uint16_t rx_count;
	uint16_t tx_count;
	struct port_queue rx[PORT_QUEUES_MAX];
	struct port_queue tx[PORT_QUEUES_MAX];
	char name[PORT_NAME_MAX]; /* what the operator calls it: the interface */
	char spread[64];          /* how it spreads packets over its receive queues, for people */
};

/* How many workers EAL was started for: the queues that a port is asked for. */
unsigned port_workers(void);

/* What a port will want of the packet buffers, before it is open. */
struct port_demand {
	bool af_xdp;        /* it may be an AF_XDP port */
	unsigned rx_queues; /* 1 to PORT_QUEUES_MAX */
};

/*
 * The packet buffers that both ports share, so that a packet crosses from one to the other without
 * a copy (AF_XDP sends in place what lies in its own memory). mtu: the larger of the two ports'
 * MTUs. If either port may be AF_XDP, the buffers are such as the kernel takes from it: one page
 * each, without gaps; any other driver takes these too. There are as many as both ports' rings and
 * the workers can hold at once: AF_XDP takes a sent buffer back when it sends again, so a pool that
 * can be empty could stay so.
 *
 * NULL when out of memory, or when AF_XDP is asked for and the MTU is above port_af_xdp_mtu_max().
 */
struct rte_mempool *port_pool_new(uint16_t mtu, const struct port_demand demands[2],
				  struct covey_error *ret_error);
void port_pool_free(struct rte_mempool *pool);

/* The largest MTU with which a frame fits into a page behind all that stands before it there. */
uint16_t port_af_xdp_mtu_max(void);

/*
 * Attach the device (DPDK devargs such as "net_af_xdp_fabric,iface=eth1"; a device that EAL knows
 * already by that name is used as it is) and set up its queues from pool: a receive and a transmit
 * queue for each worker as far as it has them, and all receive queues that the kernel feeds. name
 * is for people. mtu: bytes of an IP packet, 0 to leave the device's own. The port carries no
 * packets before port_start().
 *
 * Returns 0 or a negative errno; on failure nothing stays attached.
 */
int port_open(const char *devargs, const char *name, uint16_t mtu, struct rte_mempool *pool,
	      struct port **ret_port, struct covey_error *ret_error);
/* Attach another device, whose queues follow those that the port has. -E2BIG above PORT_QUEUES_MAX.
 * On failure the port is as it was. */
int port_extend(struct port *port, const char *devargs, uint16_t mtu, struct rte_mempool *pool,
		struct covey_error *ret_error);
int port_start(struct port *port, struct covey_error *ret_error);
void port_stop(struct port *port);
/* Detach and free. NULL-safe. */
void port_close(struct port *port);

/* What people may know of it. Counters may be a moment old. */
void port_read(const struct port *port, struct dataplane_port_status *ret_status);
