/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The quick way to tell what a frame is against the walk: on frames of every kind, whole, damaged
 * and cut, each function of the quick way says what the walk says, or declines. And it does not
 * decline the frames that it is there for.
 */
#include "lab.h"
#include "recognise.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#define FRAMES      1000000u
#define FRAMES_LONG 10000000u
#define FRAME_MAX   256u
#define PROTOCOL_V  253u
#define KINDS       (FRAME_FRAGMENT_UNKNOWN + 1)

static const struct classifier classifiers[] = {
	{4789,
	 4798,
	 PROTOCOL_V,
	 {{53, COVEY_TUNNEL_VXLAN, false}},
	 1}, /* so that there are tunnels, too */
	{8472, 4798, 254, {{0}}, 0},
	/* What no configuration should say: protocols that are something else already. */
	{4789, 4798, IPPROTO_UDP, {{0}}, 0},
	{4789, 4798, IPPROTO_AH, {{0}}, 0},
	{4789, 4798, PROTOCOL_SHIM6, {{0}}, 0},
	{0, 1, 0, {{0}}, 0},
};

/* Numbers that are the same in each run. */
struct dice {
	uint64_t state;
};

static uint32_t roll(struct dice *dice, uint32_t sides)
{
	dice->state = dice->state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)((dice->state >> 32) * sides >> 32);
}

static bool once_in(struct dice *dice, uint32_t times)
{
	return roll(dice, times) == 0;
}

/* --- making frames -------------------------------------------------------------------------- */

/* Where the next header goes; lengths are filled in from the end. */
struct maker {
	struct dice *dice;
	const struct classifier *classifier;
	uint8_t *at;
	uint8_t *end; /* of the frame, without padding */
};

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put_ethernet(struct maker *maker, bool ipv6)
{
	static const uint16_t tags[] = {0x8100, 0x88a8, 0x9100};
	unsigned count = once_in(maker->dice, 4) ? roll(maker->dice, 4) : 0;

	maker->at += 12;
	for (; count > 0; count--, maker->at += 4)
		put16(maker->at, tags[count == 1 ? 0 : roll(maker->dice, 3)]);
	put16(maker->at, once_in(maker->dice, 32) ? 0x0806 : ipv6 ? 0x86dd : 0x0800);
	maker->at += 2;
}

static void put_ipv4(struct maker *maker, uint8_t protocol)
{
	unsigned words = once_in(maker->dice, 16) ? 5 + roll(maker->dice, 3) : 5;
	uint8_t *ip = maker->at;

	ip[0] = (uint8_t)(0x40 | words);
	put16(ip + 2, (unsigned)(maker->end - ip));
	put16(ip + 6, roll(maker->dice, 2) << 14);
	if (once_in(maker->dice, 8))
		put16(ip + 6, once_in(maker->dice, 2) ? 0x2000 : 1 + roll(maker->dice, 0x3fff));
	ip[9] = protocol;
	if (once_in(maker->dice, 2))
		memcpy(ip + 12, lab_address(false, LAB_SELF).bytes, 4);
	maker->at += (size_t)4 * words;
}

static void put_ipv6(struct maker *maker, uint8_t protocol)
{
	static const uint8_t extensions[] = {IPPROTO_HOPOPTS, IPPROTO_FRAGMENT, IPPROTO_DSTOPTS};
	uint8_t *ip = maker->at, *next = ip + 6;

	ip[0] = 0x60 | (ip[0] & 0xf);
	put16(ip + 4, (unsigned)(maker->end - ip) - 40);
	if (once_in(maker->dice, 2))
		memcpy(ip + 8, lab_address(true, LAB_SELF).bytes, 16);
	maker->at += 40;
	if (once_in(maker->dice, 6)) {
		*next = extensions[roll(maker->dice, RTE_DIM(extensions))];
		next = maker->at;
		maker->at[1] = 0;
		put16(maker->at + 2, once_in(maker->dice, 2) ? 0 : roll(maker->dice, 0x10000));
		maker->at += 8;
	}
	*next = protocol;
}

static void put_ip(struct maker *maker, bool ipv6, uint8_t protocol)
{
	if (ipv6)
		put_ipv6(maker, protocol);
	else
		put_ipv4(maker, protocol);
}

static void put_udp(struct maker *maker, uint16_t port)
{
	put16(maker->at + 2, port);
	put16(maker->at + 4, (unsigned)(maker->end - maker->at));
	maker->at[8] |= 8; /* RFC 7348 section 5: I */
}

static void put_icmp_error(struct maker *maker, bool ipv6)
{
	maker->at[0] = ipv6 ? 1 : 3;
	maker->at += 8;
	put_ip(maker, ipv6, IPPROTO_UDP);
	put_udp(maker, maker->classifier->vxlan_port);
}

static void put_packet(struct maker *maker, bool ipv6)
{
	const uint16_t ports[] = {maker->classifier->vxlan_port, maker->classifier->vxlan_port,
				  maker->classifier->vpe_port, 53};
	static const uint8_t others[] = {IPPROTO_TCP, IPPROTO_AH, 0, IPPROTO_ESP};

	switch (roll(maker->dice, 8)) {
	case 0:
		put_ip(maker, ipv6, maker->classifier->vpe_protocol);
		break;
	case 1:
		put_ip(maker, ipv6, ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
		put_icmp_error(maker, ipv6);
		break;
	case 2:
		put_ip(maker, ipv6, others[roll(maker->dice, RTE_DIM(others))]);
		break;
	default:
		put_ip(maker, ipv6, IPPROTO_UDP);
		put_udp(maker, ports[roll(maker->dice, RTE_DIM(ports))]);
	}
}

static void damage(struct dice *dice, uint8_t *bytes, size_t len)
{
	for (unsigned hits = once_in(dice, 2) ? 0 : 1 + roll(dice, 3); hits > 0; hits--) {
		uint8_t *at = bytes + 12 + roll(dice, (uint32_t)RTE_MIN(len - 12, 80u));

		*at = once_in(dice, 2) ? (uint8_t)roll(dice, 256)
				       : *at ^ (uint8_t)(1u << roll(dice, 8));
	}
}

/* A frame whose fields are random where they do not matter. Returns its length. */
static size_t make(struct dice *dice, const struct classifier *classifier, uint8_t *ret_frame)
{
	bool ipv6 = once_in(dice, 2);
	size_t padding = once_in(dice, 3) ? roll(dice, 20) : 0, len = 90 + roll(dice, 100);
	struct maker maker = {dice, classifier, ret_frame, ret_frame + len - padding};

	for (unsigned i = 0; i < FRAME_MAX; i += 4) {
		uint32_t word = roll(dice, UINT32_MAX);

		memcpy(ret_frame + i, &word, sizeof(word));
	}
	if (once_in(dice, 16))
		return len;
	put_ethernet(&maker, ipv6);
	put_packet(&maker, ipv6);
	damage(dice, ret_frame, len);
	return len;
}

/* --- comparing ------------------------------------------------------------------------------ */

/* What was compared, so that a test sees whether it was anything. */
struct tally {
	uint64_t kinds[KINDS]; /* by what the walk says */
	uint64_t frame, frame_of, ip, ip_of, own;
};

static void assert_same(const struct frame *quick, const struct frame *walk)
{
	assert_int_equal(quick->kind, walk->kind);
	assert_int_equal(quick->ip_len, walk->ip_len);
	assert_int_equal(quick->payload_offset, walk->payload_offset);
	assert_int_equal(quick->payload_len, walk->payload_len);
	assert_int_equal(quick->source_port, walk->source_port);
	assert_int_equal(quick->in_udp, walk->in_udp);
	if (walk->kind == FRAME_VXLAN)
		assert_int_equal(quick->vni, walk->vni);
}

static void compare_ip(const struct classifier *classifier, const uint8_t *ip, size_t len,
		       size_t packet_len, struct tally *tally)
{
	struct frame quick, walk;

	if (recognise_ip(classifier, ip, len, packet_len, &quick)) {
		classify_ip(classifier, ip, len, packet_len, &walk);
		assert_same(&quick, &walk);
		tally->ip++;
	}
	for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
		if (!recognise_ip_of(classifier, ipv6, ip, len, &quick))
			continue;
		classify_ip(classifier, ip, len, len, &walk);
		assert_same(&quick, &walk);
		assert_int_equal(ip_version(ip), ipv6 ? 6 : 4);
		tally->ip_of++;
	}
}

static void compare_frame(const struct classifier *classifier, const uint8_t *data, size_t len,
			  size_t frame_len, struct tally *tally)
{
	struct frame quick, walk;

	classify_frame(classifier, data, len, frame_len, &walk);
	tally->kinds[walk.kind]++;
	if (recognise_frame(classifier, data, len, frame_len, &quick)) {
		assert_same(&quick, &walk);
		assert_int_equal(quick.l2_len, walk.l2_len);
		tally->frame++;
	}
	classify_frame(classifier, data, len, len, &walk);
	for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
		if (!recognise_frame_of(classifier, ipv6, data, len, &quick))
			continue;
		assert_same(&quick, &walk);
		assert_int_equal(quick.l2_len, walk.l2_len);
		assert_int_equal(ip_version(data + walk.l2_len), ipv6 ? 6 : 4);
		tally->frame_of++;
	}
}

/* own is made for the ports of the classifier. */
static void compare_own(const struct classifier *classifier, const struct recognise_own *own,
			bool ipv6, const uint8_t *data, size_t len, struct tally *tally)
{
	const struct covey_addr self = lab_address(ipv6, LAB_SELF);
	struct vxlan quick;
	struct frame walk;

	if (len < recognise_own_len(ipv6) || !recognise_own(own, data, (uint32_t)len, ipv6, &quick))
		return;
	classify_frame(classifier, data, len, len, &walk);
	assert_int_equal(walk.kind, FRAME_VXLAN);
	assert_int_equal(quick.l2_len, walk.l2_len);
	assert_int_equal(quick.ip_len, walk.ip_len);
	assert_int_equal(quick.source_port, walk.source_port);
	assert_int_equal(quick.vni, walk.vni);
	assert_true(ip_source_is(data + walk.l2_len, self.family, self.bytes));
	tally->own++;
}

/* --- tests ---------------------------------------------------------------------------------- */

static void check_tally(const struct tally *tally, uint64_t frames)
{
	for (unsigned kind = 0; kind < KINDS; kind++)
		assert_true(tally->kinds[kind] > frames / 500);
	assert_true(tally->frame > frames / 8);
	assert_true(tally->frame_of > frames / 8);
	assert_true(tally->ip > frames / 8);
	assert_true(tally->ip_of > frames / 8);
	assert_true(tally->own > frames / 100);
}

/* A frame lies at the end of its array, so that a sanitizer sees every byte too far. */
static void test_agrees_or_declines(void **state)
{
	unsigned frames = getenv("COVEY_TEST_LONG") ? FRAMES_LONG : FRAMES;
	struct dice dice = {.state = 1};
	struct tally tally = {0};
	struct recognise_own own[2];

	for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
		struct dataplane_config config = lab_config(ipv6, COVEY_ENCAPSULATION_UDP);

		recognise_own_make(&config, 0, &own[ipv6]);
	}
	for (unsigned i = 0; i < frames; i++) {
		unsigned which = once_in(&dice, 4) ? roll(&dice, RTE_DIM(classifiers)) : 0;
		const struct classifier *classifier = &classifiers[which];
		uint8_t bytes[FRAME_MAX], room[FRAME_MAX];
		size_t frame_len = make(&dice, classifier, bytes), len = frame_len;
		const uint8_t *data;

		/* The end of the frame lies in another buffer, or is lost. */
		if (once_in(&dice, 4))
			len = roll(&dice, (uint32_t)frame_len + 1);
		if (once_in(&dice, 8))
			frame_len = len;
		data = memcpy(room + FRAME_MAX - len, bytes, len);
		compare_frame(classifier, data, len, frame_len, &tally);
		if (len >= 14)
			compare_ip(classifier, data + 14, len - 14, frame_len - 14, &tally);
		for (unsigned ipv6 = 0; which == 0 && ipv6 < 2; ipv6++)
			compare_own(classifier, &own[ipv6], ipv6, data, len, &tally);
	}
	check_tally(&tally, frames);
}

/* A frame of this shape without anything special about it. Returns its length. */
static size_t make_usual(struct dice *dice, unsigned tags, bool ipv6, bool vxlan, bool udp,
			 size_t upper_len, uint8_t *ret_frame)
{
	size_t l2_len = 14 + (size_t)4 * tags, ip_len = (ipv6 ? 40 : 20) + upper_len;
	uint8_t *ip = ret_frame + l2_len, *upper = ip + ip_len - upper_len;

	for (unsigned i = 0; i < FRAME_MAX; i++)
		ret_frame[i] = (uint8_t)roll(dice, 256);
	if (tags > 0)
		put16(ret_frame + 12, 0x8100);
	put16(ip - 2, ipv6 ? 0x86dd : 0x0800);
	ip[0] = ipv6 ? 0x60 : 0x45;
	put16(ip + (ipv6 ? 4 : 2), (unsigned)(ipv6 ? upper_len : ip_len));
	ip[ipv6 ? 6 : 9] = udp ? IPPROTO_UDP : PROTOCOL_V;
	if (!ipv6)
		put16(ip + 6, roll(dice, 2) << 14);
	put16(upper + 2, vxlan ? 4789 : 4798);
	put16(upper + 4, (unsigned)upper_len);
	upper[8] |= 8;
	return l2_len + ip_len;
}

/* Every length, with and without a tag: none that it should recognise is declined. */
static void test_recognises_the_usual(void **state)
{
	struct dice dice = {.state = 2};
	uint8_t bytes[FRAME_MAX];

	for (size_t upper_len = 16; upper_len < 80; upper_len++)
		for (unsigned shape = 0; shape < 16; shape++) {
			bool tagged = shape & 1, ipv6 = shape & 2;
			size_t len = make_usual(&dice, tagged, ipv6, shape & 4, shape & 8,
						upper_len, bytes);
			struct tally tally = {0};

			compare_frame(&classifiers[0], bytes, len, len, &tally);
			compare_ip(&classifiers[0], bytes + 14, len - 14, len - 14, &tally);
			assert_int_equal(tally.frame, 1);
			assert_int_equal(tally.frame_of, !tagged);
			assert_int_equal(tally.ip, !tagged);
			assert_int_equal(tally.ip_of, !tagged);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agrees_or_declines),
		cmocka_unit_test(test_recognises_the_usual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
