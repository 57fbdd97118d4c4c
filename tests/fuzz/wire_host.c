/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Frames from the host. What leaves is what it was and hides no VXLAN, or it is VPE that opens to
 * what it was, under an IV that was never used.
 */

#include "count.h"
#include "must.h"
#include "outbound.h"
#include "sight.h"
#include "wire.h"

#define VPE_LEN   sizeof(struct covey_vpe_header)
#define BYTES_MAX (WIRE_FRAME_MAX + 256)
/* Of the byte for all: the SAs have as many packets left as bits 4 to 7 say. */
#define ALL_SCARCE 0x04

struct frame_out {
	struct rte_mbuf *packet;
	struct rte_mbuf *held;
	uint8_t bytes[WIRE_FRAME_MAX];
	size_t len;
	struct sight sight;
	bool ordinary; /* nothing around its contents may stop it */
	bool tunnel;   /* likewise, and it is a tunnel that is not carried */
};

/* A window that was sent in. */
struct sent {
	const struct wire_sa *sa;
	uint16_t window_id;
	uint64_t esn;
};

struct scene {
	struct wire *wire;
	struct frame_out frames[WIRE_FRAMES_MAX];
	unsigned count;
	unsigned begun;
	bool scarce;
	struct sent sent[WIRE_FRAMES_MAX];
	unsigned sent_count;
};

static struct scene scene;

static void add(const struct wire_record *record)
{
	struct frame_out *frame = &scene.frames[scene.count++];
	size_t split = record->how & WIRE_HOW_SPLIT ? record->where : SIZE_MAX;
	size_t room =
		record->how & WIRE_HOW_TIGHT ? 1u + record->where % 127 : RTE_PKTMBUF_HEADROOM;

	frame->len = record->len;
	frame->held = NULL;
	memcpy(frame->bytes, record->bytes, record->len);
	if (record->how & WIRE_HOW_REPAIR && frame->len > 14)
		wire_repair(frame->bytes + 14, frame->len - 14);
	frame->sight = sight_of_frame(frame->bytes, frame->len);
	frame->ordinary = frame->sight.ip == 14 && frame->sight.vxlan && !scene.scarce &&
			  sight_is_ordinary(&frame->sight, frame->bytes, frame->len) &&
			  !(record->how & (WIRE_HOW_SPLIT | WIRE_HOW_SHARE | WIRE_HOW_TIGHT));
	frame->tunnel = frame->sight.ip == 14 && frame->sight.tunnel &&
			sight_is_ordinary(&frame->sight, frame->bytes, frame->len) &&
			!(record->how & WIRE_HOW_SPLIT);
	frame->packet = wire_packet(frame->bytes, frame->len, split, room);
	if (record->how & WIRE_HOW_SHARE) {
		frame->held = rte_pktmbuf_clone(frame->packet, frame->packet->pool);
		must(frame->held);
	}
}

/* --- what must hold ------------------------------------------------------------------------- */

/* The SA that a group sends on. */
static const struct wire_sa *sa_of_vni(uint32_t vni)
{
	for (unsigned i = 0; i < WIRE_SAS; i++)
		if (scene.wire->sas[i].vni == vni && scene.wire->sas[i].sends)
			return &scene.wire->sas[i];
	return NULL;
}

static unsigned engine_version(void)
{
	return scene.wire->config.vtep.family == AF_INET6 ? 6 : 4;
}

static bool is_from_us(const struct frame_out *frame)
{
	const uint8_t *ip = frame->bytes + frame->sight.ip;

	return frame->sight.version == engine_version() &&
	       wire_is_address(frame->sight.version, ip + (frame->sight.version == 6 ? 8 : 12),
			       WIRE_SELF);
}

/* The window's counter begins at 1 and rises by 1. */
static void check_esn(const struct wire_sa *sa, uint16_t window_id, uint64_t esn)
{
	struct sent *sent = scene.sent;

	while (sent < scene.sent + scene.sent_count &&
	       (sent->sa != sa || sent->window_id != window_id))
		sent++;
	if (sent == scene.sent + scene.sent_count) {
		*sent = (struct sent){sa, window_id, covey_esn(WIRE_EPOCH, 0)};
		scene.sent_count++;
	}
	must(esn == sent->esn + 1);
	sent->esn = esn;
}

/* The IP packet that went in, where it lies in what came out. */
static void check_contents(const struct frame_out *frame, const struct wire_sa *sa, uint8_t *vpe,
			   size_t len)
{
	static struct cipher_context context;
	const uint8_t *ip = frame->bytes + frame->sight.ip;

	must(len == frame->sight.ip_len);
	must(cipher_open(sa->cipher, &sa->keys[WIRE_SELF], &context, vpe + COVEY_VPE_IV_OFFSET,
			 vpe + VPE_LEN, len, vpe + COVEY_VPE_ICV_OFFSET));
	must(memcmp(vpe + VPE_LEN, ip, len) == 0);
}

static void check_encrypted(const struct frame_out *frame, uint8_t *bytes, size_t len)
{
	struct sight outer = sight_of_frame(bytes, len);
	size_t ip_at = frame->sight.ip, addresses = outer.version == 6 ? 8 : 12;
	const struct covey_vpe_header *header = (const void *)(bytes + outer.payload);
	const struct wire_sa *sa = sa_of_vni(frame->sight.vni);

	must(outer.vpe && !outer.vxlan && !outer.fragment && outer.ip == ip_at);
	must(sight_is_ordinary(&outer, bytes, len) && outer.ip_len <= WIRE_MTU);
	must(frame->sight.vxlan && frame->sight.whole && !frame->sight.fragment);
	must(is_from_us(frame));
	must(!wire_is_clear(scene.wire, frame->sight.vni, true));
	must(sa && covey_vpe_spi(header) == sa->sa.spi);
	must(covey_vpe_window(header) >> 16 == WIRE_SELF);
	must(memcmp(bytes, frame->bytes, ip_at) == 0);
	must(memcmp(bytes + ip_at + addresses, frame->bytes + ip_at + addresses,
		    outer.version == 6 ? 32 : 8) == 0);
	check_esn(sa, (uint16_t)covey_vpe_window(header), covey_vpe_esn(header));
	check_contents(frame, sa, bytes + outer.payload, len - outer.payload - VPE_LEN);
}

static void check_sent(const struct frame_out *frame)
{
	static uint8_t bytes[BYTES_MAX];
	size_t len = wire_read(frame->packet, bytes);

	if (len != frame->len || memcmp(bytes, frame->bytes, len) != 0) {
		check_encrypted(frame, bytes, len);
		return;
	}
	must(!frame->sight.quotes_vxlan && !frame->sight.vpe);
	must(!frame->sight.tunnel || wire_tunnel_passes(scene.wire, &frame->sight));
	if (frame->sight.vxlan)
		must(wire_is_clear(scene.wire, frame->sight.vni, true) && frame->sight.whole &&
		     (frame->sight.fragment || frame->sight.ip_len <= WIRE_MTU));
	if (frame->sight.fragment && (frame->sight.vxlan || frame->sight.udp))
		must(wire_is_clear_in_parts(scene.wire, true) ||
		     !(frame->sight.vxlan || frame->sight.later_fragment));
}

static void check_dropped(const struct frame_out *frame)
{
	must(!frame->tunnel || !wire_tunnel_passes(scene.wire, &frame->sight));
	must(!frame->ordinary || !wire_is_clear(scene.wire, frame->sight.vni, true) ||
	     frame->sight.ip_len > WIRE_MTU);
	must(!frame->ordinary || !is_from_us(frame) || !sa_of_vni(frame->sight.vni) ||
	     frame->sight.ip_len + scene.wire->dataplane->engine.overhead > WIRE_MTU);
}

/* --- running -------------------------------------------------------------------------------- */

static void run_burst(void)
{
	struct rte_mbuf *packets[WIRE_FRAMES_MAX];
	unsigned count = scene.count - scene.begun, at = 0;
	uint64_t drops = wire_drops(scene.wire);
	uint16_t passed;

	for (unsigned i = 0; i < count; i++)
		packets[i] = scene.frames[scene.begun + i].packet;
	passed = outbound_burst(scene.wire->worker, packets, (uint16_t)count);
	must(passed + wire_drops(scene.wire) - drops == count);
	for (unsigned i = scene.begun; i < scene.count; i++) {
		if (at < passed && packets[at] == scene.frames[i].packet) {
			check_sent(&scene.frames[i]);
			at++;
		} else {
			check_dropped(&scene.frames[i]);
		}
	}
	must(at == passed);
	rte_pktmbuf_free_bulk(packets, passed);
	scene.begun = scene.count;
}

static void check_held(void)
{
	static uint8_t bytes[BYTES_MAX];

	for (unsigned i = 0; i < scene.count; i++) {
		struct frame_out *frame = &scene.frames[i];

		if (!frame->held)
			continue;
		must(wire_read(frame->held, bytes) == frame->len);
		must(memcmp(bytes, frame->bytes, frame->len) == 0);
		rte_pktmbuf_free(frame->held);
	}
}

/* Windows that were not seen to be sent in have sent nothing. */
static void check_counts(unsigned left)
{
	uint64_t packets = 0, taken = 0;

	for (unsigned i = 0; i < scene.sent_count; i++)
		packets += scene.sent[i].esn & COVEY_ESN_COUNTER_MAX;
	for (unsigned i = 0; i < WIRE_SAS; i++) {
		const struct wire_sa *sa = &scene.wire->sas[i];

		if (!sa->sends)
			continue;
		must(!scene.scarce || sa->record->tx_states[0].packets <= left);
		taken += sa->record->tx_states[0].packets;
	}
	must(packets == taken);
}

static void be_scarce(unsigned left)
{
	for (unsigned i = 0; i < WIRE_SAS; i++) {
		const struct wire_sa *sa = &scene.wire->sas[i];

		if (sa->sends)
			wire_leave(sa, left);
	}
}

static void begin(uint8_t all)
{
	scene.wire = wire_get(all);
	scene.count = scene.begun = 0;
	wire_reset(scene.wire);
	wire_set_modes(scene.wire, all);
	for (unsigned i = 0; i < scene.sent_count; i++)
		scene.sent[i].sa->record->tx_states[0].esn[scene.sent[i].window_id] = 0;
	scene.sent_count = 0;
	scene.scarce = all & ALL_SCARCE;
	if (scene.scarce)
		be_scarce(all >> 4);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	wire_start();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_record record;
	uint8_t all;

	if (size < 6)
		return -1;
	all = data[0];
	begin(all);
	data++, size--;
	while (scene.count + 2 <= WIRE_FRAMES_MAX && wire_next(&data, &size, &record)) {
		if (record.how & WIRE_HOW_BURST && scene.count > scene.begun)
			run_burst();
		add(&record);
		if (record.how & WIRE_HOW_TWICE)
			add(&record);
	}
	run_burst();
	check_held();
	check_counts(all >> 4);
	must(wire_is_empty());
	count(scene.count);
	return 0;
}
