/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One packet per reason: exactly that counter moves. Each row starts from a packet that passes and
 * changes one thing: before encryption (clear), after it (wire), how it lies in its buffers, or
 * about the dataplane. (Headers that lie in other ways: test_malformed.c.)
 */
#include "scene.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A byte of a frame becomes (byte & keep) ^ flip. at 0: no change. */
struct edit {
	unsigned at;
	uint8_t keep, flip;
};

/* clang-format off */
#define SET(at, value) {at, 0, value}
#define FLIP(at, bits) {at, 0xff, bits}
/* clang-format on */
#define SET16(at, value)   SET(at, (value) >> 8), SET((at) + 1, (value)&0xff)
#define PORT(udp_at, port) SET16((udp_at) + 2, port)

#define ESN(epoch, counter) (UINT64_C(epoch) << COVEY_ESN_COUNTER_BITS | (counter))
#define LONGER_THAN_FRAME   SET(IP_AT + 2, 0xff)
#define FIRST_FRAGMENT      SET(IP_AT + 6, 0x20)
#define LATER_FRAGMENT      SET(IP_AT + 7, 1)
#define FLIP_TAG            FLIP(WIRE_VPE_AT + 16, 1)
/* Where it would stand in IPv4. */
#define OUR_IPV4                                                                                   \
	SET(IP_AT + 12, 10), SET(IP_AT + 13, 0), SET(IP_AT + 14, 0), SET(IP_AT + 15, LAB_SELF)

/* Numbers that are 0 stay as they are in the packet that passes. */
struct row {
	enum covey_drop reason;
	const char *name;
	unsigned vni, source, sender_id;
	uint64_t esn;
	bool ipv6;
	unsigned buffers;
	void (*dataplane)(struct scene *scene);
	void (*clear)(struct scene *scene);
	struct edit clear_edits[4]; /* after it */
	void (*wire)(struct scene *scene);
	struct edit wire_edits[4]; /* after it */
};

/* --- what each row changes ------------------------------------------------------------------ */

static struct sa_record *record_of(struct scene *scene)
{
	return sa_record_find(scene->lab.dataplane, LAB_SPI);
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

static void drained(struct scene *scene)
{
	assert_int_equal(dataplane_sa_drain(scene->lab.dataplane, LAB_SPI, NULL), 0);
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

static void removed(struct scene *scene)
{
	dataplane_sa_remove(scene->lab.dataplane, LAB_SPI);
}

static void not_receiver(struct scene *scene)
{
	struct covey_sa sa = lab_sa(SPI_NOT_RECEIVER, 5);

	scene->sa = lab_reference(&scene->lab, &sa);
}

static void off_the_roster(struct scene *scene)
{
	assert_int_equal(dataplane_roster_set(scene->lab.dataplane, LAB_SPI, NULL, 0, NULL), 0);
}

static void sent_before(struct scene *scene)
{
	scene_send_before(scene, scene->iv.esn);
}

static void sent_long_before(struct scene *scene)
{
	scene_send_before(scene, scene->iv.esn + LAB_WINDOW);
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

static void no_windows_left(struct scene *scene)
{
	for (unsigned i = 0; i < COVEY_REPLAY_WINDOWS_PER_SENDER_MAX; i++) {
		struct window_id id = {LAB_PEER, (uint16_t)(0x2000 + i)};

		assert_int_not_equal(windows_claim(record_of(scene)->windows, id, 0), 0);
	}
}

static void inner_longer(struct scene *scene)
{
	scene->clear[IP_AT + 3] += 1;
}

static void vxlan_only(struct scene *scene)
{
	scene->lab.dataplane->engine.config.vxlan_only = true;
}

/* No frame of these tests has it. */
static void secret_source(struct scene *scene)
{
	scene->lab.dataplane->engine.own.source = 1;
	scene->lab.dataplane->engine.own.source_mask = UINT64_MAX >> 16;
}

/* clang-format off */
static const struct row rows[] = {
	{COVEY_DROP_OUT_MALFORMED, "length beyond frame", .wire_edits = {LONGER_THAN_FRAME}},
	{COVEY_DROP_OUT_FRAGMENT, "later fragment", .wire_edits = {LATER_FRAGMENT}},
	{COVEY_DROP_OUT_QUOTE, "port unreachable", .wire = port_unreachable},
	{COVEY_DROP_OUT_BUFFER, "buffers cut short", .buffers = CHAINED | CUT_SHORT},
	{COVEY_DROP_OUT_BUFFER, "buffer shared with a copy", .buffers = SHARED},
	{COVEY_DROP_OUT_BUFFER, "buffers shared with a copy", .buffers = CHAINED | SHARED},
	{COVEY_DROP_OUT_BUFFER, "copy", .buffers = SHARED | COPY},
	{COVEY_DROP_OUT_BUFFER, "copy of two buffers", .buffers = CHAINED | SHARED | COPY},
	{COVEY_DROP_OUT_BUFFER, "no headroom", .buffers = NO_HEADROOM},
	{COVEY_DROP_OUT_NOT_VXLAN, "DNS, where the kernel has the card",
	 .dataplane = vxlan_only, .wire_edits = {PORT(WIRE_UDP_AT, 53)}},
	{COVEY_DROP_OUT_VPE, "UDP port", .wire_edits = {PORT(UDP_AT, COVEY_VPE_PORT)}},
	{COVEY_DROP_OUT_UNKNOWN_VNI, "unknown VNI", .vni = VNI_UNKNOWN},
	{COVEY_DROP_OUT_TUNNEL, "Geneve", .wire_edits = {PORT(UDP_AT, COVEY_GENEVE_PORT)}},
	{COVEY_DROP_OUT_NO_DEVICE, "not by the guard", .dataplane = secret_source},
	{COVEY_DROP_OUT_SOURCE, "another's address", .source = 77},
	{COVEY_DROP_OUT_SOURCE, "address of the other family",
	 .ipv6 = true, .wire_edits = {OUR_IPV4}},
	{COVEY_DROP_OUT_NO_SA, "group without SA", .vni = VNI_NO_SA},
	{COVEY_DROP_OUT_NO_SA, "SA drained", .dataplane = drained},
	{COVEY_DROP_OUT_NO_SA, "SA removed", .dataplane = removed},
	{COVEY_DROP_OUT_NOT_SENDER, "receiver only", .vni = VNI_NOT_SENDER},
	{COVEY_DROP_OUT_TOO_BIG, "one byte over", .dataplane = too_big},
	{COVEY_DROP_OUT_LIMIT, "packets", .dataplane = packets_used_up},
	{COVEY_DROP_OUT_LIMIT, "counter", .dataplane = counters_used_up},
	{COVEY_DROP_IN_MALFORMED, "length beyond frame", .wire_edits = {LONGER_THAN_FRAME}},
	{COVEY_DROP_IN_NOT_VPE, "DNS, where the kernel has the card",
	 .dataplane = vxlan_only, .wire_edits = {PORT(WIRE_UDP_AT, 53)}},
	{COVEY_DROP_IN_CLEAR_VXLAN, "whole", .wire = clear_vxlan},
	{COVEY_DROP_IN_TUNNEL, "Geneve", .wire = clear_vxlan, .wire_edits = {PORT(UDP_AT, COVEY_GENEVE_PORT)}},
	{COVEY_DROP_IN_FRAGMENT, "first fragment", .wire_edits = {FIRST_FRAGMENT}},
	{COVEY_DROP_IN_ENCAPSULATION, "in IP", .dataplane = in_ip},
	{COVEY_DROP_IN_OPTIONS, "an option", .wire = ip_option},
	{COVEY_DROP_IN_BUFFER, "headers in two buffers", .buffers = CHAINED | EARLY},
	{COVEY_DROP_IN_BUFFER, "buffers cut short", .buffers = CHAINED | CUT_SHORT},
	{COVEY_DROP_IN_BUFFER, "shared with a copy", .buffers = SHARED},
	{COVEY_DROP_IN_BUFFER, "buffers shared with a copy", .buffers = CHAINED | SHARED},
	{COVEY_DROP_IN_BUFFER, "copy", .buffers = SHARED | COPY},
	{COVEY_DROP_IN_BUFFER, "copy of two buffers", .buffers = CHAINED | SHARED | COPY},
	{COVEY_DROP_IN_SHORT, "31 bytes",
	 .wire_edits = {SET16(IP_AT + 2, 20 + 8 + 31), SET16(WIRE_UDP_AT + 4, 8 + 31)}},
	{COVEY_DROP_IN_DESTINATION, "for another host", .clear_edits = {SET(IP_AT + 19, 77)}},
	{COVEY_DROP_IN_UNKNOWN_SPI, "never installed", .wire_edits = {FLIP(WIRE_VPE_AT, 0x80)}},
	{COVEY_DROP_IN_UNKNOWN_SPI, "removed", .dataplane = removed},
	{COVEY_DROP_IN_NOT_RECEIVER, "sender only", .dataplane = not_receiver},
	{COVEY_DROP_IN_OWN_SENDER, "our own", .sender_id = LAB_SELF},
	{COVEY_DROP_IN_NOT_ON_ROSTER, "beyond the roster", .sender_id = 40000},
	{COVEY_DROP_IN_NOT_ON_ROSTER, "taken off", .dataplane = off_the_roster},
	{COVEY_DROP_IN_SOURCE, "readdressed", .wire_edits = {SET(IP_AT + 15, 77)}},
	{COVEY_DROP_IN_EPOCH, "below the floor", .esn = ESN(2, 1000)},
	{COVEY_DROP_IN_EPOCH, "ESN 0", .dataplane = esn_zero},
	{COVEY_DROP_IN_REPLAY_SEEN, "again", .wire = sent_before},
	{COVEY_DROP_IN_REPLAY_OLD, "too late", .wire = sent_long_before},
	{COVEY_DROP_IN_ICV, "tag", .wire_edits = {FLIP_TAG}},
	{COVEY_DROP_IN_WINDOW_LIMIT, "per sender", .dataplane = no_windows_left},
	{COVEY_DROP_IN_INNER_MALFORMED, "longer than it is", .clear = inner_longer},
	{COVEY_DROP_IN_INNER_ADDRESS, "other destination inside",
	 .clear_edits = {SET(IP_AT + 19, 77)}, .wire_edits = {SET(IP_AT + 19, LAB_SELF)}},
	{COVEY_DROP_IN_INNER_ADDRESS, "other source inside",
	 .source = 77, .wire_edits = {SET(IP_AT + 15, LAB_PEER)}},
	{COVEY_DROP_IN_INNER_NOT_VXLAN, "DNS", .clear_edits = {PORT(UDP_AT, 53)}},
	{COVEY_DROP_IN_INNER_VNI, "unknown", .vni = VNI_UNKNOWN},
	{COVEY_DROP_IN_ECN, "CE on Not-ECT", .wire_edits = {{IP_AT + 1, 0xfc, 3}}},
};
/* clang-format on */

static bool is_inbound(enum covey_drop reason)
{
	return reason >= COVEY_DROP_IN_MALFORMED;
}

/* What the row says in numbers. */
static void set_numbers(struct scene *scene, const struct row *row)
{
	if (row->vni)
		scene->sample.vni = row->vni;
	if (row->source)
		scene->sample.source = (uint8_t)row->source;
	if (row->sender_id)
		scene->iv.sender_id = (uint16_t)row->sender_id;
	if (row->esn)
		scene->iv.esn = row->esn;
	scene->sample.ipv6 = row->ipv6;
	scene->buffers = row->buffers;
}

static void apply(const struct edit edits[4], uint8_t *frame)
{
	for (unsigned i = 0; i < 4 && edits[i].at; i++)
		frame[edits[i].at] = (frame[edits[i].at] & edits[i].keep) ^ edits[i].flip;
}

static void prepare(struct scene *scene, const struct row *row, bool inbound)
{
	scene_open(scene, inbound);
	set_numbers(scene, row);
	if (row->dataplane)
		row->dataplane(scene);
	scene->clear_len = reference_vxlan(&scene->sample, scene->clear);
	if (row->clear)
		row->clear(scene);
	apply(row->clear_edits, scene->clear);
	if (inbound)
		scene_seal(scene);
	else
		clear_vxlan(scene);
	if (row->wire)
		row->wire(scene);
	apply(row->wire_edits, scene->wire);
}

static void run_row(const struct row *row)
{
	struct dataplane_counters before, after;
	static struct scene scene;
	bool inbound = is_inbound(row->reason);
	uint16_t passed;

	prepare(&scene, row, inbound);
	dataplane_read_counters(scene.lab.dataplane, &before);
	passed = inbound ? scene_run(&scene, true) : scene_run(&scene, false);
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

static const struct row unspoilt;

/* The packet that every row spoils passes as it is. */
static void test_unspoilt(void **state)
{
	for (int inbound = 0; inbound < 2; inbound++) {
		struct dataplane_counters counters;
		static struct scene scene;

		prepare(&scene, &unspoilt, inbound);
		assert_int_equal(inbound ? scene_run(&scene, true) : scene_run(&scene, false), 1);
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
	static const struct row fits = {.dataplane = too_big},
				fragment = {.wire_edits = {LATER_FRAGMENT}};
	static struct scene scene;

	prepare(&scene, &fits, false);
	scene.sample.payload_len--;
	scene.clear_len = reference_vxlan(&scene.sample, scene.clear);
	clear_vxlan(&scene);
	assert_int_equal(scene_run(&scene, false), 1);
	lab_close(&scene.lab);

	prepare(&scene, &fragment, true);
	assert_int_equal(scene_run(&scene, true), 1);
	lab_close(&scene.lab);
}

/* Unauthenticated packets leave no trace in replay state. */
static void test_forgery_moves_no_window(void **state)
{
	static struct scene scene;
	static const struct row forged = {.wire_edits = {FLIP_TAG}};
	struct dataplane_sa_status status[3];

	prepare(&scene, &forged, true);
	assert_int_equal(scene_run(&scene, true), 0);
	assert_int_equal(dataplane_read_windows(scene.lab.dataplane, NULL, 0), 0);
	scene_send_before(&scene, scene.iv.esn + 5000);
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
	static const struct row row = {.vni = VNI_UNKNOWN};
	static const uint32_t other = 302, joined = VNI_UNKNOWN;
	static struct scene scene;
	uint32_t vnis[4] = {0};

	prepare(&scene, &row, false);
	assert_int_equal(dataplane_read_unknown_vnis(scene.lab.dataplane, vnis, 4), 0);
	assert_int_equal(scene_run(&scene, false), 0);
	assert_int_equal(scene_run(&scene, false), 0);
	scene.sample.vni = other;
	scene.clear_len = reference_vxlan(&scene.sample, scene.clear);
	clear_vxlan(&scene);
	assert_int_equal(scene_run(&scene, false), 0);
	assert_int_equal(dataplane_read_unknown_vnis(scene.lab.dataplane, vnis, 4), 2);
	assert_int_equal(vnis[0], other);
	assert_int_equal(vnis[1], VNI_UNKNOWN);
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

	prepare(&scene, &unspoilt, true);
	packets[0] = scene_packet(&scene);
	packets[1] = scene_packet(&scene);
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
