/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A port: DPDK's Ethernet device with its queues, and what a worker without packets can wait for
 * until a queue has some. When DPDK opens the queues of a kernel interface one at a time, DPDK sees
 * several devices. For us they are one port.
 */

#include <covey/error.h>
#include <dataplane.h>
#include <stdbool.h>
#include <stdint.h>

struct rte_mbuf;
struct rte_mempool;

#define PORT_NAME_MAX   64
#define PORT_QUEUES_MAX 64
/* Packets in the deepest ring of a port, which is AF_XDP's. */
#define PORT_RING_MAX 2048u

struct port_queue {
	/*
	 * Receive or send at most count packets. Returns how many. Packets that were received
	 * belong to the caller, packets that were sent to the queue. A worker knows nothing else of
	 * a queue: a port of another kind can bring another function.
	 */
	uint16_t (*burst)(const struct port_queue *queue, struct rte_mbuf **packets,
			  uint16_t count);
	uint16_t device; /* DPDK's port id */
	uint16_t number; /* of the queue in the device */
	/* For receive queues: a descriptor that poll(2) reports as readable when packets wait. -1:
	 * there is none, and the worker sleeps for short times instead. */
	int fd;
};

struct port {
	uint16_t id; /* DPDK's port id; that of the first device, if there are several */
	struct rte_mempool *pool; /* what its queues receive into */
	uint16_t device_count;
	uint16_t devices[PORT_QUEUES_MAX];
	uint16_t rx_count;
	uint16_t tx_count;
	struct port_queue rx[PORT_QUEUES_MAX];
	struct port_queue tx[PORT_QUEUES_MAX];
	char name[PORT_NAME_MAX]; /* what the operator calls it: the interface's name */
	char spread[64];          /* how it spreads packets over its receive queues, as text */
};

/* The number of workers that EAL was started for. A port is asked for as many queues. */
unsigned port_workers(void);

/* What a port that is not open yet will need of the packet buffers. */
struct port_demand {
	bool af_xdp;        /* it may be an AF_XDP port */
	unsigned rx_queues; /* 1 to PORT_QUEUES_MAX */
};

/*
 * The packet buffers that both ports share, so that a packet goes from one port to the other
 * without a copy (AF_XDP sends from its own memory). mtu: the larger of the two ports' MTUs. If one
 * of the ports may be AF_XDP, the buffers have the form that the kernel wants for it: one page
 * each, without gaps. All other drivers accept these, too.
 *
 * There are as many buffers as both ports' rings and the workers can hold at once. AF_XDP takes
 * back sent buffers only when it sends again. So if the pool could become empty, it could stay
 * empty.
 *
 * NULL when out of memory, or when AF_XDP is asked for and the MTU is above port_af_xdp_mtu_max().
 */
struct rte_mempool *port_pool_new(uint16_t mtu, const struct port_demand demands[2],
				  struct covey_error *ret_error);
void port_pool_free(struct rte_mempool *pool);

/* The largest MTU with which a frame, and all that comes before it in a page, fits into one page.
 */
uint16_t port_af_xdp_mtu_max(void);

/*
 * Attach the device and set up its queues with buffers from pool. devargs are DPDK's, such as
 * "net_af_xdp_fabric,iface=eth1". If EAL has a device of that name already, that device is used.
 * The port gets one receive and one transmit queue for each worker, if the device has as many, and
 * all receive queues that the kernel fills. name is for people. mtu: bytes of an IP packet; 0 keeps
 * the device's own. The port carries no packets before port_start().
 *
 * Returns 0 or a negative errno. After a failure nothing stays attached.
 */
int port_open(const char *devargs, const char *name, uint16_t mtu, struct rte_mempool *pool,
	      struct port **ret_port, struct covey_error *ret_error);
/* Attach another device. Its queues are added after those that the port has. -E2BIG above
 * PORT_QUEUES_MAX. After a failure the port is as it was. */
int port_extend(struct port *port, const char *devargs, uint16_t mtu, struct rte_mempool *pool,
		struct covey_error *ret_error);
int port_start(struct port *port, struct covey_error *ret_error);
void port_stop(struct port *port);
/* Detach and free. NULL-safe. */
void port_close(struct port *port);

/* What a person may want to know of a port. Counters may be a moment old. */
void port_read(const struct port *port, struct dataplane_port_status *ret_status);
