/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One packet per reason: exactly that counter moves. Each row starts from a packet that passes and
 * changes one thing, before encryption (clear), after it (wire), or about the dataplane
 * (dataplane).
 */
#include "lab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SPI_NOT_RECEIVER 0x2000u
#define SPI_NOT_SENDER   0x3000u
#define VNI_NO_SA        200u
#define VNI_NOT_SENDER   300u
#define IP_AT            14u
#define UDP_AT           34u
#define WIRE_UDP_AT      34u
#define WIRE_VPE_AT      42u

struct scene {
	struct lab lab;
	struct sample sample;
	struct reference_sa sa;
	struct reference_iv iv;
	uint8_t clear[REFERENCE_BYTES_MAX];
	size_t clear_len;
	uint8_t wire[REFERENCE_BYTES_MAX]; /* what is sent in */
	size_t wire_len;
	bool chained;     /* send in two buffers */
	bool early;       /* and the first of them ends in the VPE header */
	bool no_headroom; /* send without room for more headers */
	bool cut_short;   /* send with fewer bytes in its buffers than it says */
	bool shared;      /* send while a copy holds the same bytes */
	bool copy;        /* send that copy */
	struct rte_mbuf *held;
};

struct row {
	enum covey_drop reason;
	const char *name;
	void (*dataplane)(struct scene *scene);
	void (*clear)(struct scene *scene);
	void (*wire)(struct scene *scene);
};

static void install(struct scene *scene, uint32_t spi, uint32_t group, bool may_send,
		    bool may_receive)
{
	struct covey_sa sa = lab_sa(spi, 5);
	struct covey_roster_entry peer = lab_peer(false);

	sa.group = group;
	sa.may_send = may_send;
	sa.may_receive = may_receive;
	peer.epoch_floor = 3;
	assert_int_equal(dataplane_sa_install(scene->lab.dataplane, &sa, &peer, 1, NULL), 0);
	assert_int_equal(dataplane_sa_activate(scene->lab.dataplane, spi, NULL), 0);
}

static void open_scene(struct scene *scene, bool inbound)
{
	struct dataplane_config config = lab_config(false, COVEY_ENCAPSULATION_UDP);
	static const uint32_t vnis[] = {VNI_NO_SA, VNI_NOT_SENDER};
	struct covey_sa sa = lab_sa(LAB_SPI, 5);

	memset(scene, 0, sizeof(*scene));
	lab_open(&scene->lab, &config);
	install(scene, LAB_SPI, 0, true, true);
	install(scene, SPI_NOT_RECEIVER, 3, true, false);
	install(scene, SPI_NOT_SENDER, 2, false, true);
	assert_int_equal(dataplane_group_set(scene->lab.dataplane, 1, &vnis[0], 1, NULL), 0);
	assert_int_equal(dataplane_group_set(scene->lab.dataplane, 2, &vnis[1], 1, NULL), 0);
	scene->sample = lab_sample();
	scene->sample.source = inbound ? LAB_PEER : LAB_SELF;
	scene->sa = lab_reference(&scene->lab, &sa);
	scene->iv = (struct reference_iv){LAB_PEER, 0x1234, covey_esn(3, 10)};
}

static struct rte_mbuf *packet_of(struct scene *scene)
{
	size_t rest_len = scene->early ? scene->wire_len - WIRE_VPE_AT - 20 : 10;
	size_t first = scene->chained ? scene->wire_len - rest_len : scene->wire_len;
	struct rte_mbuf *packet = lab_packet(scene->wire, first), *rest;

	if (scene->chained) {
		rest = lab_packet(scene->wire + first, rest_len);
		assert_int_equal(rte_pktmbuf_chain(packet, rest), 0);
		rest->data_len -= scene->cut_short;
	}
	if (scene->no_headroom) {
		memmove(packet->buf_addr, scene->wire, scene->wire_len);
		packet->data_off = 0;
	}
	if (scene->shared) {
		rest = rte_pktmbuf_clone(packet, packet->pool);
		assert_non_null(rest);
		scene->held = scene->copy ? packet : rest;
		packet = scene->copy ? rest : packet;
	}
	return packet;
}

/* What another holds is as it was, whatever became of the packet. */
static void release_held(struct scene *scene)
{
	if (!scene->held)
		return;
	assert_memory_equal(rte_pktmbuf_mtod(scene->held, void *), scene->wire,
			    scene->held->data_len);
	rte_pktmbuf_free(scene->held);
}

static uint16_t run_outbound(struct scene *scene)
{
	struct rte_mbuf *packet = packet_of(scene);
	uint16_t passed = outbound_burst(scene->lab.worker, &packet, 1);

	if (passed > 0)
		rte_pktmbuf_free(packet);
	release_held(scene);
	return passed;
}

static uint16_t run_inbound(struct scene *scene)
{
	struct rte_mbuf *packet = packet_of(scene);
	uint16_t passed = inbound_burst(scene->lab.worker, &packet, 1);

	if (passed > 0)
		rte_pktmbuf_free(packet);
	release_held(scene);
	return passed;
}

static void seal(struct scene *scene)
{
	scene->wire_len = reference_vpe(&scene->sa, scene->iv, scene->clear, IP_AT,
					scene->clear_len, scene->wire);
}

/* Send the scene's packet with another ESN, which passes. */
static void send_before(struct scene *scene, uint64_t esn)
{
	uint64_t saved = scene->iv.esn;

	scene->iv.esn = esn;
	seal(scene);
	assert_int_equal(run_inbound(scene), 1);
	scene->iv.esn = saved;
	seal(scene);
}

/* --- what each row changes ------------------------------------------------------------------ */

static void set_port(uint8_t *frame, unsigned udp_at, uint16_t port)
{
	frame[udp_at + 2] = (uint8_t)(port >> 8);
	frame[udp_at + 3] = (uint8_t)port;
}

static struct sa_record *record_of(struct scene *scene)
{
	return sa_record_find(scene->lab.dataplane, LAB_SPI);
}

static void longer_than_frame(struct scene *scene)
{
	scene->wire[IP_AT + 2] = 0xff;
}

static void without_vni_flag(struct scene *scene)
{
	scene->wire[UDP_AT + 8] = 0;
}

/* What the kernel answers to VXLAN that it has no use for. */
static void port_unreachable(struct scene *scene)
{
	static const uint8_t unreachable[8] = {3, 3};
	uint8_t *ip = scene->wire + IP_AT;
	size_t len = scene->wire_len - IP_AT;

	memmove(ip + 28, ip, len);
	memcpy(ip + 20, unreachable, sizeof(unreachable));
	ip[2] = (uint8_t)((len + 28) >> 8);
	ip[3] = (uint8_t)(len + 28);
	ip[9] = 1;
	scene->wire_len += 28;
}

static void later_fragment(struct scene *scene)
{
	scene->wire[IP_AT + 7] = 1;
}

static void first_fragment(struct scene *scene)
{
	scene->wire[IP_AT + 6] = 0x20;
}

static void chained_early(struct scene *scene)
{
	scene->chained = scene->early = true;
}

static void no_headroom(struct scene *scene)
{
	scene->no_headroom = true;
}

static void cut_short(struct scene *scene)
{
	scene->chained = scene->cut_short = true;
}

static void shared(struct scene *scene)
{
	scene->shared = true;
}

static void shared_chain(struct scene *scene)
{
	scene->chained = scene->shared = true;
}

static void copy(struct scene *scene)
{
	scene->shared = scene->copy = true;
}

static void copied_chain(struct scene *scene)
{
	scene->chained = scene->shared = scene->copy = true;
}

static void vpe_port(struct scene *scene)
{
	set_port(scene->wire, UDP_AT, COVEY_VPE_PORT);
}

static void vpe_protocol(struct scene *scene)
{
	scene->wire[IP_AT + 9] = COVEY_VPE_IP_PROTOCOL;
}

static void unknown_vni(struct scene *scene)
{
	scene->sample.vni = 4711;
}

static void vni_without_sa(struct scene *scene)
{
	scene->sample.vni = VNI_NO_SA;
}

static void vni_not_to_send(struct scene *scene)
{
	scene->sample.vni = VNI_NOT_SENDER;
}

static void drained(struct scene *scene)
{
	assert_int_equal(dataplane_sa_drain(scene->lab.dataplane, LAB_SPI, NULL), 0);
}

static void other_source(struct scene *scene)
{
	scene->sample.source = 77;
}

static void other_family(struct scene *scene)
{
	scene->sample.ipv6 = true;
}

/* Our IPv4 address where it would stand in IPv4. */
static void our_address_in_ipv6(struct scene *scene)
{
	static const uint8_t address[4] = {10, 0, 0, LAB_SELF};

	memcpy(scene->wire + IP_AT + 12, address, sizeof(address));
}

static void too_big(struct scene *scene)
{
	scene->sample.payload_len = LAB_MTU - COVEY_OVERHEAD_UDP_IPV4 - 36 + 1;
}

static void packets_used_up(struct scene *scene)
{
	record_of(scene)->tx_shared = COVEY_PACKETS_HARD;
}

static void counters_used_up(struct scene *scene)
{
	struct sa_tx_state *state = &record_of(scene)->tx_states[0];

	for (unsigned i = 0; i < 65536; i++)
		state->esn[i] = covey_esn(5, COVEY_ESN_COUNTER_MAX);
}

static void clear_vxlan(struct scene *scene)
{
	memcpy(scene->wire, scene->clear, scene->clear_len);
	scene->wire_len = scene->clear_len;
}

static void clear_vxlan_fragment(struct scene *scene)
{
	clear_vxlan(scene);
	first_fragment(scene);
}

static void clear_vxlan_quoted(struct scene *scene)
{
	clear_vxlan(scene);
	port_unreachable(scene);
}

static void cut_to_31(struct scene *scene)
{
	scene->wire[IP_AT + 2] = 0;
	scene->wire[IP_AT + 3] = 20 + 8 + 31;
	scene->wire[WIRE_UDP_AT + 4] = 0;
	scene->wire[WIRE_UDP_AT + 5] = 8 + 31;
}

static void unknown_spi(struct scene *scene)
{
	scene->wire[WIRE_VPE_AT] ^= 0x80;
}

static void removed(struct scene *scene)
{
	dataplane_sa_remove(scene->lab.dataplane, LAB_SPI);
}

static void not_receiver(struct scene *scene)
{
	struct covey_sa sa = lab_sa(SPI_NOT_RECEIVER, 5);

	scene->sa = lab_reference(&scene->lab, &sa);
}

static void own_sender(struct scene *scene)
{
	scene->iv.sender_id = LAB_SELF;
}

static void sender_beyond_roster(struct scene *scene)
{
	scene->iv.sender_id = 40000;
}

static void off_the_roster(struct scene *scene)
{
	assert_int_equal(dataplane_roster_set(scene->lab.dataplane, LAB_SPI, NULL, 0, NULL), 0);
}

static void wire_source(struct scene *scene)
{
	scene->wire[IP_AT + 15] = 77;
}

static void low_epoch(struct scene *scene)
{
	scene->iv.esn = covey_esn(2, 1000);
}

static void sent_before(struct scene *scene)
{
	send_before(scene, scene->iv.esn);
}

static void sent_long_before(struct scene *scene)
{
	send_before(scene, scene->iv.esn + LAB_WINDOW);
}

/* Floors begin at 1, so no ESN of epoch 0 comes as far as a window. */
static void esn_zero(struct scene *scene)
{
	struct covey_roster_entry peer = lab_peer(false);

	peer.epoch_floor = 0;
	record_of(scene)->epoch_floors[LAB_PEER] = 0;
	assert_int_equal(dataplane_roster_set(scene->lab.dataplane, LAB_SPI, &peer, 1, NULL),
			 -EINVAL);
	peer.epoch_floor = 1;
	assert_int_equal(dataplane_roster_set(scene->lab.dataplane, LAB_SPI, &peer, 1, NULL), 0);
	scene->iv.esn = 0;
}

static void in_ip(struct scene *scene)
{
	scene->sa.encapsulation = COVEY_ENCAPSULATION_IP;
}

/* One option, of one kind that does nothing. */
static void ip_option(struct scene *scene)
{
	uint8_t *ip = scene->wire + IP_AT;

	memmove(ip + 24, ip + 20, scene->wire_len - IP_AT - 20);
	memset(ip + 20, 1, 4);
	ip[0] = 0x46;
	ip[3] += 4;
	scene->wire_len += 4;
}

static void flip_tag(struct scene *scene)
{
	scene->wire[WIRE_VPE_AT + 16] ^= 1;
}

static void flip_text(struct scene *scene)
{
	scene->wire[scene->wire_len - 1] ^= 1;
}

static void flip_window(struct scene *scene)
{
	scene->wire[WIRE_VPE_AT + 7] ^= 1;
}

static void flip_esn(struct scene *scene)
{
	scene->wire[WIRE_VPE_AT + 15] ^= 1;
}

static void no_windows_left(struct scene *scene)
{
	for (unsigned i = 0; i < COVEY_REPLAY_WINDOWS_PER_SENDER_MAX; i++) {
		struct window_id id = {LAB_PEER, (uint16_t)(0x2000 + i)};

		assert_int_not_equal(windows_claim(record_of(scene)->windows, id, 0), 0);
	}
}

static void inner_empty(struct scene *scene)
{
	scene->clear_len = IP_AT;
	scene->wire_len = 0;
}

static void inner_longer(struct scene *scene)
{
	scene->clear[IP_AT + 3] += 1;
}

static void inner_shorter(struct scene *scene)
{
	scene->clear_len += 1;
}

static void inner_header_length(struct scene *scene)
{
	scene->clear[IP_AT] = 0x44;
}

static void inner_destination(struct scene *scene)
{
	scene->clear[IP_AT + 19] = 77;
}

static void own_destination(struct scene *scene)
{
	scene->wire[IP_AT + 19] = LAB_SELF;
}

static void inner_source(struct scene *scene)
{
	scene->wire[IP_AT + 15] = LAB_PEER;
}

static void inner_dns(struct scene *scene)
{
	set_port(scene->clear, UDP_AT, 53);
}

static void inner_fragment(struct scene *scene)
{
	scene->clear[IP_AT + 6] = 0x20;
}

static void inner_vpe(struct scene *scene)
{
	set_port(scene->clear, UDP_AT, COVEY_VPE_PORT);
}

static void congested(struct scene *scene)
{
	scene->wire[IP_AT + 1] |= 3;
}

static void vxlan_only(struct scene *scene)
{
	scene->lab.dataplane->engine.config.vxlan_only = true;
}

static void dns(struct scene *scene)
{
	set_port(scene->wire, WIRE_UDP_AT, 53);
}

/* clang-format off */
static const struct row rows[] = {
	{COVEY_DROP_OUT_MALFORMED, "length beyond frame", NULL, NULL, longer_than_frame},
	{COVEY_DROP_OUT_MALFORMED, "VXLAN without I", NULL, NULL, without_vni_flag},
	{COVEY_DROP_OUT_FRAGMENT, "later fragment", NULL, NULL, later_fragment},
	{COVEY_DROP_OUT_FRAGMENT, "first fragment", NULL, NULL, first_fragment},
	{COVEY_DROP_OUT_QUOTE, "port unreachable", NULL, NULL, port_unreachable},
	{COVEY_DROP_OUT_BUFFER, "buffers cut short", NULL, NULL, cut_short},
	{COVEY_DROP_OUT_BUFFER, "buffer shared with a copy", NULL, NULL, shared},
	{COVEY_DROP_OUT_BUFFER, "buffers shared with a copy", NULL, NULL, shared_chain},
	{COVEY_DROP_OUT_BUFFER, "copy", NULL, NULL, copy},
	{COVEY_DROP_OUT_BUFFER, "copy of two buffers", NULL, NULL, copied_chain},
	{COVEY_DROP_OUT_BUFFER, "no headroom", NULL, NULL, no_headroom},
	{COVEY_DROP_OUT_NOT_VXLAN, "DNS, where the kernel has the card", vxlan_only, NULL, dns},
	{COVEY_DROP_OUT_VPE, "UDP port", NULL, NULL, vpe_port},
	{COVEY_DROP_OUT_VPE, "IP protocol", NULL, NULL, vpe_protocol},
	{COVEY_DROP_OUT_UNKNOWN_VNI, "unknown VNI", unknown_vni, NULL, NULL},
	{COVEY_DROP_OUT_SOURCE, "another's address", other_source, NULL, NULL},
	{COVEY_DROP_OUT_SOURCE, "address of the other family", other_family, NULL, our_address_in_ipv6},
	{COVEY_DROP_OUT_NO_SA, "group without SA", vni_without_sa, NULL, NULL},
	{COVEY_DROP_OUT_NO_SA, "SA drained", drained, NULL, NULL},
	{COVEY_DROP_OUT_NO_SA, "SA removed", removed, NULL, NULL},
	{COVEY_DROP_OUT_NOT_SENDER, "receiver only", vni_not_to_send, NULL, NULL},
	{COVEY_DROP_OUT_TOO_BIG, "one byte over", too_big, NULL, NULL},
	{COVEY_DROP_OUT_LIMIT, "packets", packets_used_up, NULL, NULL},
	{COVEY_DROP_OUT_LIMIT, "counter", counters_used_up, NULL, NULL},
	{COVEY_DROP_IN_MALFORMED, "length beyond frame", NULL, NULL, longer_than_frame},
	{COVEY_DROP_IN_NOT_VPE, "DNS, where the kernel has the card", vxlan_only, NULL, dns},
	{COVEY_DROP_IN_NOT_VPE, "later fragment, likewise", vxlan_only, NULL, later_fragment},
	{COVEY_DROP_IN_CLEAR_VXLAN, "whole", NULL, NULL, clear_vxlan},
	{COVEY_DROP_IN_CLEAR_VXLAN, "first fragment", NULL, NULL, clear_vxlan_fragment},
	{COVEY_DROP_IN_CLEAR_VXLAN, "quoted", NULL, NULL, clear_vxlan_quoted},
	{COVEY_DROP_IN_FRAGMENT, "first fragment", NULL, NULL, first_fragment},
	{COVEY_DROP_IN_ENCAPSULATION, "in IP", in_ip, NULL, NULL},
	{COVEY_DROP_IN_OPTIONS, "an option", NULL, NULL, ip_option},
	{COVEY_DROP_IN_BUFFER, "headers in two buffers", NULL, NULL, chained_early},
	{COVEY_DROP_IN_BUFFER, "buffers cut short", NULL, NULL, cut_short},
	{COVEY_DROP_IN_BUFFER, "shared with a copy", NULL, NULL, shared},
	{COVEY_DROP_IN_BUFFER, "buffers shared with a copy", NULL, NULL, shared_chain},
	{COVEY_DROP_IN_BUFFER, "copy", NULL, NULL, copy},
	{COVEY_DROP_IN_BUFFER, "copy of two buffers", NULL, NULL, copied_chain},
	{COVEY_DROP_IN_SHORT, "31 bytes", NULL, NULL, cut_to_31},
	{COVEY_DROP_IN_DESTINATION, "for another host", NULL, inner_destination, NULL},
	{COVEY_DROP_IN_UNKNOWN_SPI, "never installed", NULL, NULL, unknown_spi},
	{COVEY_DROP_IN_UNKNOWN_SPI, "removed", removed, NULL, NULL},
	{COVEY_DROP_IN_NOT_RECEIVER, "sender only", not_receiver, NULL, NULL},
	{COVEY_DROP_IN_OWN_SENDER, "our own", own_sender, NULL, NULL},
	{COVEY_DROP_IN_NOT_ON_ROSTER, "beyond the roster", sender_beyond_roster, NULL, NULL},
	{COVEY_DROP_IN_NOT_ON_ROSTER, "taken off", off_the_roster, NULL, NULL},
	{COVEY_DROP_IN_SOURCE, "readdressed", NULL, NULL, wire_source},
	{COVEY_DROP_IN_EPOCH, "below the floor", low_epoch, NULL, NULL},
	{COVEY_DROP_IN_EPOCH, "ESN 0", esn_zero, NULL, NULL},
	{COVEY_DROP_IN_REPLAY_SEEN, "again", NULL, NULL, sent_before},
	{COVEY_DROP_IN_REPLAY_OLD, "too late", NULL, NULL, sent_long_before},
	{COVEY_DROP_IN_ICV, "tag", NULL, NULL, flip_tag},
	{COVEY_DROP_IN_ICV, "ciphertext", NULL, NULL, flip_text},
	{COVEY_DROP_IN_ICV, "WindowID", NULL, NULL, flip_window},
	{COVEY_DROP_IN_ICV, "ESN", NULL, NULL, flip_esn},
	{COVEY_DROP_IN_WINDOW_LIMIT, "per sender", no_windows_left, NULL, NULL},
	{COVEY_DROP_IN_INNER_MALFORMED, "nothing inside", NULL, inner_empty, NULL},
	{COVEY_DROP_IN_INNER_MALFORMED, "longer than it is", NULL, inner_longer, NULL},
	{COVEY_DROP_IN_INNER_MALFORMED, "shorter than it is", NULL, inner_shorter, NULL},
	{COVEY_DROP_IN_INNER_MALFORMED, "header of 16 bytes", NULL, inner_header_length, NULL},
	{COVEY_DROP_IN_INNER_ADDRESS, "other destination inside", NULL, inner_destination, own_destination},
	{COVEY_DROP_IN_INNER_ADDRESS, "other source inside", other_source, NULL, inner_source},
	{COVEY_DROP_IN_INNER_NOT_VXLAN, "DNS", NULL, inner_dns, NULL},
	{COVEY_DROP_IN_INNER_NOT_VXLAN, "fragment", NULL, inner_fragment, NULL},
	{COVEY_DROP_IN_INNER_NOT_VXLAN, "VPE", NULL, inner_vpe, NULL},
	{COVEY_DROP_IN_INNER_VNI, "unknown", unknown_vni, NULL, NULL},
	{COVEY_DROP_IN_INNER_VNI, "another group's", vni_without_sa, NULL, NULL},
	{COVEY_DROP_IN_ECN, "CE on Not-ECT", NULL, NULL, congested},
};
/* clang-format on */

static bool is_inbound(enum covey_drop reason)
{
	return reason >= COVEY_DROP_IN_MALFORMED;
}

static void prepare(struct scene *scene, const struct row *row, bool inbound)
{
	open_scene(scene, inbound);
	if (row && row->dataplane)
		row->dataplane(scene);
	scene->clear_len = reference_vxlan(&scene->sample, scene->clear);
	if (row && row->clear)
		row->clear(scene);
	if (inbound)
		seal(scene);
	else
		clear_vxlan(scene);
	if (row && row->wire)
		row->wire(scene);
}

static void run_row(const struct row *row)
{
	struct dataplane_counters before, after;
	static struct scene scene;
	bool inbound = is_inbound(row->reason);
	uint16_t passed;

	prepare(&scene, row, inbound);
	dataplane_read_counters(scene.lab.dataplane, &before);
	passed = inbound ? run_inbound(&scene) : run_outbound(&scene);
	dataplane_read_counters(scene.lab.dataplane, &after);
	before.drops[row->reason]++;
	for (unsigned i = 0; i < COVEY_DROP_COUNT; i++)
		if (before.drops[i] != after.drops[i])
			fail_msg("%s, %s: %s moved otherwise", covey_drop_names[row->reason],
				 row->name, covey_drop_names[i]);
	if (passed != 0 || memcmp(&before, &after, sizeof(before)) != 0)
		fail_msg("%s, %s: passed, or another counter moved", covey_drop_names[row->reason],
			 row->name);
	lab_close(&scene.lab);
	assert_int_equal(lab_packets_out(), 0);
}

/* The packet that every row spoils passes as it is. */
static void test_unspoilt(void **state)
{
	for (int inbound = 0; inbound < 2; inbound++) {
		struct dataplane_counters counters;
		static struct scene scene;

		prepare(&scene, NULL, inbound);
		assert_int_equal(inbound ? run_inbound(&scene) : run_outbound(&scene), 1);
		dataplane_read_counters(scene.lab.dataplane, &counters);
		assert_int_equal(counters.decrypted_packets, inbound);
		assert_int_equal(counters.encrypted_packets, !inbound);
		for (unsigned i = 0; i < COVEY_DROP_COUNT; i++)
			assert_int_equal(counters.drops[i], 0);
		lab_close(&scene.lab);
	}
}

static void test_every_row(void **state)
{
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		run_row(&rows[i]);
}

/* A full transmit queue is the worker's to count, to hand over takes two workers (test_handover.c),
 * and some packets do not come as far as the engine (test_kernel_port.c, test_tap_port.c):
 * everything else has a row. */
static void test_every_reason_has_a_row(void **state)
{
	bool has[COVEY_DROP_COUNT] = {
		[COVEY_DROP_OUT_TX_FULL] = true,      [COVEY_DROP_IN_TX_FULL] = true,
		[COVEY_DROP_IN_HANDOVER_FULL] = true, [COVEY_DROP_OUT_SUPER_FRAME] = true,
		[COVEY_DROP_OUT_NO_BUFFER] = true,    [COVEY_DROP_OUT_UNREACHABLE] = true,
		[COVEY_DROP_OUT_REFUSED] = true,      [COVEY_DROP_IN_NO_BUFFER] = true,
		[COVEY_DROP_IN_TOO_LONG] = true,      [COVEY_DROP_IN_REFUSED] = true,
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		has[rows[i].reason] = true;
	for (unsigned i = 0; i < COVEY_DROP_COUNT; i++)
		if (!has[i])
			fail_msg("%s has no row", covey_drop_names[i]);
}

/* The biggest packet that fits passes; fragments of what is not ours pass from the fabric. */
static void test_near_misses(void **state)
{
	static const struct row fits = {.dataplane = too_big}, fragment = {.wire = later_fragment};
	static struct scene scene;

	prepare(&scene, &fits, false);
	scene.sample.payload_len--;
	scene.clear_len = reference_vxlan(&scene.sample, scene.clear);
	clear_vxlan(&scene);
	assert_int_equal(run_outbound(&scene), 1);
	lab_close(&scene.lab);

	prepare(&scene, &fragment, true);
	assert_int_equal(run_inbound(&scene), 1);
	lab_close(&scene.lab);
}

/* Unauthenticated packets leave no trace in replay state. */
static void test_forgery_moves_no_window(void **state)
{
	static struct scene scene;
	static const struct row forged = {.wire = flip_tag};
	struct dataplane_sa_status status[3];

	prepare(&scene, &forged, true);
	assert_int_equal(run_inbound(&scene), 0);
	assert_int_equal(dataplane_read_windows(scene.lab.dataplane, NULL, 0), 0);
	send_before(&scene, scene.iv.esn + 5000);
	assert_int_equal(dataplane_read_sas(scene.lab.dataplane, status, 3), 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(status[i].icv_failures, status[i].spi == LAB_SPI);
		assert_int_equal(status[i].packets_received, status[i].spi == LAB_SPI);
		assert_int_equal(status[i].windows, status[i].spi == LAB_SPI);
	}
	lab_close(&scene.lab);
}

/* Whoever reads that a packet was of no group wants to know of which VNI. */
static void test_unknown_vnis_are_kept(void **state)
{
	static const struct row row = {.dataplane = unknown_vni};
	static const uint32_t other = 302, joined = 4711;
	static struct scene scene;
	uint32_t vnis[4] = {0};

	prepare(&scene, &row, false);
	assert_int_equal(dataplane_read_unknown_vnis(scene.lab.dataplane, vnis, 4), 0);
	assert_int_equal(run_outbound(&scene), 0);
	assert_int_equal(run_outbound(&scene), 0);
	scene.sample.vni = other;
	scene.clear_len = reference_vxlan(&scene.sample, scene.clear);
	clear_vxlan(&scene);
	assert_int_equal(run_outbound(&scene), 0);
	assert_int_equal(dataplane_read_unknown_vnis(scene.lab.dataplane, vnis, 4), 2);
	assert_int_equal(vnis[0], other);
	assert_int_equal(vnis[1], 4711);
	assert_int_equal(dataplane_read_unknown_vnis(scene.lab.dataplane, vnis, 1), 1);
	/* Of a group by now: nothing is wrong any more. */
	assert_int_equal(dataplane_group_set(scene.lab.dataplane, 5, &joined, 1, NULL), 0);
	assert_int_equal(dataplane_read_unknown_vnis(scene.lab.dataplane, vnis, 4), 1);
	assert_int_equal(vnis[0], other);
	lab_close(&scene.lab);
}

/* Twice in one burst: the precheck of both sees neither. */
static void test_twice_in_a_burst(void **state)
{
	static struct scene scene;
	struct dataplane_counters counters;
	struct rte_mbuf *packets[2];

	prepare(&scene, NULL, true);
	packets[0] = packet_of(&scene);
	packets[1] = packet_of(&scene);
	assert_int_equal(inbound_burst(scene.lab.worker, packets, 2), 1);
	rte_pktmbuf_free(packets[0]);
	dataplane_read_counters(scene.lab.dataplane, &counters);
	assert_int_equal(counters.drops[COVEY_DROP_IN_REPLAY_SEEN], 1);
	lab_close(&scene.lab);
	assert_int_equal(lab_packets_out(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unspoilt),
		cmocka_unit_test(test_every_row),
		cmocka_unit_test(test_every_reason_has_a_row),
		cmocka_unit_test(test_near_misses),
		cmocka_unit_test(test_forgery_moves_no_window),
		cmocka_unit_test(test_unknown_vnis_are_kept),
		cmocka_unit_test(test_twice_in_a_burst),
	};

	return cmocka_run_group_tests(tests, lab_eal, NULL);
}
