/* SPDX-License-Identifier: BSD-3-Clause */
#include "outbound.h"
#include "burst.h"
#include "cipher_many.h"
#include "clear.h"
#include "flow.h"
#include "sadb.h"
#include "segments.h"
#include <headers.h>

/* How many packets ahead of the cipher a packet's key is fetched, as in inbound.c. */
#define KEY_AHEAD 8

/* With this many packets for each turn to another SA, or more, packets are gathered by SA. */
#define FEW_TURNS 4

/* A packet whose headers are written and that waits for the cipher. */
struct departure {
	const struct sa_tx *sa;
	struct rte_mbuf *chain;   /* when it has several segments; NULL: it has one */
	struct cipher_text inner; /* from the IP header on */
};

_Static_assert(sizeof(struct departure) == 32, "a burst of departures stays small");
_Static_assert(ENGINE_BURST_MAX <= CIPHER_MANY_TEXTS, "the cipher takes a burst");

#define NO_GROUP_YET (-2)

_Static_assert(NO_GROUP_YET != VNI_NO_GROUP && NO_GROUP_YET < 0, "it equals no group");

/* What sorting a burst remembers from packet to packet. */
struct sorting {
	struct engine_worker *worker;
	const struct engine *engine;
	const struct sadb *sadb;
	const struct sa_tx *sa;         /* of the last VXLAN packet's group */
	struct sa_tx_state *state;      /* this worker's part of it */
	int group;                      /* that sa and state are of, or NO_GROUP_YET */
	uint32_t vni;                   /* VNI of that packet; UINT32_MAX: none */
	enum covey_drop reason;         /* why there is no sa */
	struct departure *next;         /* the first one that is free */
	const struct sadb_group *clear; /* that group, if its VXLAN leaves in clear: look_up() */
	uint64_t bypassed;
	unsigned turns; /* how often another group followed */
};

/* --- what to do with a frame --------------------------------------------------------------- */

/* NO_DROP for a frame that passes or is VXLAN. */
static enum covey_drop verdict_of(const struct engine *engine, enum frame_kind kind)
{
	switch (kind) {
	case FRAME_BYPASS:
		return engine->config.vxlan_only ? COVEY_DROP_OUT_NOT_VXLAN : NO_DROP;
	case FRAME_VXLAN:
		return NO_DROP;
	case FRAME_TUNNEL:
		return engine->config.vxlan_only ? COVEY_DROP_OUT_NOT_VXLAN : COVEY_DROP_OUT_TUNNEL;
	case FRAME_VPE:
	case FRAME_FRAGMENT_VPE:
		return COVEY_DROP_OUT_VPE;
	case FRAME_FRAGMENT_VXLAN:
	case FRAME_FRAGMENT_UNKNOWN:
		return COVEY_DROP_OUT_FRAGMENT;
	case FRAME_QUOTED_VXLAN:
		return COVEY_DROP_OUT_QUOTE;
	case FRAME_MALFORMED:
		break;
	}
	return COVEY_DROP_OUT_MALFORMED;
}

/* Turn to the VNI of a packet that may leave. False when it has no SA to send on; then nothing
 * changes. Consecutive packets often have the same VNI, and else often the same group: what follows
 * need not wait for the table then. */
static __rte_always_inline bool turn_to(struct sorting *sorting, uint32_t vni)
{
	int group = vni_table_find(sorting->sadb->vnis, vni);
	const struct sa_tx *sa;

	if (group == sorting->group) {
		sorting->vni = vni;
		return true;
	}
	if (unlikely(group == VNI_NO_GROUP))
		return false;
	sa = sorting->sadb->groups[group].tx;
	if (unlikely(!sa))
		return false;
	sorting->vni = vni;
	sorting->group = group;
	sorting->turns++;
	sorting->sa = sa;
	sorting->state = &sa->states[sorting->worker->index];
	return true;
}

/* Find the SA of a VNI, or why there is none. */
static __rte_noinline void look_up(struct sorting *sorting, uint32_t vni)
{
	int index = vni_table_find(sorting->sadb->vnis, vni);
	const struct sadb_group *group;

	sorting->vni = vni;
	sorting->group = NO_GROUP_YET;
	sorting->sa = NULL;
	sorting->clear = NULL;
	sorting->reason = COVEY_DROP_OUT_UNKNOWN_VNI;
	if (index == VNI_NO_GROUP) {
		__atomic_store_n(&sorting->worker->unknown_vnis[vni & (ENGINE_UNKNOWN_VNIS - 1)],
				 vni + 1, __ATOMIC_RELAXED);
		return;
	}
	group = &sorting->sadb->groups[index];
	sorting->sa = group->tx;
	sorting->reason = group->reason;
	if (group->clear_out && sadb_is_strict(sorting->sadb, vni))
		sorting->sa = sorting->sadb->strict_tx[index];
	else if (group->clear_out)
		sorting->clear = group;
	if (sorting->sa)
		sorting->state = &sorting->sa->states[sorting->worker->index];
}

/* Is our VTEP address the source of this IP packet? The packet is of the engine's family. */
static bool is_our_source(const struct engine *engine, const uint8_t *ip, bool ipv6)
{
	const uint8_t *vtep = engine->config.vtep.bytes;

	return memcmp(ip + (ipv6 ? 8 : 12), vtep, ipv6 ? 16 : 4) == 0;
}

/* Why a packet is dropped whose VNI has no SA to send on. If its source is wrong, too, that is the
 * reason to tell. */
static enum covey_drop why_without_sa(const struct sorting *sorting, const uint8_t *ip, bool ipv6)
{
	if (sorting->reason == COVEY_DROP_OUT_UNKNOWN_VNI ||
	    is_our_source(sorting->engine, ip, ipv6))
		return sorting->reason;
	return COVEY_DROP_OUT_SOURCE;
}

/* May the VXLAN packet leave encrypted? Changes nothing. In the address family that is not the
 * engine's, no packet has our source address. */
static enum covey_drop check(const struct sorting *sorting, bool has_sa,
			     const struct rte_mbuf *packet, const struct frame *frame,
			     const uint8_t *ip, bool ipv6)
{
	const struct engine *engine = sorting->engine;

	if (ip_version(ip) != (ipv6 ? 6 : 4))
		return sorting->reason == COVEY_DROP_OUT_UNKNOWN_VNI ? COVEY_DROP_OUT_UNKNOWN_VNI
								     : COVEY_DROP_OUT_SOURCE;
	if (!has_sa)
		return why_without_sa(sorting, ip, ipv6);
	if (!is_our_source(engine, ip, ipv6))
		return COVEY_DROP_OUT_SOURCE;
	if ((uint32_t)frame->ip_len + engine->overhead > engine->config.fabric_mtu)
		return COVEY_DROP_OUT_TOO_BIG;
	if (packet->data_off < engine->overhead)
		return COVEY_DROP_OUT_BUFFER;
	if (!segments_are_own(packet, (uint32_t)frame->l2_len + frame->ip_len))
		return COVEY_DROP_OUT_BUFFER;
	return NO_DROP;
}

/* --- in clear ------------------------------------------------------------------------------ */

/* Let a VXLAN packet of a group that sends in clear leave unchanged. enforced: what check() says. A
 * packet that is too big even so would be lost on its way, where nobody counts it. */
static enum covey_drop leave_in_clear(const struct sorting *sorting, const struct frame *frame,
				      const uint8_t *ip, enum covey_drop enforced)
{
	if (frame->ip_len > sorting->engine->config.fabric_mtu)
		return COVEY_DROP_OUT_TOO_BIG;
	clear_passes(sorting->worker, ip, frame->vni, true, enforced);
	return NO_DROP;
}

/* May a fragment leave that is, or may be, of VXLAN? Only the first one has a VNI. Without it the
 * later ones are never put together. */
static enum covey_drop leave_in_part(struct sorting *sorting, const struct rte_mbuf *packet,
				     const struct frame *frame)
{
	if (!sorting->sadb->fragments_out)
		return COVEY_DROP_OUT_FRAGMENT;
	if (frame->kind == FRAME_FRAGMENT_UNKNOWN) {
		clear_passes_unnamed(sorting->worker, COVEY_DROP_OUT_FRAGMENT);
		sorting->bypassed++;
		return NO_DROP;
	}
	if (frame->vni == UINT32_MAX)
		return COVEY_DROP_OUT_FRAGMENT;
	look_up(sorting, frame->vni);
	if (!sorting->clear)
		return COVEY_DROP_OUT_FRAGMENT;
	clear_passes(sorting->worker,
		     rte_pktmbuf_mtod_offset(packet, const uint8_t *, frame->l2_len), frame->vni,
		     true, COVEY_DROP_OUT_FRAGMENT);
	return NO_DROP;
}

/* --- what the guard has seen --------------------------------------------------------------- */

static __rte_always_inline void put_own_source(const struct engine *engine, uint8_t *frame)
{
	if (engine->own.source_mask)
		memcpy(frame + sizeof(struct rte_ether_addr), engine->config.host_mac,
		       sizeof(engine->config.host_mac));
}

/* Has the guard seen the frame come from a VXLAN device? Then it gets its own source back, also if
 * it is no VXLAN, as the secret one must not leave. NO_DROP, or why it cannot. */
static enum covey_drop take_secret(const struct engine *engine, struct rte_mbuf *packet,
				   bool *ret_seen)
{
	uint8_t *frame = rte_pktmbuf_mtod(packet, uint8_t *);

	*ret_seen = packet->data_len >= sizeof(struct rte_ether_hdr) &&
		    recognise_own_source(&engine->own, frame);
	if (!*ret_seen || engine->own.source_mask == 0)
		return NO_DROP;
	if (!segment_is_own(packet))
		return COVEY_DROP_OUT_BUFFER;
	put_own_source(engine, frame);
	return NO_DROP;
}

/* --- headers ------------------------------------------------------------------------------- */

/* Make room before the inner packet. After Ethernet, only the inner packet stays: padding is cut
 * off. */
static __rte_always_inline void make_room(struct rte_mbuf *packet, uint32_t len, uint16_t overhead,
					  bool plain)
{
	if (!plain)
		segments_cut(packet, len);
	packet->data_off -= overhead;
	packet->data_len = (uint16_t)(plain ? len + overhead : packet->data_len + overhead);
	packet->pkt_len = len + overhead;
}

/* Give a packet that may leave its window, ESN and headers. False when there is no ESN for it; then
 * the packet does not change. */
static __rte_always_inline bool depart(struct sorting *sorting, struct rte_mbuf *packet,
				       uint8_t *ip, const struct vxlan *vxlan, bool ipv6, bool udp,
				       bool plain)
{
	struct departure *departure = sorting->next;
	uint16_t overhead = outer_len(ipv6, udp);
	uint16_t window_id = flow_window(sorting->worker, ip, vxlan, ipv6);
	const struct sa_tx *sa = sorting->sa;
	uint64_t esn;

	if (unlikely(!sa_tx_next(sa, sorting->state, window_id, &esn)))
		return false;
	sa_tx_count(sorting->state, window_id, vxlan->ip_len);
	make_room(packet, vxlan->l2_len + vxlan->ip_len, overhead, plain);
	ethernet_move(ip - vxlan->l2_len - overhead, ip - vxlan->l2_len, vxlan->l2_len);
	outer_write(&sa->outer, ipv6, udp, ip, vxlan->ip_len, window_id, esn);
	departure->sa = sa;
	departure->chain = plain || packet->nb_segs == 1 ? NULL : packet;
	departure->inner.bytes = ip;
	departure->inner.len = vxlan->ip_len;
	sorting->next = departure + 1;
	return true;
}

/* --- sorting ------------------------------------------------------------------------------- */

/* For VXLAN of any form. */
static __rte_always_inline enum covey_drop depart_slowly(struct sorting *sorting,
							 struct rte_mbuf *packet,
							 const struct frame *frame, bool ipv6,
							 bool udp)
{
	uint8_t *ip = rte_pktmbuf_mtod_offset(packet, uint8_t *, frame->l2_len);
	struct vxlan vxlan = {frame->l2_len, frame->ip_len, frame->source_port, frame->vni};
	enum covey_drop verdict;

	look_up(sorting, frame->vni);
	verdict = check(sorting, sorting->clear ? sorting->clear->has_tx : sorting->sa != NULL,
			packet, frame, ip, ipv6);
	if (sorting->clear)
		return leave_in_clear(sorting, frame, ip, verdict);
	if (verdict != NO_DROP)
		return verdict;
	return depart(sorting, packet, ip, &vxlan, ipv6, udp, false) ? NO_DROP
								     : COVEY_DROP_OUT_LIMIT;
}

/* For all that is not plain VXLAN that may leave: other frames, other forms of VXLAN, several
 * segments, and packets that are dropped. */
static __rte_noinline void sort_slowly(struct sorting *sorting, struct rte_mbuf **slot, bool ipv6,
				       bool udp)
{
	enum covey_drop verdict;
	struct frame frame;
	bool seen;

	verdict = take_secret(sorting->engine, *slot, &seen);
	if (verdict != NO_DROP) {
		burst_drop(sorting->worker, slot, verdict);
		return;
	}
	burst_classify(sorting->worker, *slot, &frame);
	if (frame.kind != FRAME_VXLAN)
		verdict = verdict_of(sorting->engine, frame.kind);
	else if (seen)
		verdict = depart_slowly(sorting, *slot, &frame, ipv6, udp);
	else
		verdict = COVEY_DROP_OUT_NO_DEVICE;
	if (verdict == COVEY_DROP_OUT_FRAGMENT && (seen || frame.kind == FRAME_FRAGMENT_UNKNOWN))
		verdict = leave_in_part(sorting, *slot, &frame);
	if (verdict == COVEY_DROP_OUT_TUNNEL && clear_tunnel_passes(sorting->sadb, frame.vni))
		verdict = NO_DROP;
	if (verdict != NO_DROP)
		burst_drop(sorting->worker, slot, verdict);
	else if (frame.kind == FRAME_BYPASS || frame.kind == FRAME_TUNNEL)
		sorting->bypassed++;
}

/* Make a departure of a plain packet, if its buffer is not shared and has room for headers. False
 * when it must take the slow way; then nothing has changed. */
static __rte_always_inline bool sort_quickly(struct sorting *sorting, struct rte_mbuf *packet,
					     bool ipv6, bool udp)
{
	uint8_t *data = rte_pktmbuf_mtod(packet, uint8_t *);
	struct vxlan vxlan;

	if (unlikely(!segment_is_alone(packet) || packet->data_len < recognise_own_len(ipv6) ||
		     packet->data_off < outer_len(ipv6, udp) ||
		     !recognise_own(&sorting->engine->own, data, packet->data_len, ipv6, &vxlan)))
		return false;
	if (vxlan.vni != sorting->vni && unlikely(!turn_to(sorting, vxlan.vni)))
		return false;
	if (unlikely(!sorting->sa ||
		     !depart(sorting, packet, data + vxlan.l2_len, &vxlan, ipv6, udp, true)))
		return false;
	put_own_source(sorting->engine, rte_pktmbuf_mtod(packet, uint8_t *));
	return true;
}

static __rte_always_inline void sort_all(struct sorting *sorting, struct rte_mbuf **packets,
					 unsigned count, bool ipv6, bool udp)
{
	burst_fetch(packets, count, -1, 1);
	for (unsigned i = 0; i < count; i++)
		if (unlikely(!sort_quickly(sorting, packets[i], ipv6, udp)))
			sort_slowly(sorting, &packets[i], ipv6, udp);
}

/* --- the burst ----------------------------------------------------------------------------- */

static __rte_always_inline void encrypt(const struct departure *departure,
					struct engine_worker *worker)
{
	uint8_t *header = departure->inner.bytes - sizeof(struct covey_vpe_header);
	struct rte_mbuf *chain = departure->chain;
	const struct sa_tx *sa = departure->sa;
	const struct cipher *cipher = &sa->ciphers[worker->index];

	if (likely(!chain))
		cipher_seal(cipher, sa->key, &worker->context, header + COVEY_VPE_IV_OFFSET,
			    departure->inner.bytes, departure->inner.len,
			    header + COVEY_VPE_ICV_OFFSET);
	else
		cipher_seal_chain(
			cipher, sa->key, &worker->context, header + COVEY_VPE_IV_OFFSET, chain,
			(uint32_t)(departure->inner.bytes - rte_pktmbuf_mtod(chain, uint8_t *)),
			departure->inner.len, header + COVEY_VPE_ICV_OFFSET);
}

/* Consecutive packets are often of one SA. */
static __rte_always_inline void fetch_key(const struct departure *departure,
					  const struct engine_worker *worker)
{
	const struct sa_tx *sa = departure->sa;

	if (sa != departure[-1].sa)
		cipher_prefetch(&sa->ciphers[worker->index], sa->key, departure->inner.len);
}

/* several: the burst is of more than one SA. Returns the bytes of all inner packets. */
static uint64_t encrypt_all(const struct departure *departures, uint64_t count, bool several,
			    struct engine_worker *worker)
{
	uint64_t bytes = 0;

	for (uint64_t i = 0; i < count; i++) {
		const struct departure *departure = &departures[i];

		if (i + FETCH_AHEAD < count && !departure[FETCH_AHEAD].chain)
			burst_fetch_text(departure[FETCH_AHEAD].inner.bytes,
					 departure[FETCH_AHEAD].inner.len);
		if (several && i + KEY_AHEAD < count)
			fetch_key(&departure[KEY_AHEAD], worker);
		encrypt(departure, worker);
		bytes += departure->inner.len;
	}
	return bytes;
}

/* From a departure on, all that are waiting and of its SA, in one call of the cipher. waiting: a
 * bit for each departure. Returns those that are left. */
static uint64_t encrypt_sa(const struct departure *departures, uint64_t waiting,
			   struct engine_worker *worker)
{
	const struct sa_tx *sa = departures[__builtin_ctzll(waiting)].sa;
	const struct cipher_text *texts[ENGINE_BURST_MAX];
	uint64_t others = 0;
	unsigned count = 0;

	for (; waiting != 0; waiting &= waiting - 1) {
		const struct departure *departure = &departures[__builtin_ctzll(waiting)];

		if (unlikely(departure->sa != sa))
			others |= waiting & -waiting;
		else if (unlikely(departure->chain))
			encrypt(departure, worker);
		else
			texts[count++] = &departure->inner;
	}
	cipher_seal_many(&sa->ciphers[worker->index], sa->key, &worker->context, texts, count);
	return others;
}

/* Of one SA after the other. Returns what encrypt_all() does. */
static uint64_t encrypt_by_sa(const struct departure *departures, uint64_t count,
			      struct engine_worker *worker)
{
	uint64_t waiting = UINT64_MAX >> (64 - count), bytes = 0;

	for (uint64_t i = 0; i < count; i++) {
		if (departures[i].inner.len > 2 * RTE_CACHE_LINE_SIZE)
			burst_fetch_text(departures[i].inner.bytes, departures[i].inner.len);
		bytes += departures[i].inner.len;
	}
	while (waiting != 0)
		waiting = encrypt_sa(departures, waiting, worker);
	return bytes;
}

/* turns: how often another SA followed. Returns what encrypt_all() does. */
static uint64_t encrypt_burst(const struct departure *departures, uint64_t count, unsigned turns,
			      struct engine_worker *worker)
{
	if (count > 1 && (turns <= 1 || turns * FEW_TURNS <= count) &&
	    departures->sa->ciphers[worker->index].many)
		return encrypt_by_sa(departures, count, worker);
	return encrypt_all(departures, count, turns > 1, worker);
}

/* There is separate code for each address family and encapsulation, chosen once for a burst. */
static void sort_burst(struct sorting *sorting, struct rte_mbuf **packets, uint16_t count)
{
	const struct dataplane_config *config = &sorting->engine->config;
	bool udp = config->encapsulation == COVEY_ENCAPSULATION_UDP;

	if (config->vtep.family == AF_INET && udp)
		sort_all(sorting, packets, count, false, true);
	else if (config->vtep.family == AF_INET)
		sort_all(sorting, packets, count, false, false);
	else if (udp)
		sort_all(sorting, packets, count, true, true);
	else
		sort_all(sorting, packets, count, true, false);
}

/*
 * First the headers of all packets are written, then the cipher runs for all. If each packet were
 * encrypted right after its headers are written, the cipher would wait for the IV (a failed store
 * forwarding).
 */
uint16_t outbound_burst(struct engine_worker *worker, struct rte_mbuf **packets, uint16_t count)
{
	struct departure departures[ENGINE_BURST_MAX];
	struct sorting sorting = {
		.worker = worker,
		.engine = worker->engine,
		.sadb = engine_worker_sadb(worker),
		.vni = UINT32_MAX,
		.group = NO_GROUP_YET,
		.next = departures,
	};
	uint64_t leaving, bytes;

	sort_burst(&sorting, packets, count);
	leaving = (uint64_t)(sorting.next - departures);
	bytes = encrypt_burst(departures, leaving, sorting.turns, worker);
	counter_add(&worker->counters.encrypted_packets, leaving);
	counter_add(&worker->counters.encrypted_bytes, bytes);
	if (sorting.bypassed)
		counter_add(&worker->counters.bypassed_out, sorting.bypassed);
	return leaving == count ? count : burst_compact(packets, count);
}
