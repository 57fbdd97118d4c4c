/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What both directions do with a burst of packets. */

#include "classify_fast.h"
#include "engine.h"
#include <rte_mbuf.h>
#include <rte_prefetch.h>

/* A verdict that is no reason to drop. */
#define NO_DROP COVEY_DROP_COUNT

/* How many packets ahead a frame's first bytes are fetched into the cache. */
#define PREFETCH_AHEAD 4

/* Fetch a frame's first bytes into the cache. */
static inline void burst_prefetch(struct rte_mbuf *const *packets, uint16_t index, uint16_t count)
{
	if (index < count)
		rte_prefetch0(rte_pktmbuf_mtod(packets[index], const void *));
}

/* Free and count a packet and leave a hole in the burst. */
static inline void burst_drop(struct engine_worker *worker, struct rte_mbuf **slot,
			      enum covey_drop reason)
{
	engine_count(&worker->counters.drops[reason], 1);
	rte_pktmbuf_free(*slot);
	*slot = NULL;
}

/* Close the holes; return how many packets are left. */
static inline uint16_t burst_compact(struct rte_mbuf **packets, uint16_t count)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < count; i++)
		if (packets[i])
			packets[kept++] = packets[i];
	return kept;
}

/* Classify the frame in the packet's first buffer. */
static inline void burst_classify(const struct engine_worker *worker, const struct rte_mbuf *packet,
				  struct frame *ret_frame)
{
	const struct classifier *classifier = &worker->engine->classifier;
	const uint8_t *data = rte_pktmbuf_mtod(packet, const uint8_t *);
	struct frame walked;

	if (likely(classify_frame_fast(classifier, data, packet->data_len, packet->pkt_len,
				       ret_frame)))
		return;
	/* Not into ret_frame, whose address would escape: so it can stay in registers. */
	classify_frame(classifier, data, packet->data_len, packet->pkt_len, &walked);
	*ret_frame = walked;
}
