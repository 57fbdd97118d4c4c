/* SPDX-License-Identifier: BSD-3-Clause */
/* The packet buffers of all ports. */

#include <errno.h>
#include <rte_errno.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_memzone.h>

#include "port.h"

#define NAME "covey_packets"
/* The length of an AF_XDP ring. A receive queue keeps one ring full of buffers. A transmit queue
 * can have a ring of them before the kernel and another one after it. */
#define XDP_RING PORT_RING_MAX
/* Other drivers copy packets, or have rings of this length (port_queues.c). */
#define RING 1024u
/* What a worker can hold: its own cache, which may grow to one and a half times its size, bursts,
 * and what others have handed over to it, at most a ring. */
#define POOL_CACHE     256u
#define WORKER_PACKETS (2 * POOL_CACHE + PORT_RING_MAX)
/* The least number of buffers, for drivers of another kind. */
#define PACKETS_MIN 8191u
/* What AF_XDP's kernel side keeps free before a frame (XDP_PACKET_HEADROOM), and an Ethernet header
 * with two tags. */
#define FRAME_ROOM (256 + RTE_ETHER_HDR_LEN + 2 * RTE_VLAN_HLEN)
#define PAGE       4096u

static unsigned ring_packets(const struct port_demand *demand)
{
	unsigned tx_queues = RTE_MIN(demand->rx_queues, port_workers());

	return demand->af_xdp ? XDP_RING * (demand->rx_queues + 2 * tx_queues)
			      : RING * (demand->rx_queues + tx_queues);
}

static unsigned pool_packets(const struct port_demand demands[2])
{
	unsigned packets = ring_packets(&demands[0]) + ring_packets(&demands[1]) +
			   WORKER_PACKETS * port_workers();

	return RTE_MAX(packets, PACKETS_MIN);
}

/* Length of a buffer with its headroom in bytes. AF_PACKET needs buffers as large as its slots
 * (af_packet.c). */
static uint16_t pool_room(uint16_t mtu)
{
	uint32_t frame = mtu + FRAME_ROOM;
	uint32_t room = RTE_MBUF_DEFAULT_DATAROOM;

	if (frame > room)
		room = RTE_ALIGN(frame, PAGE);
	return (uint16_t)RTE_MIN(room + RTE_PKTMBUF_HEADROOM, (uint32_t)UINT16_MAX);
}

/* --- AF_XDP: buffers of one page each, without gaps ------------------------------------------ */

/*
 * DPDK 22.11 tells the kernel that a pool's buffers follow each other without gaps: their number
 * times the length of one. But it lets no buffer cross a page. So shorter buffers have gaps between
 * them, and the kernel refuses those beyond the length that it was told. Each refused receive
 * buffer is lost, until the queue has none left. Buffers of exactly one page have no gaps.
 */

/* The bytes in a page before the buffer. */
static uint32_t page_start(void)
{
	struct rte_mempool_objsz size;

	rte_mempool_calc_obj_size(PAGE, RTE_MEMPOOL_F_NO_SPREAD, &size);
	return size.header_size + (uint32_t)sizeof(struct rte_mbuf);
}

uint16_t port_af_xdp_mtu_max(void)
{
	return (uint16_t)(PAGE - page_start() - RTE_PKTMBUF_HEADROOM - FRAME_ROOM);
}

static void free_zone(struct rte_mempool_memhdr *chunk, void *zone)
{
	(void)chunk;
	rte_memzone_free(zone);
}

/* All buffers are in one piece of memory, which begins at a page. */
static int fill_pages(struct rte_mempool *pool)
{
	size_t size =
		(size_t)pool->size * rte_mempool_calc_obj_size(pool->elt_size, pool->flags, NULL);
	const struct rte_memzone *zone =
		rte_memzone_reserve_aligned(NAME, size, pool->socket_id, 0, PAGE);
	int count;

	if (!zone)
		return -rte_errno;
	count = rte_mempool_populate_virt(pool, zone->addr, size, PAGE, free_zone,
					  (void *)(uintptr_t)zone);
	if (count <= 0)
		rte_memzone_free(zone);
	return count == (int)pool->size ? 0 : -ENOMEM;
}

static struct rte_mempool *new_pages(unsigned packets, uint16_t room)
{
	struct rte_pktmbuf_pool_private private = {.mbuf_data_room_size = room};
	struct rte_mempool *pool =
		rte_mempool_create_empty(NAME, packets, sizeof(struct rte_mbuf) + room, POOL_CACHE,
					 sizeof(private), SOCKET_ID_ANY, RTE_MEMPOOL_F_NO_SPREAD);
	int status;

	if (!pool)
		return NULL;
	status = rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), NULL);
	if (!status) {
		rte_pktmbuf_pool_init(pool, &private);
		status = fill_pages(pool);
	}
	if (status) {
		rte_mempool_free(pool);
		rte_errno = -status;
		return NULL;
	}
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	return pool;
}

/* --------------------------------------------------------------------------------------------- */

static struct rte_mempool *new_pool(const struct port_demand demands[2], uint16_t mtu, bool af_xdp)
{
	unsigned packets = pool_packets(demands);

	return af_xdp ? new_pages(packets, (uint16_t)(PAGE - page_start()))
		      : rte_pktmbuf_pool_create(NAME, packets, POOL_CACHE, 0, pool_room(mtu),
						SOCKET_ID_ANY);
}

struct rte_mempool *port_pool_new(uint16_t mtu, const struct port_demand demands[2],
				  struct covey_error *error)
{
	bool af_xdp = demands[0].af_xdp || demands[1].af_xdp;
	struct rte_mempool *pool;

	if (af_xdp && mtu > port_af_xdp_mtu_max()) {
		covey_error_set(error, 0, "AF_XDP carries an MTU of at most %u, and it is %u",
				port_af_xdp_mtu_max(), mtu);
		return NULL;
	}
	pool = new_pool(demands, mtu, af_xdp);
	if (!pool)
		covey_error_set(error, 0,
				"cannot allocate %u packet buffers (%s): give the machine more "
				"free memory or fewer reserved hugepages",
				pool_packets(demands), rte_strerror(rte_errno));
	return pool;
}

uint16_t port_pool_mtu_max(const struct rte_mempool *pool)
{
	uint32_t room = rte_pktmbuf_data_room_size((struct rte_mempool *)(uintptr_t)pool) -
			RTE_PKTMBUF_HEADROOM;

	return (uint16_t)(room - RTE_ETHER_HDR_LEN - 2 * RTE_VLAN_HLEN);
}

void port_pool_free(struct rte_mempool *pool)
{
	rte_mempool_free(pool);
}
