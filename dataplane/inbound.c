/* SPDX-License-Identifier: BSD-3-Clause */
#include "inbound.h"
#include "burst.h"
#include "ecn.h"
#include "headers.h"
#include "sadb.h"

/* A packet to decrypt, on its way through the stages. */
struct arrival {
	struct rte_mbuf **slot;
	const struct sa_rx *sa;
	const struct cipher_key *key;
	struct replay *replay; /* NULL: the window does not exist yet */
	uint8_t *outer;        /* IP header */
	uint8_t *vpe;
	uint64_t esn;
	struct window_id id;
	uint16_t l2_len;
	uint16_t inner_len;
	uint8_t index;      /* in the burst */
	bool authenticated; /* by the worker that handed it over: decrypted */
};

/* A verdict: the packet is marked for the worker that owns its window. */
#define HANDED_OVER (COVEY_DROP_COUNT + 1)

/* --- before any crypto --------------------------------------------------------------------- */

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

/* Is the packet from a sender that may send it? Sets sa and key. */
static enum covey_drop check_sender(const struct engine_worker *worker, const struct sadb *sadb,
				    struct arrival *arrival, uint32_t spi)
{
	const struct sa_rx *sa = sadb_find(sadb, spi);
	const struct roster_entry *sender;

	if (!sa)
		return COVEY_DROP_IN_UNKNOWN_SPI;
	if (!sa->may_receive)
		return COVEY_DROP_IN_NOT_RECEIVER;
	if (arrival->id.sender_id == sa->sender_id) {
		engine_count(&sa->states[worker->index].own_sender, 1);
		return COVEY_DROP_IN_OWN_SENDER;
	}
	sender = roster_find(sa->roster, arrival->id.sender_id);
	if (!sender)
		return COVEY_DROP_IN_NOT_ON_ROSTER;
	if (!ip_source_is(arrival->outer, sender->family, sender->address))
		return COVEY_DROP_IN_SOURCE;
	if (covey_esn_epoch(arrival->esn) < sender->epoch_floor)
		return COVEY_DROP_IN_EPOCH;
	arrival->sa = sa;
	arrival->key = sender->key;
	return NO_DROP;
}

static enum covey_drop reason_of(enum replay_verdict verdict)
{
	switch (verdict) {
	case REPLAY_NEW:
		return NO_DROP;
	case REPLAY_SEEN:
		return COVEY_DROP_IN_REPLAY_SEEN;
	case REPLAY_OLD:
		break;
	}
	return COVEY_DROP_IN_REPLAY_OLD;
}

/* Would it be new? A window that does not exist has seen nothing; what another worker's has seen,
 * that worker knows. */
static enum covey_drop precheck(struct engine_worker *worker, struct arrival *arrival)
{
	const struct sa_rx *sa = arrival->sa;

	uint64_t cell = windows_find(sa->windows, arrival->id);

	arrival->replay = NULL;
	if (cell == 0)
		return arrival->esn == 0 ? COVEY_DROP_IN_REPLAY_OLD : NO_DROP;
	if (windows_owner(cell) != worker->index) {
		handover_mark(&worker->handover, arrival->index, windows_owner(cell),
			      arrival->authenticated);
		return HANDED_OVER;
	}
	arrival->replay = windows_replay(sa->windows, cell);
	return reason_of(replay_check(arrival->replay, sa->replay_window, arrival->esn));
}

static enum covey_drop admit(struct engine_worker *worker, const struct sadb *sadb,
			     struct rte_mbuf **slot, const struct frame *frame,
			     struct arrival *arrival)
{
	const struct covey_vpe_header *vpe;
	enum covey_drop verdict;

	if ((*slot)->nb_segs != 1)
		return COVEY_DROP_IN_SEGMENTED;
	if (frame->payload_len < sizeof(*vpe))
		return COVEY_DROP_IN_SHORT;
	arrival->slot = slot;
	arrival->outer = rte_pktmbuf_mtod_offset(*slot, uint8_t *, frame->l2_len);
	if (!is_ours(worker->engine, arrival->outer))
		return COVEY_DROP_IN_DESTINATION;
	arrival->vpe = arrival->outer + frame->payload_offset;
	vpe = (const struct covey_vpe_header *)arrival->vpe;
	arrival->esn = covey_vpe_esn(vpe);
	arrival->id = (struct window_id){covey_vpe_sender_id(vpe), covey_vpe_window_id(vpe)};
	arrival->l2_len = frame->l2_len;
	arrival->inner_len = (uint16_t)(frame->payload_len - sizeof(*vpe));
	verdict = check_sender(worker, sadb, arrival, covey_vpe_spi(vpe));
	return verdict == NO_DROP ? precheck(worker, arrival) : verdict;
}

/* --- crypto, then replay state ------------------------------------------------------------- */

/* The window of a packet that has authenticated, or the reason why it has none here. */
static enum covey_drop find_window(struct engine_worker *worker, struct arrival *arrival)
{
	const struct sa_rx *sa = arrival->sa;
	uint64_t cell = windows_claim(sa->windows, arrival->id, worker->index);

	if (cell == 0)
		return COVEY_DROP_IN_WINDOW_LIMIT;
	if (windows_owner(cell) != worker->index) {
		handover_mark(&worker->handover, arrival->index, windows_owner(cell), true);
		return HANDED_OVER;
	}
	arrival->replay = windows_replay(sa->windows, cell);
	return NO_DROP;
}

static enum covey_drop authenticate(struct engine_worker *worker, struct arrival *arrival)
{
	const struct sa_rx *sa = arrival->sa;
	struct sa_rx_state *state = &sa->states[worker->index];
	enum covey_drop verdict;

	if (!arrival->authenticated &&
	    !cipher_open(sa->cipher, arrival->key, &worker->context,
			 arrival->vpe + COVEY_VPE_IV_OFFSET,
			 arrival->vpe + sizeof(struct covey_vpe_header), arrival->inner_len,
			 arrival->vpe + COVEY_VPE_ICV_OFFSET)) {
		engine_count(&state->icv_failures, 1);
		return COVEY_DROP_IN_ICV;
	}
	if (!arrival->replay) {
		verdict = find_window(worker, arrival);
		if (verdict != NO_DROP)
			return verdict;
	}
	/* Checked again: the same packet may stand twice in one burst. */
	verdict = reason_of(replay_update(arrival->replay, sa->replay_window, arrival->esn));
	if (verdict == NO_DROP)
		engine_count(&state->packets, 1);
	return verdict;
}

/* --- the inner packet ---------------------------------------------------------------------- */

static enum covey_drop check_inner(const struct engine *engine, const struct sadb *sadb,
				   const struct arrival *arrival, uint8_t *inner)
{
	struct frame frame;

	classify_ip(&engine->classifier, inner, arrival->inner_len, arrival->inner_len, &frame);
	if (frame.kind == FRAME_MALFORMED || frame.ip_len != arrival->inner_len)
		return COVEY_DROP_IN_INNER_MALFORMED;
	if (!ip_same_addresses(arrival->outer, inner))
		return COVEY_DROP_IN_INNER_ADDRESS;
	if (frame.kind != FRAME_VXLAN)
		return COVEY_DROP_IN_INNER_NOT_VXLAN;
	if (vnis_find(sadb->vnis, frame.vni) != (int)arrival->sa->group)
		return COVEY_DROP_IN_INNER_VNI;
	if (!ecn_propagate(arrival->outer, inner))
		return COVEY_DROP_IN_ECN;
	return NO_DROP;
}

/* Remove what stands between Ethernet and the inner packet, and what follows it. Both IP headers
 * are of one version, so the ethertype is right. */
static void decapsulate(const struct arrival *arrival, uint8_t *inner)
{
	struct rte_mbuf *packet = *arrival->slot;
	uint8_t *start = rte_pktmbuf_mtod(packet, uint8_t *);

	memmove(inner - arrival->l2_len, start, arrival->l2_len);
	packet->data_off += (uint16_t)(inner - arrival->l2_len - start);
	packet->data_len = arrival->l2_len + arrival->inner_len;
	packet->pkt_len = packet->data_len;
}

static void open_packet(struct engine_worker *worker, const struct sadb *sadb,
			struct arrival *arrival)
{
	uint8_t *inner = arrival->vpe + sizeof(struct covey_vpe_header);
	enum covey_drop verdict = authenticate(worker, arrival);

	if (verdict == NO_DROP)
		verdict = check_inner(worker->engine, sadb, arrival, inner);
	if (verdict == HANDED_OVER)
		return;
	if (verdict != NO_DROP) {
		burst_drop(worker, arrival->slot, verdict);
		return;
	}
	decapsulate(arrival, inner);
	engine_count(&worker->counters.decrypted_packets, 1);
	engine_count(&worker->counters.decrypted_bytes, arrival->inner_len);
}

/* --- the burst ----------------------------------------------------------------------------- */

/* Sort one packet: drop it, let it pass, or make it an arrival. */
static bool sort(struct engine_worker *worker, const struct sadb *sadb, struct rte_mbuf **slot,
		 struct arrival *arrival)
{
	struct frame frame;
	enum covey_drop verdict;

	burst_classify(worker, *slot, &frame);
	verdict = verdict_of(frame.kind);
	if (frame.kind == FRAME_VPE)
		verdict = admit(worker, sadb, slot, &frame, arrival);
	else if (verdict == NO_DROP)
		engine_count(&worker->counters.bypassed_in, 1);
	if (verdict == NO_DROP)
		return frame.kind == FRAME_VPE;
	if (verdict == HANDED_OVER)
		return false;
	burst_drop(worker, slot, verdict);
	return false;
}

static __rte_always_inline uint16_t run(struct engine_worker *worker, struct rte_mbuf **packets,
					uint16_t count, uint64_t authenticated)
{
	const struct sadb *sadb = engine_worker_sadb(worker);
	struct arrival arrivals[ENGINE_BURST_MAX];
	uint16_t arriving = 0;

	for (uint16_t i = 0; i < PREFETCH_AHEAD; i++)
		burst_prefetch(packets, i, count);
	for (uint16_t i = 0; i < count; i++) {
		burst_prefetch(packets, i + PREFETCH_AHEAD, count);
		arrivals[arriving].index = (uint8_t)i;
		arrivals[arriving].authenticated = authenticated >> i & 1;
		arriving += sort(worker, sadb, &packets[i], &arrivals[arriving]);
	}
	for (uint16_t i = 0; i < arriving; i++)
		open_packet(worker, sadb, &arrivals[i]);
	if (unlikely(worker->handover.marked != 0))
		handover_send(worker, packets);
	return burst_compact(packets, count);
}

uint16_t inbound_burst(struct engine_worker *worker, struct rte_mbuf **packets, uint16_t count)
{
	return run(worker, packets, count, 0);
}

uint16_t inbound_burst_handed_over(struct engine_worker *worker, struct rte_mbuf **packets,
				   uint16_t count, uint64_t authenticated)
{
	return run(worker, packets, count, authenticated);
}
