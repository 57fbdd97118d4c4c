/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Frames from the fabric: recognition, admission, decryption, the inner packet. The fuzzer has the
 * keys of all senders, so what it changes can be behind authentication.
 */

#include "count.h"
#include "inbound.h"
#include "must.h"
#include "sight.h"
#include "wire.h"

#define VPE_LEN sizeof(struct covey_vpe_header)

/* One frame, and what is known of it. */
struct frame_in {
	struct rte_mbuf *packet;
	struct rte_mbuf *held; /* who shares its bytes */
	uint8_t bytes[WIRE_FRAME_MAX];
	uint8_t inner[WIRE_FRAME_MAX]; /* of VPE that is authentic: what was encrypted */
	size_t len;
	size_t inner_len;
	struct sight sight;
	const struct wire_sa *sa; /* authentic: sealed under this SA's key, and not spoilt since */
	uint16_t sender_id;
	uint16_t window_id;
	uint64_t esn;
	bool admissible; /* authentic, and nothing around the ciphertext is against it */
	bool ordinary;
	bool clear; /* ordinary VXLAN, or a tunnel that is not carried */
	bool released;
};

struct scene {
	struct wire *wire;
	struct frame_in frames[WIRE_FRAMES_MAX];
	unsigned count;
	unsigned begun; /* the first frame of the burst at hand */
};

static struct scene scene;

static const uint8_t *ip_of(const struct frame_in *frame)
{
	return frame->bytes + frame->sight.ip;
}

static const uint8_t *source_of(const uint8_t *ip)
{
	return ip + (ip[0] >> 4 == 6 ? 8 : 12);
}

static const uint8_t *destination_of(const uint8_t *ip)
{
	return ip + (ip[0] >> 4 == 6 ? 24 : 16);
}

/* Both addresses. */
static size_t addresses_len(const uint8_t *ip)
{
	return ip[0] >> 4 == 6 ? 32 : 8;
}

/* --- making frames ------------------------------------------------------------------------- */

/* Make it authentic, if there is an SA and a key for what it says it is. */
static void seal(const struct wire *wire, struct frame_in *frame)
{
	uint8_t *vpe = frame->bytes + frame->sight.payload;
	size_t end = RTE_MIN(frame->sight.ip + frame->sight.ip_len, frame->len);
	const struct covey_vpe_header *header = (const void *)vpe;
	static struct cipher_context context;
	const struct cipher_key *key;
	const struct wire_sa *sa;

	if (!frame->sight.vpe || !frame->sight.payload || end < frame->sight.payload + VPE_LEN)
		return;
	sa = wire_sa((struct wire *)wire, covey_vpe_spi(header));
	key = sa ? wire_key(sa, covey_vpe_window(header) >> 16) : NULL;
	if (!key)
		return;
	frame->inner_len = end - frame->sight.payload - VPE_LEN;
	memcpy(frame->inner, vpe + VPE_LEN, frame->inner_len);
	cipher_seal(sa->cipher, key, &context, vpe + COVEY_VPE_IV_OFFSET, vpe + VPE_LEN,
		    frame->inner_len, vpe + COVEY_VPE_ICV_OFFSET);
	frame->sa = sa;
	frame->sender_id = (uint16_t)(covey_vpe_window(header) >> 16);
	frame->window_id = (uint16_t)covey_vpe_window(header);
	frame->esn = covey_vpe_esn(header);
}

/* Change one bit of what is authenticated but the SPI, which could name the same key. */
static void spoil(struct frame_in *frame, unsigned where)
{
	size_t span = VPE_LEN - COVEY_VPE_ICV_OFFSET + frame->inner_len;

	if (!frame->sa)
		return;
	frame->bytes[frame->sight.payload + COVEY_VPE_ICV_OFFSET + where % span] ^=
		(uint8_t)(1u << where % 8);
	frame->sa = NULL;
}

/* VPE's own length, from IP on, with and without UDP. */
static void repair(struct frame_in *frame)
{
	size_t l2 = 14, at;

	if (frame->len < l2 + 20)
		return;
	wire_repair(frame->bytes + l2, frame->len - l2);
	frame->sight = sight_of_frame(frame->bytes, frame->len);
	at = frame->sight.payload + VPE_LEN;
	if (frame->sight.vpe && frame->sight.payload && at < frame->len)
		wire_repair(frame->bytes + at, frame->len - at);
}

static bool is_ordinary(const struct frame_in *frame)
{
	struct sight inner = sight_of_ip(frame->inner, frame->inner_len);

	return frame->sight.ip == 14 &&
	       sight_is_ordinary(&frame->sight, frame->bytes, frame->len) && inner.vxlan &&
	       sight_is_ordinary(&inner, frame->inner, frame->inner_len);
}

/* Is VPE where a sender of this fabric puts it: in its encapsulation, without options? */
static bool is_in_form(const struct frame_in *frame)
{
	bool in_udp = scene.wire->config.encapsulation == COVEY_ENCAPSULATION_UDP;
	size_t headers = (frame->sight.version == 6 ? 40 : 20) + (in_udp ? 8 : 0);

	return frame->sight.udp == in_udp && frame->sight.payload == frame->sight.ip + headers;
}

/* May this sender send this at all, as far as what is around the ciphertext says? */
static bool may_be_sent(const struct frame_in *frame)
{
	const uint8_t *ip = ip_of(frame), *destination = destination_of(ip);
	unsigned version = scene.wire->config.vtep.family == AF_INET6 ? 6 : 4;
	bool multicast = frame->sight.version == 6 ? destination[0] == 0xff
						   : (destination[0] & 0xf0) == 0xe0;

	if (!frame->sa || !frame->sa->sa.may_receive || frame->sight.fragment ||
	    frame->sight.version != version || !is_in_form(frame))
		return false;
	if (frame->sender_id != WIRE_PEER && frame->sender_id != WIRE_OTHER_PEER)
		return false;
	if (covey_esn_epoch(frame->esn) < (frame->sender_id == WIRE_PEER ? WIRE_EPOCH_FLOOR : 1))
		return false;
	return wire_is_address(version, source_of(ip), frame->sender_id) &&
	       (multicast || wire_is_address(version, destination, WIRE_SELF));
}

static void add(const struct wire_record *record)
{
	struct frame_in *frame = &scene.frames[scene.count++];
	size_t split = record->how & WIRE_HOW_SPLIT ? record->where : SIZE_MAX;

	frame->len = record->len;
	frame->sa = NULL;
	frame->held = NULL;
	frame->released = false;
	frame->inner_len = 0;
	memcpy(frame->bytes, record->bytes, record->len);
	if (record->how & WIRE_HOW_REPAIR)
		repair(frame);
	frame->sight = sight_of_frame(frame->bytes, frame->len);
	if (record->how & WIRE_HOW_SEAL)
		seal(scene.wire, frame);
	if (record->how & WIRE_HOW_SPOIL)
		spoil(frame, record->where);
	frame->admissible = may_be_sent(frame);
	frame->ordinary = frame->sa && is_ordinary(frame) &&
			  !(record->how & (WIRE_HOW_SPLIT | WIRE_HOW_SHARE));
	frame->clear = frame->sight.ip == 14 && (frame->sight.vxlan || frame->sight.tunnel) &&
		       sight_is_ordinary(&frame->sight, frame->bytes, frame->len) &&
		       !(record->how & WIRE_HOW_SPLIT);
	frame->packet = wire_packet(frame->bytes, frame->len, split, 0);
	if (record->how & WIRE_HOW_SHARE) {
		frame->held = rte_pktmbuf_clone(frame->packet, frame->packet->pool);
		must(frame->held);
	}
}

/* --- what must hold ------------------------------------------------------------------------ */

static bool is_same_window(const struct frame_in *a, const struct frame_in *b)
{
	return a->sa == b->sa && a->sender_id == b->sender_id && a->window_id == b->window_id;
}

/* The highest ESN in its window of all that may have counted before it; 0: none. */
static uint64_t highest_before(const struct frame_in *frame)
{
	uint64_t highest = 0;

	for (const struct frame_in *before = scene.frames; before < frame; before++)
		if (before->admissible && is_same_window(before, frame))
			highest = RTE_MAX(highest, before->esn);
	return highest;
}

static unsigned ecn_of(const uint8_t *ip)
{
	return ip[0] >> 4 == 4 ? ip[1] & 3u : ip[1] >> 4 & 3u;
}

/* RFC 6040 section 4.2; 4: drop. */
static unsigned ecn_combined(unsigned inner, unsigned outer)
{
	static const uint8_t table[4][4] = {{0, 0, 0, 4}, {1, 1, 1, 3}, {2, 1, 2, 3}, {3, 3, 3, 3}};

	return table[inner][outer];
}

static unsigned checksum(const uint8_t *ip)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < (ip[0] & 15u) * 4; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* The inner packet as it was encrypted, but for what ECN changes of it. */
static void check_contents(const struct frame_in *frame, const uint8_t *ip)
{
	const uint8_t *inner = frame->inner;
	size_t skip = inner[0] >> 4 == 4 ? 12 : 2;

	must(ecn_of(ip) == ecn_combined(ecn_of(inner), ecn_of(ip_of(frame))));
	must(memcmp(ip + skip, inner + skip, frame->inner_len - skip) == 0);
	must(ip[0] == inner[0]);
	if (skip == 2)
		must(((ip[1] ^ inner[1]) & 0xcf) == 0);
	else
		must(((ip[1] ^ inner[1]) & 0xfc) == 0 && memcmp(ip + 2, inner + 2, 8) == 0 &&
		     (checksum(inner) != 0xffff || checksum(ip) == 0xffff));
}

static void check_entered(const struct frame_in *frame, const uint8_t *bytes, size_t len)
{
	struct sight inner = sight_of_ip(frame->inner, frame->inner_len);

	must(frame->admissible);
	must(frame->esn != 0);
	for (const struct frame_in *before = scene.frames; before < frame; before++)
		must(!before->released || !is_same_window(before, frame) ||
		     before->esn != frame->esn);
	must(inner.vxlan && inner.whole && !inner.fragment && inner.vni == frame->sa->vni);
	must(inner.version == frame->sight.version && inner.ip_len == frame->inner_len);
	must(memcmp(source_of(frame->inner), source_of(ip_of(frame)),
		    addresses_len(frame->inner)) == 0);
	must(len == frame->sight.ip + frame->inner_len);
	must(memcmp(bytes, frame->bytes, frame->sight.ip) == 0);
	check_contents(frame, bytes + frame->sight.ip);
}

static bool is_finished(const struct sight *sight, const uint8_t *before, const uint8_t *after,
			size_t len)
{
	return memcmp(before, after, len) == 0 || sight_is_finished(sight, before, after, len);
}

/* As it was, but for checksums that were left to hardware: first the tenant's, then the outer one,
 * which covers that. */
static void check_clear(const struct frame_in *frame, const uint8_t *bytes, size_t len)
{
	static uint8_t between[WIRE_FRAME_MAX];
	size_t at = frame->sight.payload + 8;
	struct sight inner;

	must(!frame->sight.fragment || wire_is_clear_in_parts(scene.wire, false));
	must(wire_is_clear(scene.wire, frame->sight.vni, false));
	must(frame->sight.whole && len == frame->len && at <= len);
	inner = sight_of_frame(frame->bytes + at, len - at);
	must(is_finished(&inner, frame->bytes + at, bytes + at, len - at));
	memcpy(between, frame->bytes, at);
	memcpy(between + at, bytes + at, len - at);
	must(is_finished(&frame->sight, between, bytes, len));
}

static void check_released(struct frame_in *frame)
{
	static uint8_t bytes[WIRE_FRAME_MAX + 256];
	size_t len = wire_read(frame->packet, bytes);

	if (frame->sight.vpe) {
		check_entered(frame, bytes, len);
		frame->released = true;
		return;
	}
	must(!frame->sight.quotes_vxlan);
	must(!frame->sight.tunnel || wire_tunnel_passes(scene.wire, &frame->sight));
	if (frame->sight.vxlan)
		check_clear(frame, bytes, len);
	else
		must(len == frame->len && is_finished(&frame->sight, frame->bytes, bytes, len));
}

/* Nothing may stop it: then it entered. */
static void check_dropped(const struct frame_in *frame)
{
	struct sight inner;

	must(!frame->clear ||
	     !(frame->sight.tunnel ? wire_tunnel_passes(scene.wire, &frame->sight)
				   : wire_is_clear(scene.wire, frame->sight.vni, false)));
	if (!frame->ordinary || !frame->admissible || frame->esn <= highest_before(frame))
		return;
	inner = sight_of_ip(frame->inner, frame->inner_len);
	must(inner.vni != frame->sa->vni || inner.version != frame->sight.version ||
	     memcmp(source_of(frame->inner), source_of(ip_of(frame)),
		    addresses_len(frame->inner)) != 0 ||
	     ecn_combined(ecn_of(frame->inner), ecn_of(ip_of(frame))) == 4);
}

/* --- running ------------------------------------------------------------------------------- */

/* Those that passed stand in front, in their order. */
static void run_burst(void)
{
	struct rte_mbuf *packets[WIRE_FRAMES_MAX];
	unsigned count = scene.count - scene.begun, at = 0;
	uint64_t drops = wire_drops(scene.wire);
	uint16_t passed;

	for (unsigned i = 0; i < count; i++)
		packets[i] = scene.frames[scene.begun + i].packet;
	passed = inbound_burst(scene.wire->worker, packets, (uint16_t)count);
	must(passed + wire_drops(scene.wire) - drops == count);
	for (unsigned i = scene.begun; i < scene.count; i++) {
		struct frame_in *frame = &scene.frames[i];

		if (at < passed && packets[at] == frame->packet) {
			check_released(frame);
			at++;
		} else {
			check_dropped(frame);
		}
	}
	must(at == passed);
	rte_pktmbuf_free_bulk(packets, passed);
	scene.begun = scene.count;
}

/* What others hold is as it was. */
static void check_held(void)
{
	static uint8_t bytes[WIRE_FRAME_MAX + 256];

	for (unsigned i = 0; i < scene.count; i++) {
		struct frame_in *frame = &scene.frames[i];

		if (!frame->held)
			continue;
		must(wire_read(frame->held, bytes) == frame->len);
		must(memcmp(bytes, frame->bytes, frame->len) == 0);
		rte_pktmbuf_free(frame->held);
	}
}

/* Only what is authentic and may be here has left a trace. */
static void check_windows(void)
{
	for (unsigned i = 0; i < WIRE_SAS; i++) {
		const struct wire_sa *sa = &scene.wire->sas[i];
		const struct windows *windows = sa->record->windows;
		struct window_id id;
		uint64_t highest;

		for (uint32_t j = 0; j < windows_end(windows); j++) {
			bool found = false;

			must(windows_read(windows, j, &id, &highest));
			for (unsigned k = 0; k < scene.count && !found; k++) {
				const struct frame_in *frame = &scene.frames[k];

				found = frame->admissible && frame->sa == sa &&
					frame->sender_id == id.sender_id &&
					frame->window_id == id.window_id && frame->esn == highest;
			}
			must(found);
		}
	}
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
	scene.wire = wire_get(all);
	scene.count = scene.begun = 0;
	data++, size--;
	wire_reset(scene.wire);
	wire_set_modes(scene.wire, all);
	while (scene.count + 2 <= WIRE_FRAMES_MAX && wire_next(&data, &size, &record)) {
		if (record.how & WIRE_HOW_BURST && scene.count > scene.begun)
			run_burst();
		add(&record);
		if (record.how & WIRE_HOW_TWICE)
			add(&record);
	}
	run_burst();
	check_held();
	check_windows();
	must(wire_is_empty());
	count(scene.count);
	return 0;
}
