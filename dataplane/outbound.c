/* SPDX-License-Identifier: BSD-3-Clause */
#include "outbound.h"
#include "burst.h"
#include "headers.h"
#include "outer.h"
#include "sadb.h"

/* A packet to encrypt, on its way through the stages. */
struct departure {
	struct rte_mbuf *packet;
	const struct sa_tx *sa;
	struct covey_vpe_header *vpe;
	uint64_t esn;
	uint16_t window_id;
	uint16_t l2_len;
	uint16_t inner_len;
};

/* --- what to do with a frame --------------------------------------------------------------- */

/* NO_DROP for a frame that passes or is VXLAN. */
static enum covey_drop verdict_of(enum frame_kind kind)
{
	switch (kind) {
	case FRAME_BYPASS:
	case FRAME_VXLAN:
		return NO_DROP;
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

/* A well-mixed number, the same for all packets of a flow; paths are spread by it. */
static uint32_t flow_hash(const uint8_t *ip, const struct frame *frame, bool multicast)
{
	uint64_t hash = frame->source_port;
	uint32_t group;

	if (multicast) {
		memcpy(&group, ip_source(ip) + 2 * ip_address_len(ip) - sizeof(group),
		       sizeof(group));
		hash |= (uint64_t)group << 32;
		hash ^= (uint64_t)frame->vni << 16;
	}
	hash *= UINT64_C(0x9e3779b97f4a7c15);
	hash = (hash ^ hash >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return (uint32_t)(hash >> 32);
}

static uint16_t window_of(const struct engine_worker *worker, const uint8_t *ip,
			  const struct frame *frame)
{
	const struct dataplane_config *config = &worker->engine->config;
	bool multicast = ip_is_multicast(ip);
	uint64_t hash = flow_hash(ip, frame, multicast);

	return covey_window_id(config->class_by_dscp[ip_traffic_class(ip) >> 2], multicast,
			       worker->path_base + (unsigned)(hash * config->paths >> 32));
}

/* May the packet leave, and on which SA? Changes nothing. */
static enum covey_drop resolve(const struct engine *engine, const struct sadb *sadb,
			       const struct rte_mbuf *packet, const struct frame *frame,
			       const uint8_t *ip, const struct sa_tx **ret_sa)
{
	const struct covey_addr *vtep = &engine->config.vtep;
	int group;

	if (packet->nb_segs != 1)
		return COVEY_DROP_OUT_SEGMENTED;
	group = vnis_find(sadb->vnis, frame->vni);
	if (group == VNI_NO_GROUP)
		return COVEY_DROP_OUT_UNKNOWN_VNI;
	if (!ip_source_is(ip, vtep->family, vtep->bytes))
		return COVEY_DROP_OUT_SOURCE;
	if (!sadb->groups[group].tx)
		return sadb->groups[group].reason;
	if ((size_t)frame->ip_len + engine->overhead > engine->config.fabric_mtu)
		return COVEY_DROP_OUT_TOO_BIG;
	if (rte_pktmbuf_headroom(packet) < engine->overhead)
		return COVEY_DROP_OUT_SEGMENTED;
	*ret_sa = sadb->groups[group].tx;
	return NO_DROP;
}

/* Give the packet its window and ESN. Last, so that no ESN is lost on a packet that stays. */
static enum covey_drop depart(struct engine_worker *worker, const struct sadb *sadb,
			      struct rte_mbuf *packet, const struct frame *frame,
			      struct departure *departure)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(packet, const uint8_t *, frame->l2_len);
	enum covey_drop verdict = resolve(worker->engine, sadb, packet, frame, ip, &departure->sa);

	if (verdict != NO_DROP)
		return verdict;
	departure->window_id = window_of(worker, ip, frame);
	departure->esn = sa_tx_next(departure->sa, worker->index, departure->window_id);
	if (departure->esn == 0)
		return COVEY_DROP_OUT_LIMIT;
	departure->packet = packet;
	departure->l2_len = frame->l2_len;
	departure->inner_len = frame->ip_len;
	return NO_DROP;
}

/* --- headers ------------------------------------------------------------------------------- */

/* Make room, move the Ethernet header and its tags forward, write what comes between. */
static void encapsulate(const struct engine *engine, struct departure *departure)
{
	const struct dataplane_config *config = &engine->config;
	bool udp = config->encapsulation == COVEY_ENCAPSULATION_UDP;
	uint8_t protocol = udp ? IPPROTO_UDP : config->vpe_protocol;
	uint16_t total = (uint16_t)(departure->inner_len + engine->overhead);
	struct rte_mbuf *packet = departure->packet;
	uint8_t *start, *at, *inner;

	/* Ethernet's padding goes. */
	packet->data_len = departure->l2_len + departure->inner_len;
	packet->pkt_len = packet->data_len;
	start = (uint8_t *)rte_pktmbuf_prepend(packet, engine->overhead);
	inner = start + engine->overhead + departure->l2_len;
	memmove(start, start + engine->overhead, departure->l2_len);
	at = start + departure->l2_len;
	at = ip_version(inner) == 4 ? write_ipv4(at, inner, protocol, total)
				    : write_ipv6(at, inner, protocol, total, departure->window_id);
	if (udp)
		at = write_udp(at, config->vpe_port, departure->window_id,
			       (uint16_t)(inner + departure->inner_len - at));
	departure->vpe = (struct covey_vpe_header *)at;
	covey_vpe_set(departure->vpe, departure->sa->spi, departure->sa->sender_id,
		      departure->window_id, departure->esn);
}

static void encrypt(struct engine_worker *worker, struct departure *departure)
{
	uint8_t *header = (uint8_t *)departure->vpe;

	cipher_seal(departure->sa->cipher, departure->sa->key, &worker->context,
		    header + COVEY_VPE_IV_OFFSET, header + sizeof(*departure->vpe),
		    departure->inner_len, header + COVEY_VPE_ICV_OFFSET);
	engine_count(&worker->counters.encrypted_packets, 1);
	engine_count(&worker->counters.encrypted_bytes, departure->inner_len);
}

/* --- the burst ----------------------------------------------------------------------------- */

/* Sort one packet: drop it, let it pass, or make it a departure. */
static bool sort(struct engine_worker *worker, const struct sadb *sadb, struct rte_mbuf **slot,
		 struct departure *departure)
{
	struct frame frame;
	enum covey_drop verdict;

	burst_classify(worker, *slot, &frame);
	verdict = verdict_of(frame.kind);
	if (verdict == NO_DROP && frame.kind == FRAME_VXLAN)
		verdict = depart(worker, sadb, *slot, &frame, departure);
	else if (verdict == NO_DROP)
		engine_count(&worker->counters.bypassed_out, 1);
	if (verdict == NO_DROP)
		return frame.kind == FRAME_VXLAN;
	burst_drop(worker, slot, verdict);
	return false;
}

uint16_t outbound_burst(struct engine_worker *worker, struct rte_mbuf **packets, uint16_t count)
{
	const struct sadb *sadb = engine_worker_sadb(worker);
	struct departure departures[ENGINE_BURST_MAX];
	uint16_t departing = 0;

	for (uint16_t i = 0; i < PREFETCH_AHEAD; i++)
		burst_prefetch(packets, i, count);
	for (uint16_t i = 0; i < count; i++) {
		burst_prefetch(packets, i + PREFETCH_AHEAD, count);
		departing += sort(worker, sadb, &packets[i], &departures[departing]);
	}
	for (uint16_t i = 0; i < departing; i++)
		encapsulate(worker->engine, &departures[i]);
	for (uint16_t i = 0; i < departing; i++)
		encrypt(worker, &departures[i]);
	return burst_compact(packets, count);
}
