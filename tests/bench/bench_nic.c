/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench_nic.h"
#include <errno.h>
#include <rte_eth_ring.h>
#include <rte_memzone.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME "covey_bench_nic"
/* Some programs keep notes beside a packet; ipsec-secgw's take less. */
#define PRIVATE_BYTES 512u

/* --- ordering ------------------------------------------------------------------------------ */

bool bench_nic_is_ordered(struct bench_nic_order *ret_order)
{
	const char *text = getenv(BENCH_NIC_VARIABLE);
	struct bench_nic_order order;

	if (!text || sscanf(text, "%d:%u:%u:%u:%d", &order.fd, &order.count, &order.room,
			    &order.slots, &order.cpu) != 5)
		return false;
	*ret_order = order;
	return true;
}

void bench_nic_write_order(const struct bench_nic_order *order, char *text, size_t size)
{
	snprintf(text, size, "%d:%u:%u:%u:%d", order->fd, order->count, order->room, order->slots,
		 order->cpu);
}

void bench_nic_is_made(const struct bench_nic_order *order)
{
	/* When nobody listens any more, the program is about to be killed. */
	if (write(order->fd, "", 1) < 0)
		perror(NAME);
}

/* --- making -------------------------------------------------------------------------------- */

static int make_packets(const struct bench_nic_order *order, struct bench_nic *nic,
			struct covey_error *error)
{
	struct rte_mempool *pool =
		rte_pktmbuf_pool_create(NAME, order->count, 0, PRIVATE_BYTES,
					(uint16_t)(RTE_PKTMBUF_HEADROOM + order->room), 0);

	nic->count = order->count;
	if (!pool || rte_pktmbuf_alloc_bulk(pool, nic->packets, order->count) != 0)
		return covey_error_set(error, -ENOMEM, "no memory for the %u packets of the NIC",
				       order->count);
	return 0;
}

static struct rte_ring *make_ring(const char *name, unsigned port, unsigned slots)
{
	char text[RTE_RING_NAMESIZE];

	snprintf(text, sizeof(text), NAME "_%s%u", name, port);
	return rte_ring_create(text, slots, 0, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

static int make_port(struct bench_nic *nic, unsigned port, struct covey_error *error)
{
	char name[16];

	nic->in[port] = make_ring("in", port, nic->slots);
	nic->out[port] = make_ring("out", port, nic->slots);
	if (!nic->in[port] || !nic->out[port])
		return covey_error_set(error, -ENOMEM, "no memory for the rings of the NIC");
	snprintf(name, sizeof(name), "bench%u", port);
	if (rte_eth_from_rings(name, &nic->in[port], 1, &nic->out[port], 1, 0) < 0)
		return covey_error_set(error, -ENODEV, "DPDK makes no port of two rings");
	return 0;
}

int bench_nic_make(const struct bench_nic_order *order, struct bench_nic **ret_nic,
		   struct covey_error *error)
{
	size_t size = sizeof(struct bench_nic) + order->count * sizeof(struct rte_mbuf *);
	const struct rte_memzone *zone = rte_memzone_reserve(NAME, size, 0, 0);
	struct bench_nic *nic;
	int status;

	if (!zone)
		return covey_error_set(error, -ENOMEM, "no memory for the NIC");
	nic = zone->addr;
	nic->slots = order->slots;
	status = make_packets(order, nic, error);
	for (unsigned port = 0; port < BENCH_NIC_PORTS && status == 0; port++)
		status = make_port(nic, port, error);
	if (status == 0)
		*ret_nic = nic;
	return status;
}

struct bench_nic *bench_nic_find(void)
{
	const struct rte_memzone *zone = rte_memzone_lookup(NAME);

	return zone ? zone->addr : NULL;
}
