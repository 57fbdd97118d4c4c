/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What both directions do with a burst of packets. */

#include "engine.h"
#include "recognise.h"
#include <rte_mbuf.h>
#include <rte_prefetch.h>

/* A verdict that is no reason to drop. */
#define NO_DROP COVEY_DROP_COUNT

/* How many packets ahead of the cipher a packet's text is fetched, and how much of it at most. In a
 * longer text, the CPU's own prefetcher takes over. */
#define FETCH_AHEAD 2
#define FETCH_LINES 32

/*
 * What a device or another core has written is not in our caches. All that a burst's first stage
 * reads is requested before that stage begins, so that it arrives in parallel: the buffers'
 * descriptors, and the cache lines first to last, counted from the one with the first byte of each
 * frame. Everything is fetched to the second-level cache, because that can wait for about twice as
 * many lines at once as the first-level cache (measured on Zen 4).
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
 * Fetch what the cipher will read after the first line of a packet's text, because the CPU's own
 * prefetcher starts from nothing with each packet. Four lines in each turn: when they are in the
 * cache already, a loop over single lines would take longer than it saves.
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

/* Free and count a packet, and leave a gap in the burst. Who captures drops sees shown of its bytes
 * at most. */
static inline void burst_drop_part(struct engine_worker *worker, struct rte_mbuf **slot,
				   enum covey_drop reason, uint32_t shown)
{
	counter_add(&worker->counters.drops[reason], 1);
	capture_drop_part(&worker->capture, reason, *slot, shown);
	rte_pktmbuf_free(*slot);
	*slot = NULL;
}

static inline void burst_drop(struct engine_worker *worker, struct rte_mbuf **slot,
			      enum covey_drop reason)
{
	burst_drop_part(worker, slot, reason, UINT32_MAX);
}

/* Close the gaps. Returns how many packets are left. */
static inline uint16_t burst_compact(struct rte_mbuf **packets, uint16_t count)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < count; i++)
		if (packets[i])
			packets[kept++] = packets[i];
	return kept;
}

/* What is the frame that begins in the packet's first buffer? Tries the quick way (recognise.h)
 * first, then the slow one (classify.h). */
static inline void burst_classify(const struct engine_worker *worker, const struct rte_mbuf *packet,
				  struct frame *ret_frame)
{
	const struct classifier *classifier = &worker->engine->classifier;
	const uint8_t *data = rte_pktmbuf_mtod(packet, const uint8_t *);
	struct frame walked;

	if (likely(recognise_frame(classifier, data, packet->data_len, packet->pkt_len, ret_frame)))
		return;
	/* Uses a variable of its own: the call makes the compiler keep it in memory, and *ret_frame
	 * can stay in registers. */
	classify_frame(classifier, data, packet->data_len, packet->pkt_len, &walked);
	*ret_frame = walked;
}
