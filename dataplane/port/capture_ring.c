/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture_ring.h"

#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_ring_elem.h>
#include <stdlib.h>
#include <string.h>

#include "counter.h"

_Static_assert(sizeof(struct capture_record) % 4 == 0, "a ring holds it");

/* In a cache line of its own, as rings of other workers may be its neighbours. */
struct capture_ring {
	struct rte_ring *records;
	uint64_t missed; /* the worker counts */
} __rte_cache_aligned;

struct capture_ring *capture_ring_new(void)
{
	const ssize_t wanted =
		rte_ring_get_memsize_elem(sizeof(struct capture_record), CAPTURE_RING_PACKETS);
	const size_t size = RTE_ALIGN_CEIL((size_t)wanted, RTE_CACHE_LINE_SIZE);
	struct capture_ring *ring = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*ring));

	if (!ring)
		return NULL;
	ring->missed = 0;
	ring->records = aligned_alloc(RTE_CACHE_LINE_SIZE, size);
	if (!ring->records) {
		free(ring);
		return NULL;
	}
	/* Its pages are there before the worker needs them. */
	memset(ring->records, 0, size);
	rte_ring_init(ring->records, "capture", CAPTURE_RING_PACKETS,
		      RING_F_SP_ENQ | RING_F_SC_DEQ);
	return ring;
}

void capture_ring_free(struct capture_ring *ring)
{
	if (!ring)
		return;
	free(ring->records);
	free(ring);
}

static void put(struct capture_ring *ring, struct capture_record *record)
{
	if (rte_ring_sp_enqueue_elem(ring->records, record, sizeof(*record)) != 0)
		counter_add(&ring->missed, 1);
}

/* A flood is not worth copying. */
static bool is_full(struct capture_ring *ring)
{
	if (!rte_ring_full(ring->records))
		return false;
	counter_add(&ring->missed, 1);
	return true;
}

/* A packet may claim more bytes than its buffers have. */
static uint16_t copy(const struct rte_mbuf *segment, uint32_t max, uint8_t *bytes)
{
	uint32_t len = 0;

	for (; segment && len < max; segment = segment->next) {
		uint32_t here = RTE_MIN(segment->data_len, max - len);

		memcpy(bytes + len, rte_pktmbuf_mtod(segment, const uint8_t *), here);
		len += here;
	}
	return (uint16_t)len;
}

void capture_ring_keep(struct capture_ring *ring, enum covey_drop reason,
		       const struct rte_mbuf *packet, uint32_t max)
{
	struct capture_record record;

	if (is_full(ring))
		return;
	memset(&record, 0, sizeof(record));
	record.tsc = rte_rdtsc();
	record.full_len = packet->pkt_len;
	record.reason = (uint16_t)reason;
	record.len = copy(packet, RTE_MIN(max, DATAPLANE_CAPTURE_BYTES), record.bytes);
	put(ring, &record);
}

bool capture_ring_take(struct capture_ring *ring, struct capture_record *ret_record)
{
	return rte_ring_sc_dequeue_elem(ring->records, ret_record, sizeof(*ret_record)) == 0;
}

uint64_t capture_ring_missed(const struct capture_ring *ring)
{
	return counter_read(&ring->missed);
}
