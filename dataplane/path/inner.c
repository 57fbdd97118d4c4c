/* SPDX-License-Identifier: BSD-3-Clause */
#include "inner.h"
#include "ecn.h"
#include "segments.h"
#include <headers.h>

/* How many bytes are read when the headers do not lie in one segment. That is enough for the
 * longest IPv4 header, or IPv6 with some extension headers, and UDP and VXLAN. A packet with longer
 * headers is malformed. */
#define GATHER_MAX 256u
/* How many bytes at the start of an IP header ecn_propagate() may change. */
#define ECN_LEN 12u

/* --- checks -------------------------------------------------------------------------------- */

static enum covey_drop check(struct arrivals *arrivals, const struct arrival *arrival,
			     uint8_t *inner, size_t len)
{
	const struct classifier *classifier = &arrivals->worker->engine->classifier;
	struct frame frame;

	if (unlikely(!recognise_ip(classifier, inner, len, arrival->inner_len, &frame)))
		classify_ip(classifier, inner, len, arrival->inner_len, &frame);
	if (unlikely(frame.kind == FRAME_MALFORMED || frame.ip_len != arrival->inner_len))
		return COVEY_DROP_IN_INNER_MALFORMED;
	if (unlikely(!ip_same_addresses(arrival->outer, inner)))
		return COVEY_DROP_IN_INNER_ADDRESS;
	if (unlikely(frame.kind != FRAME_VXLAN))
		return COVEY_DROP_IN_INNER_NOT_VXLAN;
	if (unlikely(!inner_is_of_group(arrivals, arrival->sa, frame.vni)))
		return COVEY_DROP_IN_INNER_VNI;
	if (unlikely(!ecn_propagate(arrival->outer, inner)))
		return COVEY_DROP_IN_ECN;
	return NO_DROP;
}

/* Copy len bytes, from offset on, back into the segments that they came from. */
static void put_back(struct rte_mbuf *segment, uint32_t offset, const uint8_t *bytes, uint32_t len)
{
	for (; len > 0; segment = segment->next) {
		uint32_t here;

		if (offset >= segment->data_len) {
			offset -= segment->data_len;
			continue;
		}
		here = RTE_MIN(len, segment->data_len - offset);
		memcpy(rte_pktmbuf_mtod_offset(segment, uint8_t *, offset), bytes, here);
		bytes += here;
		len -= here;
		offset = 0;
	}
}

/* Checks and marks a copy of the headers. */
static __rte_noinline enum covey_drop check_gathered(struct arrivals *arrivals,
						     const struct arrival *arrival, uint32_t offset)
{
	struct rte_mbuf *packet = arrival_packet(arrivals, arrival);
	uint32_t len = RTE_MIN(arrival->inner_len, GATHER_MAX);
	uint8_t buffer[GATHER_MAX];
	const uint8_t *read = rte_pktmbuf_read(packet, offset, len, buffer);
	enum covey_drop verdict;

	/* If the headers lie in one segment after all, they were not copied. */
	if (read != buffer && len > 0)
		memcpy(buffer, read, len);
	verdict = check(arrivals, arrival, buffer, len);
	if (verdict == NO_DROP)
		put_back(packet, offset, buffer, ECN_LEN);
	return verdict;
}

static enum covey_drop check_any(struct arrivals *arrivals, const struct arrival *arrival)
{
	uint8_t *inner = arrival_inner(arrival);
	uint32_t offset, here;

	if (likely(arrival->whole))
		return check(arrivals, arrival, inner, arrival->inner_len);
	offset = (uint32_t)(inner - rte_pktmbuf_mtod(arrival_packet(arrivals, arrival), uint8_t *));
	here = arrival_packet(arrivals, arrival)->data_len - offset;
	if (likely(here >= GATHER_MAX))
		return check(arrivals, arrival, inner, here);
	return check_gathered(arrivals, arrival, offset);
}

/* --- release ------------------------------------------------------------------------------- */

/* Both IP headers have the same version, so the ethertype stays. */
static void release(const struct arrivals *arrivals, const struct arrival *arrival)
{
	struct rte_mbuf *packet = arrival_packet(arrivals, arrival);
	uint8_t *start = arrival->outer - arrival->l2_len;
	uint8_t *moved = arrival_inner(arrival) - arrival->l2_len;
	uint32_t len = arrival->l2_len + arrival->inner_len;

	ethernet_move(moved, start, arrival->l2_len);
	packet->data_off += (uint16_t)(moved - start);
	packet->data_len -= (uint16_t)(moved - start);
	if (unlikely(packet->nb_segs != 1)) {
		packet->pkt_len -= (uint32_t)(moved - start);
		segments_cut(packet, len);
		return;
	}
	packet->data_len = (uint16_t)len;
	packet->pkt_len = len;
}

enum covey_drop inner_enter_any(struct arrivals *arrivals, const struct arrival *arrival)
{
	enum covey_drop verdict = check_any(arrivals, arrival);

	if (likely(verdict == NO_DROP))
		release(arrivals, arrival);
	return verdict;
}
