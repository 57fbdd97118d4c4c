/* SPDX-License-Identifier: BSD-3-Clause */
#include "admission.h"
#include "headers.h"
#include "segments.h"

/* --- sorting ------------------------------------------------------------------------------- */

/* NO_DROP for a frame that passes or is VPE. A later fragment of UDP passes: its first one is
 * dropped when it is VXLAN, so that it is never put together. */
static enum covey_drop verdict_of(enum frame_kind kind)
{
	switch (kind) {
	case FRAME_BYPASS:
	case FRAME_FRAGMENT_UNKNOWN:
	case FRAME_VPE:
		return NO_DROP;
	case FRAME_VXLAN:
	case FRAME_FRAGMENT_VXLAN:
	case FRAME_QUOTED_VXLAN:
		return COVEY_DROP_IN_CLEAR_VXLAN;
	case FRAME_FRAGMENT_VPE:
		return COVEY_DROP_IN_FRAGMENT;
	case FRAME_MALFORMED:
		break;
	}
	return COVEY_DROP_IN_MALFORMED;
}

/* A switch that floods brings other hosts' packets, and so may an attacker: with the group's key in
 * hand they would decrypt, and a kernel that forwards would send them on in clear elsewhere. */
static bool is_ours(const struct engine *engine, const uint8_t *outer)
{
	const struct covey_addr *vtep = &engine->config.vtep;

	return ip_is_multicast(outer) || ip_destination_is(outer, vtep->family, vtep->bytes);
}

/* What the headers say. Sets what they tell of the arrival. */
static enum covey_drop read_headers(const struct engine_worker *worker, struct rte_mbuf *packet,
				    const struct frame *frame, bool authenticated,
				    struct arrival *arrival)
{
	uint32_t start = (uint32_t)frame->l2_len + frame->payload_offset;
	uint32_t end = start + frame->payload_len;
	bool whole = end <= packet->data_len;
	const struct covey_vpe_header *vpe;

	if (unlikely(!whole || !segment_is_alone(packet)) && !segments_are_own(packet, end))
		return COVEY_DROP_IN_BUFFER;
	if (unlikely(frame->payload_len < sizeof(*vpe)))
		return COVEY_DROP_IN_SHORT;
	if (unlikely(start + sizeof(*vpe) > packet->data_len))
		return COVEY_DROP_IN_BUFFER;
	arrival->outer = rte_pktmbuf_mtod_offset(packet, uint8_t *, frame->l2_len);
	if (unlikely(!is_ours(worker->engine, arrival->outer)))
		return COVEY_DROP_IN_DESTINATION;
	arrival->vpe = arrival->outer + frame->payload_offset;
	vpe = (const struct covey_vpe_header *)arrival->vpe;
	arrival->esn = covey_vpe_esn(vpe);
	arrival->id = (struct window_id){covey_vpe_sender_id(vpe), covey_vpe_window_id(vpe)};
	arrival->inner_len = (uint16_t)(frame->payload_len - sizeof(*vpe));
	/* Three fields of a byte, which is written once. */
	arrival->l2_len = frame->l2_len;
	arrival->whole = whole;
	arrival->authenticated = authenticated;
	return NO_DROP;
}

/* The SA that the last packet named: runs of one SPI look it up once. */
struct latest {
	const struct sa_rx *sa;
	uint32_t spi;
};

/* Is there an SA that takes this SenderID? Fetches what admission_check() will read. */
static enum covey_drop find_sa(const struct engine_worker *worker, const struct sadb *sadb,
			       struct arrival *arrival, struct latest *latest)
{
	const struct covey_vpe_header *vpe = (const struct covey_vpe_header *)arrival->vpe;
	uint32_t spi = covey_vpe_spi(vpe);
	const struct sa_rx *sa;

	if (spi != latest->spi)
		*latest = (struct latest){sadb_find(sadb, spi), spi};
	sa = latest->sa;
	if (unlikely(!sa))
		return COVEY_DROP_IN_UNKNOWN_SPI;
	if (unlikely(!sa->may_receive))
		return COVEY_DROP_IN_NOT_RECEIVER;
	if (unlikely(arrival->id.sender_id == sa->sender_id)) {
		engine_count(&sa->states[worker->index].own_sender, 1);
		return COVEY_DROP_IN_OWN_SENDER;
	}
	arrival->sa = sa;
	arrival->sender = roster_place(sa->roster, arrival->id.sender_id);
	if (unlikely(!arrival->sender))
		return COVEY_DROP_IN_NOT_ON_ROSTER;
	rte_prefetch1(arrival->sender);
	windows_prefetch(sa->windows, arrival->id);
	return NO_DROP;
}

/* Sort one packet: drop it, let it pass, or make it an arrival. */
static bool sort(struct arrivals *arrivals, struct rte_mbuf **slot, bool authenticated,
		 struct latest *latest)
{
	struct arrival *arrival = &arrivals->list[arrivals->count];
	struct engine_worker *worker = arrivals->worker;
	enum covey_drop verdict;
	struct frame frame;

	burst_classify(worker, *slot, &frame);
	if (likely(frame.kind == FRAME_VPE)) {
		verdict = read_headers(worker, *slot, &frame, authenticated, arrival);
		if (likely(verdict == NO_DROP))
			verdict = find_sa(worker, arrivals->sadb, arrival, latest);
		if (likely(verdict == NO_DROP))
			return true;
	} else {
		verdict = verdict_of(frame.kind);
	}
	if (verdict == NO_DROP)
		engine_count(&worker->counters.bypassed_in, 1);
	else
		burst_drop(worker, slot, verdict);
	return false;
}

void admission_sort(struct arrivals *arrivals, uint16_t count, uint64_t authenticated)
{
	struct latest latest = {NULL, 0};
	struct rte_mbuf **packets = arrivals->packets;

	burst_fetch(packets, count, 0, 2);
	for (uint16_t i = 0; i < count; i++) {
		struct arrival *arrival = &arrivals->list[arrivals->count];

		arrival->index = i;
		arrivals->count += sort(arrivals, &packets[i], authenticated >> i & 1, &latest);
	}
}

/* --- sender and window --------------------------------------------------------------------- */

/* Is the packet from a sender that may send it? */
static enum covey_drop check_sender(struct arrival *arrival)
{
	const struct roster_entry *sender = arrival->sender;

	if (unlikely(!sender->key))
		return COVEY_DROP_IN_NOT_ON_ROSTER;
	if (unlikely(!ip_source_is(arrival->outer, sender->family, sender->address)))
		return COVEY_DROP_IN_SOURCE;
	if (unlikely(covey_esn_epoch(arrival->esn) < sender->epoch_floor))
		return COVEY_DROP_IN_EPOCH;
	arrival->key = sender->key;
	return NO_DROP;
}

/* Is its window ours, or nobody's? What another worker's has seen, that worker knows. */
static enum covey_drop find_window(struct engine_worker *worker, struct arrival *arrival)
{
	const struct windows *windows = arrival->sa->windows;
	uint64_t cell = windows_find(windows, arrival->id);

	arrival->replay = NULL;
	if (unlikely(cell == 0))
		return NO_DROP;
	if (unlikely(windows_owner(cell) != worker->index)) {
		handover_mark(&worker->handover, arrival->index, windows_owner(cell),
			      arrival->authenticated);
		return HANDED_OVER;
	}
	arrival->replay = windows_replay(windows, cell);
	windows_prefetch_replay(windows, cell, arrival->esn);
	return NO_DROP;
}

void admission_check(struct arrivals *arrivals)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < arrivals->count; i++) {
		struct arrival *arrival = &arrivals->list[i];
		enum covey_drop verdict = check_sender(arrival);

		if (likely(verdict == NO_DROP)) {
			verdict = find_window(arrivals->worker, arrival);
		}
		kept = arrivals_keep(arrivals, kept, i, verdict);
	}
	arrivals->count = kept;
}
