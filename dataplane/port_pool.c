/* SPDX-License-Identifier: BSD-3-Clause */
/* The packet buffers of all ports. */

#include <errno.h>
#include <rte_errno.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_memzone.h>

#include "handover.h"
#include "port.h"

#define NAME "covey_packets"
/* AF_XDP keeps up to 2,048 buffers a ring (fill, receive, send, completion) on each port, and fills
 * one for each further receive queue. Other drivers copy, or have rings of their own. */
#define POOL_PACKETS_AF_XDP 16383
#define QUEUE_PACKETS       2048
#define POOL_PACKETS        8191
#define POOL_CACHE          256
/* A further worker: what it fills, sends, and takes over from others. */
#define WORKER_PACKETS (2 * QUEUE_PACKETS + HANDOVER_PACKETS)
/* What AF_XDP's kernel side keeps free before a frame (XDP_PACKET_HEADROOM), and L2 with two tags.
 */
#define FRAME_ROOM (256 + RTE_ETHER_HDR_LEN + 2 * RTE_VLAN_HLEN)
#define PAGE       4096u

static unsigned pool_packets(unsigned rx_queues, bool af_xdp)
{
	unsigned packets =
		af_xdp ? POOL_PACKETS_AF_XDP + QUEUE_PACKETS * (rx_queues - 1) : POOL_PACKETS;

	return packets + WORKER_PACKETS * (port_workers() - 1);
}

/* Bytes of a buffer with its headroom. AF_PACKET wants it as large as its slots, which are whole
 * pages when 2,048 is too small. */
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
 * DPDK 22.11 tells the kernel that a pool's buffers lie side by side: so many times the length of
 * one. It lets none cross a page, so shorter ones have gaps, and those beyond that length the
 * kernel refuses: each that is meant to receive is lost, until the queue has none left.
 */

/* The same for AF_XDP: all that a page has after what stands before. */
static uint16_t page_room(uint16_t mtu)
{
	struct rte_mempool_objsz size;
	uint32_t least = RTE_PKTMBUF_HEADROOM + mtu + FRAME_ROOM;
	uint32_t before;

	rte_mempool_calc_obj_size(PAGE, RTE_MEMPOOL_F_NO_SPREAD, &size);
	before = size.header_size + sizeof(struct rte_mbuf);
	/* More than a page: the kernel says so when a port is opened. */
	return (uint16_t)RTE_MIN(RTE_MAX(RTE_ALIGN(least, RTE_CACHE_LINE_SIZE), PAGE - before),
				 (uint32_t)UINT16_MAX);
}

static void free_zone(struct rte_mempool_memhdr *chunk, void *zone)
{
	(void)chunk;
	rte_memzone_free(zone);
}

/* One piece of memory that begins at a page holds them all. */
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

struct rte_mempool *port_pool_new(uint16_t mtu, unsigned rx_queues, bool af_xdp,
				  struct covey_error *error)
{
	unsigned packets = pool_packets(rx_queues, af_xdp);
	uint16_t room = af_xdp ? page_room(mtu) : pool_room(mtu);
	struct rte_mempool *pool =
		af_xdp ? new_pages(packets, room)
		       : rte_pktmbuf_pool_create(NAME, packets, POOL_CACHE, 0, room, SOCKET_ID_ANY);

	if (!pool)
		covey_error_set(error, 0,
				"cannot allocate %u packet buffers of %u bytes (%s): give the "
				"machine more free memory or fewer reserved hugepages",
				packets, room, rte_strerror(rte_errno));
	return pool;
}

void port_pool_free(struct rte_mempool *pool)
{
	rte_mempool_free(pool);
}
