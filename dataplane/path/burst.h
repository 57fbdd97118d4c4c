/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What both directions do with a burst of packets. */

#include "engine.h"
#include "recognise.h"
#include <rte_mbuf.h>
#include <rte_prefetch.h>

/* A verdict that is no reason to drop. */
#define NO_DROP COVEY_DROP_COUNT

/* How many packets ahead of the cipher a packet's text is fetched, and at most how much of it:
 * where it is longer, the CPU's own prefetcher has found its way. */
#define FETCH_AHEAD 2
#define FETCH_LINES 32

/*
 * What a device or another core wrote lies in no cache of ours. All that a burst's first stage
 * looks at is asked for before it begins, so that it comes side by side: the buffers' descriptors,
 * and around the first byte of each frame the cache lines first to last. All fetching is to the
 * second level of caches: it waits for about twice as many lines at once as the first (measured on
 * Zen 4).
 */
static __rte_always_inline void burst_fetch(struct rte_mbuf *const *packets, unsigned count,
					    int first, int last)
{
	for (unsigned i = 0; i < count; i++)
		rte_prefetch1(packets[i]);
	for (unsigned i = 0; i < count; i++) {
		const uint8_t *data = rte_pktmbuf_mtod(packets[i], const uint8_t *);

		for (int line = first; line <= last; line++)
			rte_prefetch1(data + line * RTE_CACHE_LINE_SIZE);
	}
}

/*
 * Ask for what the cipher will read behind the first line of a packet's text: the CPU's own
 * prefetcher begins anew with each packet. Four lines at a time: where they are in the cache
 * already, the loop would take longer than what it does.
 */
static __rte_always_inline void burst_fetch_text(const uint8_t *text, size_t len)
{
	const size_t line = RTE_CACHE_LINE_SIZE;
	const uint8_t *end = text + RTE_MIN(len, FETCH_LINES * line);

	for (text = RTE_PTR_ALIGN_FLOOR(text, line) + line; text + 3 * line < end;
	     text += 4 * line) {
		rte_prefetch1(text);
		rte_prefetch1(text + line);
		rte_prefetch1(text + 2 * line);
		rte_prefetch1(text + 3 * line);
	}
	for (; text < end; text += line)
		rte_prefetch1(text);
}

/* Free and count a packet and leave a hole in the burst. */
static inline void burst_drop(struct engine_worker *worker, struct rte_mbuf **slot,
			      enum covey_drop reason)
{
	counter_add(&worker->counters.drops[reason], 1);
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

/* What the frame is that begins in the packet's first buffer: the quick way, else the slow one. */
static inline void burst_classify(const struct engine_worker *worker, const struct rte_mbuf *packet,
				  struct frame *ret_frame)
{
	const struct classifier *classifier = &worker->engine->classifier;
	const uint8_t *data = rte_pktmbuf_mtod(packet, const uint8_t *);
	struct frame walked;

	if (likely(recognise_frame(classifier, data, packet->data_len, packet->pkt_len, ret_frame)))
		return;
	/* Not into ret_frame, whose address would escape: so it can stay in registers. */
	classify_frame(classifier, data, packet->data_len, packet->pkt_len, &walked);
	*ret_frame = walked;
}
