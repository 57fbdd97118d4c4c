/* SPDX-License-Identifier: BSD-3-Clause */
#include "admission.h"
#include "checksum.h"
#include "clear.h"
#include "outer.h"
#include "segments.h"
#include <headers.h>

/* --- sorting ------------------------------------------------------------------------------- */

/* NO_DROP for a frame that passes or is VPE. A later fragment of UDP passes. If the packet is
 * VXLAN, its first fragment is dropped, so nobody can put it together. */
static enum covey_drop verdict_of(const struct engine *engine, enum frame_kind kind)
{
	switch (kind) {
	case FRAME_BYPASS:
	case FRAME_FRAGMENT_UNKNOWN:
		return engine->config.vxlan_only ? COVEY_DROP_IN_NOT_VPE : NO_DROP;
	case FRAME_VPE:
		return NO_DROP;
	case FRAME_VXLAN:
	case FRAME_FRAGMENT_VXLAN:
	case FRAME_QUOTED_VXLAN:
		return COVEY_DROP_IN_CLEAR_VXLAN;
	case FRAME_TUNNEL:
		return engine->config.vxlan_only ? COVEY_DROP_IN_NOT_VPE : COVEY_DROP_IN_TUNNEL;
	case FRAME_FRAGMENT_VPE:
		return COVEY_DROP_IN_FRAGMENT;
	case FRAME_MALFORMED:
		break;
	}
	return COVEY_DROP_IN_MALFORMED;
}

/* Is the packet for us? A switch that floods brings packets for other hosts, and an attacker may
 * send such. We have the group's key, so they would decrypt, and a kernel that forwards packets
 * would send them on in clear. */
static bool is_ours(const struct engine *engine, const uint8_t *outer)
{
	const struct covey_addr *vtep = &engine->config.vtep;

	return ip_is_multicast(outer) || ip_destination_is(outer, vtep->family, vtep->bytes);
}

/* What sorting a burst remembers from packet to packet. */
struct sorting {
	struct arrivals *arrivals;
	struct arrival *next; /* the first one that is free */
	struct engine_worker *worker;
	const struct engine *engine;
	const struct sa_rx *sa; /* of the last packet; NULL: it had none */
	uint32_t spi;           /* of the last packet */
	enum covey_drop reason; /* why there is no sa */
	uint64_t bypassed;
};

/* Find the SA of an SPI. Consecutive packets of one SPI need this only once. */
static __rte_noinline void look_up(struct sorting *sorting, uint32_t spi)
{
	const struct sa_rx *sa = sadb_find(sorting->arrivals->sadb, spi);

	sorting->spi = spi;
	sorting->sa = sa && sa->may_receive ? sa : NULL;
	sorting->reason = sa ? COVEY_DROP_IN_NOT_RECEIVER : COVEY_DROP_IN_UNKNOWN_SPI;
}

/* Is there an SA, and does it accept this SenderID? Also prefetches what inbound.c reads next. */
static __rte_always_inline enum covey_drop find_sa(struct sorting *sorting, struct arrival *arrival)
{
	uint32_t spi = covey_vpe_spi((const struct covey_vpe_header *)arrival->vpe);
	uint16_t sender_id = (uint16_t)(arrival->window >> 16);
	const struct sa_rx *sa;

	if (unlikely(spi != sorting->spi))
		look_up(sorting, spi);
	sa = sorting->sa;
	if (unlikely(!sa))
		return sorting->reason;
	if (unlikely(sender_id == sa->sender_id)) {
		counter_add(&sa->states[sorting->worker->index].own_sender, 1);
		return COVEY_DROP_IN_OWN_SENDER;
	}
	arrival->sa = sa;
	arrival->sender = sender_table_place(sa->senders, sender_id);
	if (unlikely(!arrival->sender))
		return COVEY_DROP_IN_NOT_ON_ROSTER;
	rte_prefetch1(arrival->sender);
	arrival->cell = windows_prefetch(sa->windows, arrival->window);
	return NO_DROP;
}

/* Fill in the arrival from the headers, which are in the first segment. */
static __rte_always_inline void read_headers(const struct frame *frame, uint8_t *outer,
					     struct arrival *arrival)
{
	const struct covey_vpe_header *vpe = (const void *)(outer + frame->payload_offset);

	arrival->outer = outer;
	arrival->vpe = outer + frame->payload_offset;
	arrival->esn = covey_vpe_esn(vpe);
	arrival->window = covey_vpe_window(vpe);
	arrival->inner_len = (uint16_t)(frame->payload_len - sizeof(*vpe));
}

/* --- whatever is not plain VPE ------------------------------------------------------------- */

/* Are the headers before VPE such as a sender of this fabric writes (outer.h)? No router on the way
 * adds options or extension headers. If somebody else adds them, that may be to send the packet
 * another way, or to get it past a filter. */
static enum covey_drop check_form(const struct engine *engine, const struct frame *frame,
				  const uint8_t *outer)
{
	bool in_udp = engine->config.encapsulation == COVEY_ENCAPSULATION_UDP;
	size_t vpe_at = outer_len(ip_version(outer) == 6, in_udp) - sizeof(struct covey_vpe_header);

	if (frame->in_udp != in_udp)
		return COVEY_DROP_IN_ENCAPSULATION;
	return frame->payload_offset == vpe_at ? NO_DROP : COVEY_DROP_IN_OPTIONS;
}

/* May this VPE packet become an arrival? If so, fill in the arrival. */
static enum covey_drop read_slowly(struct sorting *sorting, const struct rte_mbuf *packet,
				   const struct frame *frame, struct arrival *arrival)
{
	uint32_t start = (uint32_t)frame->l2_len + frame->payload_offset;
	uint32_t end = start + frame->payload_len;
	uint8_t *outer = rte_pktmbuf_mtod_offset(packet, uint8_t *, frame->l2_len);
	enum covey_drop verdict = check_form(sorting->engine, frame, outer);

	if (verdict != NO_DROP)
		return verdict;
	if (!segments_are_own(packet, end))
		return COVEY_DROP_IN_BUFFER;
	if (frame->payload_len < sizeof(struct covey_vpe_header))
		return COVEY_DROP_IN_SHORT;
	if (start + sizeof(struct covey_vpe_header) > packet->data_len)
		return COVEY_DROP_IN_BUFFER;
	if (!is_ours(sorting->engine, outer))
		return COVEY_DROP_IN_DESTINATION;
	read_headers(frame, outer, arrival);
	arrival->l2_len = frame->l2_len;
	arrival->plain = false;
	arrival->whole = end <= packet->data_len;
	return find_sa(sorting, arrival);
}

/* May this VXLAN, which is in clear, enter? Its group's mode says that. Of fragments only the first
 * has a VNI. What a quote holds was sent from here, and came back. */
static bool enters_in_clear(const struct sorting *sorting, const struct frame *frame)
{
	const struct sadb *sadb = sorting->arrivals->sadb;
	int group;

	if (frame->kind == FRAME_QUOTED_VXLAN ||
	    (frame->kind == FRAME_FRAGMENT_VXLAN &&
	     (!sadb->fragments_in || frame->vni == UINT32_MAX)))
		return false;
	group = vni_table_find(sadb->vnis, frame->vni);
	return group != VNI_NO_GROUP && sadb_accepts_clear(sadb, group, frame->vni);
}

/* Let VXLAN in clear enter unchanged, except for checksums that a sender on this machine left to
 * hardware. */
static void enter_in_clear(struct sorting *sorting, struct rte_mbuf *packet,
			   const struct frame *frame)
{
	uint8_t *data = rte_pktmbuf_mtod(packet, uint8_t *);

	clear_passes(sorting->worker, data + frame->l2_len, frame->vni, false,
		     COVEY_DROP_IN_CLEAR_VXLAN);
	if (frame->kind == FRAME_VXLAN && segment_is_alone(packet) &&
	    read_be16(data + frame->l2_len + frame->payload_offset - 6) ==
		    sorting->engine->config.vxlan_port)
		checksum_finish_vxlan(data, frame->l2_len,
				      (size_t)frame->l2_len + frame->payload_offset +
					      sizeof(struct rte_vxlan_hdr),
				      packet->data_len);
}

/* Let a frame pass unchanged, except for a checksum that a sender on this machine left to hardware.
 */
static void pass(struct sorting *sorting, struct rte_mbuf *packet, const struct frame *frame)
{
	sorting->bypassed++;
	if ((frame->kind == FRAME_BYPASS || frame->kind == FRAME_TUNNEL) &&
	    segment_is_alone(packet))
		checksum_finish(rte_pktmbuf_mtod(packet, uint8_t *), frame->l2_len,
				packet->data_len);
}

/* For other frames, other forms of VPE, packets in several segments, and packets that another
 * worker has decrypted. */
static __rte_noinline void sort_slowly(struct sorting *sorting, uint16_t index, bool authenticated)
{
	struct arrivals *arrivals = sorting->arrivals;
	struct arrival *arrival = sorting->next;
	struct rte_mbuf **slot = &arrivals->packets[index];
	enum covey_drop verdict;
	struct frame frame;

	burst_classify(sorting->worker, *slot, &frame);
	if (frame.kind == FRAME_VPE) {
		arrival->index = (uint8_t)index;
		arrival->authenticated = authenticated;
		verdict = read_slowly(sorting, *slot, &frame, arrival);
		sorting->next += verdict == NO_DROP;
	} else {
		verdict = verdict_of(sorting->engine, frame.kind);
		if (verdict == COVEY_DROP_IN_TUNNEL &&
		    clear_tunnel_passes(arrivals->sadb, frame.vni))
			verdict = NO_DROP;
		if (verdict == NO_DROP)
			pass(sorting, *slot, &frame);
		if (verdict == COVEY_DROP_IN_CLEAR_VXLAN && enters_in_clear(sorting, &frame)) {
			enter_in_clear(sorting, *slot, &frame);
			verdict = NO_DROP;
		}
	}
	if (verdict != NO_DROP)
		burst_drop(sorting->worker, slot, verdict);
}

/* --- plain VPE ----------------------------------------------------------------------------- */

/* Is the packet for us, in one segment that nobody shares, without tags, with IP of the engine's
 * family, in the fabric's encapsulation? Then fills in the arrival. The outer IPv4 header's
 * checksum is not checked (docs/protocol.md, section 5.1). */
static __rte_always_inline bool read_plain(const struct sorting *sorting,
					   const struct rte_mbuf *packet, bool ipv6, bool in_udp,
					   struct arrival *arrival)
{
	uint8_t *outer = rte_pktmbuf_mtod_offset(packet, uint8_t *, sizeof(struct rte_ether_hdr));
	const uint8_t *destination = outer + (ipv6 ? 24 : 16);
	struct frame frame;

	if (unlikely(!segment_is_alone(packet) ||
		     !recognise_frame_of(&sorting->engine->classifier, ipv6,
					 rte_pktmbuf_mtod(packet, const uint8_t *),
					 packet->data_len, &frame) ||
		     frame.kind != FRAME_VPE || frame.in_udp != in_udp ||
		     frame.payload_len < sizeof(struct covey_vpe_header)))
		return false;
	if (memcmp(destination, sorting->engine->config.vtep.bytes, ipv6 ? 16 : 4) != 0 &&
	    (ipv6 ? destination[0] != 0xff : (destination[0] & 0xf0) != 0xe0))
		return false;
	read_headers(&frame, outer, arrival);
	arrival->l2_len = sizeof(struct rte_ether_hdr);
	arrival->plain = true;
	arrival->whole = true;
	arrival->authenticated = false;
	return true;
}

static __rte_always_inline void sort_each(struct sorting *sorting, uint16_t count, bool ipv6,
					  bool in_udp)
{
	struct arrivals *arrivals = sorting->arrivals;

	for (uint16_t i = 0; i < count; i++) {
		struct arrival *arrival = sorting->next;
		enum covey_drop verdict;

		if (unlikely(!read_plain(sorting, arrivals->packets[i], ipv6, in_udp, arrival))) {
			sort_slowly(sorting, i, false);
			continue;
		}
		arrival->index = (uint8_t)i;
		verdict = find_sa(sorting, arrival);
		if (likely(verdict == NO_DROP))
			sorting->next++;
		else
			burst_drop(sorting->worker, &arrivals->packets[i], verdict);
	}
}

static __rte_always_inline void sort_all(struct sorting *sorting, uint16_t count, bool ipv6)
{
	if (sorting->engine->config.encapsulation == COVEY_ENCAPSULATION_UDP)
		sort_each(sorting, count, ipv6, true);
	else
		sort_each(sorting, count, ipv6, false);
}

/* There is separate code for each address family and encapsulation. Packets that another worker has
 * decrypted are rare: with one of them, the whole burst takes the slow way. */
void admission_sort(struct arrivals *arrivals, uint16_t count, uint64_t authenticated)
{
	struct engine_worker *worker = arrivals->worker;
	struct sorting sorting = {
		.arrivals = arrivals,
		.next = arrivals->list,
		.worker = worker,
		.engine = worker->engine,
		.reason = COVEY_DROP_IN_UNKNOWN_SPI,
	};

	burst_fetch(arrivals->packets, count, 0, 1);
	if (unlikely(authenticated != 0))
		for (uint16_t i = 0; i < count; i++)
			sort_slowly(&sorting, i, authenticated >> i & 1);
	else if (worker->engine->config.vtep.family == AF_INET)
		sort_all(&sorting, count, false);
	else
		sort_all(&sorting, count, true);
	arrivals->count = (uint16_t)(sorting.next - arrivals->list);
	if (sorting.bypassed)
		counter_add(&worker->counters.bypassed_in, sorting.bypassed);
}
