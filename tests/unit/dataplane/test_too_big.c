/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets that do not fit, of every kind: what is cut, what is fragmented, and whose sender is
 * told, and of which MTU.
 */
#include "super_frame.h"
#include "tenant.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <too_big.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <string.h>

/* The TCP checksum goes with the flags: these are added to one half of a word. */
static void set_flag(uint8_t *frame, unsigned inner, unsigned flag)
{
	unsigned l4 = inner + (frame[inner] >> 4 == 6 ? 40 : 20);
	unsigned sum = tenant_get16(frame + l4 + 16);

	frame[l4 + 13] = (uint8_t)(frame[l4 + 13] | flag);
	sum = ~sum & 0xffff;
	sum += flag;
	tenant_put16(frame + l4 + 16, ~((sum & 0xffff) + (sum >> 16)));
}

static void syn(uint8_t *frame, unsigned inner)
{
	set_flag(frame, inner, 0x02);
}

static void rst(uint8_t *frame, unsigned inner)
{
	set_flag(frame, inner, 0x04);
}

static void urgent(uint8_t *frame, unsigned inner)
{
	set_flag(frame, inner, 0x20);
}

static void sign(uint8_t *frame, unsigned inner)
{
	uint8_t *tcp = frame + inner + 20;

	tcp[12] = 0xa0;
	memcpy(tcp + 20, "\x01\x01\x13\x12", 4);
}

static void spoil(uint8_t *frame, unsigned inner)
{
	frame[inner + 100] ^= 1;
}

static void multicast(uint8_t *frame, unsigned inner)
{
	frame[inner - 14] = 1;
	if (frame[inner] >> 4 == 6) {
		frame[inner + 24] = 0xff;
		return;
	}
	frame[inner + 16] = 239;
	tenant_fix_checksum(frame + inner);
}

static void flooded(uint8_t *frame, unsigned inner)
{
	frame[14 + 16] = 239;
	tenant_fix_checksum(frame + 14);
}

static void is_error(uint8_t *frame, unsigned inner)
{
	frame[inner + (frame[inner] >> 4 == 6 ? 40 : 20)] = frame[inner] >> 4 == 6 ? 2 : 3;
}

static void from_nobody(uint8_t *frame, unsigned inner)
{
	memset(frame + inner + (frame[inner] >> 4 == 6 ? 8 : 12), 0,
	       frame[inner] >> 4 == 6 ? 16 : 4);
	if (frame[inner] >> 4 == 4)
		tenant_fix_checksum(frame + inner);
}

/* Its end is beyond the longest packet: an offset of its fragments would not fit into the field. */
static void endless_fragment(uint8_t *frame, unsigned inner)
{
	tenant_put16(frame + inner + 6, 8100);
	tenant_fix_checksum(frame + inner);
}

static void later_fragment(uint8_t *frame, unsigned inner)
{
	tenant_put16(frame + inner + 6, 0x4000 | 185);
	tenant_fix_checksum(frame + inner);
}

static void options(uint8_t *frame, unsigned inner)
{
	frame[inner] = 0x46;
	memcpy(frame + inner + 20, "\x01\x01\x01\x01", 4);
	tenant_fix_checksum(frame + inner);
}

static void other_length(uint8_t *frame, unsigned inner)
{
	tenant_put16(frame + inner + 2, tenant_get16(frame + inner + 2) - 1);
	tenant_fix_checksum(frame + inner);
}

static void other_port(uint8_t *frame, unsigned inner)
{
	tenant_put16(frame + inner - 14 - 16 + 2, TENANT_PORT + 1);
}

static void other_protocol(uint8_t *frame, unsigned inner)
{
	frame[inner - 14 - 8] = 0x0c; /* VXLAN-GPE */
}

/* As if a router or a cable had spoilt it. */
static void spoil_header(uint8_t *frame, unsigned inner)
{
	frame[inner + 8]--;
}

static void spoil_options(uint8_t *frame, unsigned inner)
{
	options(frame, inner);
	frame[inner + 20] = 0;
}

static void short_header(uint8_t *frame, unsigned inner)
{
	frame[inner] = 0x44;
	tenant_fix_checksum(frame + inner);
}

/* Extension headers behind IPv6's, or IPv4's without options, each of 8 bytes, and an upper layer
 * of this type. */
static void extend(uint8_t *frame, unsigned inner, const uint8_t *protocols, unsigned count,
		   unsigned upper, uint8_t type)
{
	bool ipv6 = frame[inner] >> 4 == 6;
	uint8_t *next = frame + inner + (ipv6 ? 6 : 9);
	uint8_t *header = frame + inner + (ipv6 ? 40 : 20);

	for (unsigned i = 0; i < count; i++, next = header, header += 8) {
		*next = protocols[i];
		memset(header, 0, 8);
	}
	*next = (uint8_t)upper;
	header[0] = type;
	if (!ipv6)
		tenant_fix_checksum(frame + inner);
}

#define EXTENDED(name, upper, type, ...)                                                           \
	static void name(uint8_t *frame, unsigned inner)                                           \
	{                                                                                          \
		static const uint8_t protocols[] = {__VA_ARGS__};                                  \
		extend(frame, inner, protocols, sizeof(protocols), upper, type);                   \
	}

EXTENDED(hidden_error, IPPROTO_ICMPV6, 1, IPPROTO_DSTOPTS)
EXTENDED(hidden_redirect, IPPROTO_ICMPV6, 137, IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_DSTOPTS)
EXTENDED(error_in_fragment, IPPROTO_ICMPV6, 2, IPPROTO_HOPOPTS, IPPROTO_FRAGMENT)
EXTENDED(error_behind_eight, IPPROTO_ICMPV6, 1, 60, 60, 60, 60, 60, 60, 60, 60)
EXTENDED(echo_behind_eight, IPPROTO_ICMPV6, 128, 60, 60, 60, 60, 60, 60, 60, 60)
EXTENDED(echo_behind_nine, IPPROTO_ICMPV6, 128, 60, 60, 60, 60, 60, 60, 60, 60, 60)
EXTENDED(udp_behind_two, IPPROTO_UDP, 1, IPPROTO_HOPOPTS, IPPROTO_DSTOPTS)
EXTENDED(hidden_error_v4, IPPROTO_ICMP, 3, IPPROTO_AH)

/* AH counts its length in words of four bytes. */
static void error_behind_ah(uint8_t *frame, unsigned inner)
{
	hidden_error_v4(frame, inner);
	memset(frame + inner + 20, 0, 24);
	frame[inner + 20] = IPPROTO_ICMP;
	frame[inner + 21] = 4;
	frame[inner + 44] = 3;
}

static void echo_behind_ah(uint8_t *frame, unsigned inner)
{
	error_behind_ah(frame, inner);
	frame[inner + 44] = 8;
}

static void later_fragment_v6(uint8_t *frame, unsigned inner)
{
	error_in_fragment(frame, inner);
	tenant_put16(frame + inner + 50, 8);
}

static void endless_extension(uint8_t *frame, unsigned inner)
{
	hidden_error(frame, inner);
	frame[inner + 41] = 255;
}

enum fate { WHOLE, SEGMENTS, FRAGMENTS, TOLD, SILENT, BROKEN };

static const struct {
	struct tenant_wish wish;
	enum fate fate;
} edges[] = {
	{{"TCP that just fits", TCP, false, false, false, 1390, NULL}, WHOLE},
	{{"TCP, one byte too long", TCP, false, false, false, 1391, NULL}, SEGMENTS},
	{{"TCP of a VXLAN device of 1450", TCP, false, false, false, 1450, NULL}, SEGMENTS},
	{{"TCP over IPv6", TCP, false, true, false, 1450, NULL}, SEGMENTS},
	{{"TCP in IPv6", TCP, true, false, false, 1450, NULL}, SEGMENTS},
	{{"TCP over IPv6 in IPv6", TCP, true, true, false, 3000, NULL}, SEGMENTS},
	{{"TCP without DF", TCP, false, false, true, 1450, NULL}, FRAGMENTS},
	{{"TCP, SYN", TCP, false, false, false, 1450, syn}, TOLD},
	{{"TCP, SYN, that fits", TCP, false, false, false, 1390, syn}, WHOLE},
	{{"TCP, RST", TCP, false, true, false, 1450, rst}, TOLD},
	{{"TCP, URG", TCP, false, false, false, 1450, urgent}, TOLD},
	{{"TCP, signed", TCP, false, false, false, 1450, sign}, TOLD},
	{{"TCP, altered", TCP, false, false, false, 1450, spoil}, BROKEN},
	{{"UDP", UDP, false, false, false, 1450, NULL}, TOLD},
	{{"UDP that just fits", UDP, false, false, false, 1390, NULL}, WHOLE},
	{{"UDP, one byte too long", UDP, false, false, false, 1391, NULL}, TOLD},
	{{"UDP over IPv6", UDP, false, true, false, 1450, NULL}, TOLD},
	{{"UDP in IPv6 that just fits", UDP, true, false, false, 1370, NULL}, WHOLE},
	{{"UDP in IPv6", UDP, true, false, false, 1371, NULL}, TOLD},
	{{"UDP over IPv6 in IPv6", UDP, true, true, false, 1450, NULL}, TOLD},
	{{"UDP without DF", UDP, false, false, true, 1450, NULL}, FRAGMENTS},
	{{"UDP without DF, one byte too long", UDP, false, false, true, 1391, NULL}, FRAGMENTS},
	{{"UDP without DF in IPv6", UDP, true, false, true, 3000, NULL}, FRAGMENTS},
	{{"UDP without DF, multicast", UDP, false, false, true, 1450, multicast}, FRAGMENTS},
	{{"UDP without DF, flooded", UDP, false, false, true, 1450, flooded}, FRAGMENTS},
	{{"UDP without DF, with options", UDP, false, false, true, 1450, options}, TOLD},
	{{"UDP without DF, of another length", UDP, false, false, true, 1450, other_length}, TOLD},
	{{"UDP, multicast", UDP, false, false, false, 1450, multicast}, SILENT},
	{{"UDP over IPv6, multicast", UDP, false, true, false, 1450, multicast}, SILENT},
	{{"UDP, flooded", UDP, false, false, false, 1450, flooded}, SILENT},
	{{"UDP, a later fragment", UDP, false, false, false, 1450, later_fragment}, SILENT},
	{{"UDP, no end", UDP, false, false, true, 1450, endless_fragment}, SILENT},
	{{"UDP from no address", UDP, false, false, false, 1450, from_nobody}, SILENT},
	{{"UDP over IPv6 from no address", UDP, false, true, false, 1450, from_nobody}, SILENT},
	{{"UDP, to another port", UDP, false, false, false, 1450, other_port}, SILENT},
	{{"UDP, with options", UDP, false, false, false, 1450, options}, TOLD},
	{{"ping", PING, false, false, false, 1450, NULL}, TOLD},
	{{"ping without DF", PING, false, false, true, 1450, NULL}, FRAGMENTS},
	{{"ping over IPv6", PING, false, true, false, 1450, NULL}, TOLD},
	{{"ICMP error", PING, false, false, false, 1450, is_error}, SILENT},
	{{"ICMPv6 error", PING, false, true, false, 1450, is_error}, SILENT},
	{{"ICMPv6 error behind options", PING, false, true, false, 1450, hidden_error}, SILENT},
	{{"redirect behind three headers", PING, false, true, false, 1450, hidden_redirect},
	 SILENT},
	{{"ICMPv6 error in a fragment", PING, false, true, false, 1450, error_in_fragment}, SILENT},
	{{"later fragment of IPv6", PING, false, true, false, 1450, later_fragment_v6}, SILENT},
	{{"ICMPv6 error behind eight", PING, false, true, false, 1450, error_behind_eight}, SILENT},
	{{"ping behind eight headers", PING, false, true, false, 1450, echo_behind_eight}, TOLD},
	{{"ping behind nine headers", PING, false, true, false, 1450, echo_behind_nine}, SILENT},
	{{"UDP behind two headers", UDP, false, true, false, 1450, udp_behind_two}, TOLD},
	{{"options beyond the end", UDP, false, true, false, 1450, endless_extension}, SILENT},
	{{"ICMP error behind AH", PING, false, false, false, 1450, error_behind_ah}, SILENT},
	{{"ping behind AH", PING, false, false, false, 1450, echo_behind_ah}, TOLD},
	{{"TCP, header altered", TCP, false, false, false, 1450, spoil_header}, BROKEN},
	{{"UDP, header altered", UDP, false, false, false, 1450, spoil_header}, BROKEN},
	{{"UDP without DF, header altered", UDP, false, false, true, 1450, spoil_header}, BROKEN},
	{{"UDP, header altered, fits", UDP, false, false, true, 1390, spoil_header}, WHOLE},
	{{"UDP, options altered", UDP, false, false, false, 1450, spoil_options}, BROKEN},
	{{"UDP, header too short", UDP, false, false, true, 1450, short_header}, BROKEN},
	{{"what is not IP", ARP, false, false, false, 1450, NULL}, SILENT},
	{{"VXLAN-GPE", UDP, false, false, false, 1500, other_protocol}, SILENT},
};

static void expect_fate(const struct tenant_packet *packet, enum fate fate)
{
	static const enum segment_error errors[] = {SEGMENT_OK,      SEGMENT_OK,
						    SEGMENT_OK,      SEGMENT_TOO_BIG,
						    SEGMENT_TOO_BIG, SEGMENT_HEADER};
	uint8_t told[TOO_BIG_ANSWER_MAX];
	struct tenant_pieces pieces;
	uint32_t len;

	assert_int_equal(tenant_cut(packet, &pieces), errors[fate]);
	len = tenant_answer(packet, told);
	assert_true(len <= sizeof(told));
	switch (fate) {
	case WHOLE:
		assert_int_equal(pieces.count, 1);
		assert_memory_equal(pieces.bytes[0], packet->frame, packet->len);
		break;
	case SEGMENTS:
		tenant_expect_segments(packet, &pieces);
		break;
	case FRAGMENTS:
		tenant_expect_fragments(packet, &pieces);
		break;
	case TOLD:
		assert_true(len > 0);
		tenant_expect_answer(packet, told, len);
		break;
	case SILENT:
		assert_int_equal(len, 0);
		break;
	case BROKEN:
		break;
	}
}

static void test_edges(void **state)
{
	for (unsigned i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		struct tenant_packet packet = {.len = 0};

		print_message("%s\n", edges[i].wish.name);
		tenant_make(&edges[i].wish, &packet);
		expect_fate(&packet, edges[i].fate);
	}
}

/* With any byte changed, and cut anywhere: no read beyond (with AddressSanitizer), and no answer
 * that is longer than there is room. */
static void test_anything(void **state)
{
	struct random random = {6};
	unsigned answers = 0;

	for (unsigned i = 0; i < 200000; i++) {
		uint8_t told[TOO_BIG_ANSWER_MAX];
		struct tenant_packet packet = {.len = 0};
		struct tenant_pieces pieces;
		uint32_t len;

		tenant_make(&edges[random_below(&random, sizeof(edges) / sizeof(edges[0]))].wish,
			    &packet);
		for (unsigned j = random_below(&random, 3); j > 0; j--)
			packet.frame[random_below(&random, packet.l4 + 30)] =
				(uint8_t)random_next(&random);
		if (random_below(&random, 4) == 0)
			packet.len = 1 + random_below(&random, packet.len);
		tenant_cut(&packet, &pieces);
		len = tenant_answer(&packet, told);
		assert_true(len <= sizeof(told));
		answers += len > 0;
	}
	assert_true(answers > 1000);
}

/* --- the smallest MTU that hosts believe ----------------------------------------------------- */

/* What is told of a packet of this length where outer packets may have packet_max bytes; 0: nothing
 * is. */
static unsigned told_mtu(enum tenant_kind kind, bool inner6, unsigned len, uint32_t packet_max)
{
	const struct tenant_wish wish = {"", kind, false, inner6, false, len, NULL};
	uint8_t told[TOO_BIG_ANSWER_MAX];
	struct tenant_packet packet = {.len = 0};

	tenant_make(&wish, &packet);
	if (tenant_answer_within(&packet, packet_max, told) == 0)
		return 0;
	return tenant_get16(told + packet.inner + (inner6 ? 40 : 20) + 6);
}

/* RFC 8200 section 5, RFC 8201 section 4; RFC 791 section 3.1. */
static void test_smallest_mtu(void **state)
{
	assert_int_equal(told_mtu(UDP, true, 1450, 1331), 1281);
	assert_int_equal(told_mtu(UDP, true, 1450, 1329), 1280);
	assert_int_equal(told_mtu(UDP, true, 1281, 1329), 1280);
	assert_int_equal(told_mtu(UDP, true, 1280, 1329), 0);
	assert_int_equal(told_mtu(UDP, true, 1450, 40), 1280);
	assert_int_equal(told_mtu(UDP, false, 1450, 1329), 1279);
	assert_int_equal(told_mtu(UDP, false, 1280, 1329), 1279);
	assert_int_equal(told_mtu(UDP, false, 1450, 118), 68);
	assert_int_equal(told_mtu(UDP, false, 1450, 40), 68);
	assert_int_equal(told_mtu(UDP, false, 68, 40), 0);
	assert_int_equal(told_mtu(UDP, false, 1390, 1440), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_anything),
		cmocka_unit_test(test_smallest_mtu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
