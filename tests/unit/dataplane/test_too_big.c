/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets that do not fit, of every kind: what is cut, what is fragmented, and whose sender is
 * told. Checksums are summed up here by other code.
 */
#include "super_frame.h"
#include <segment.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <too_big.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <string.h>

#define PACKET_MAX 1440u
#define PORT       4789u
#define PIECES_MAX 16u

/* --- a tenant's packet -------------------------------------------------------------------------
 */

enum kind { TCP, UDP, PING, ARP };

struct wish {
	const char *name;
	enum kind kind;
	bool outer6, inner6, may_fragment;
	unsigned len; /* of the tenant's IP packet */
	void (*change)(uint8_t *frame, unsigned inner);
};

struct packet {
	uint8_t frame[4000];
	uint32_t len;
	unsigned outer, udp, ethernet, inner, l4;
	struct vnet_header header;
};

static void be16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static unsigned get16(const uint8_t *at)
{
	return (unsigned)(at[0] << 8 | at[1]);
}

static unsigned sum16(const uint8_t *from, unsigned len, unsigned sum)
{
	for (unsigned i = 0; i + 1 < len; i += 2)
		sum += get16(from + i);
	if (len % 2)
		sum += (unsigned)(from[len - 1] << 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static unsigned pseudo(const uint8_t *ip, unsigned protocol, unsigned len)
{
	bool ipv6 = ip[0] >> 4 == 6;

	return sum16(ip + (ipv6 ? 8 : 12), ipv6 ? 32 : 8, protocol + len);
}

static unsigned put_ip(uint8_t *ip, bool ipv6, unsigned protocol, unsigned len, bool may_fragment,
		       unsigned net)
{
	if (ipv6) {
		ip[0] = 0x60;
		be16(ip + 4, len - 40);
		ip[6] = (uint8_t)protocol;
		ip[7] = 64;
		ip[8] = ip[24] = 0xfd;
		ip[9] = ip[25] = (uint8_t)net;
		ip[23] = 1;
		ip[39] = 2;
		return 40;
	}
	ip[0] = 0x45;
	be16(ip + 2, len);
	be16(ip + 4, 7);
	ip[6] = may_fragment ? 0 : 0x40;
	ip[8] = 64;
	ip[9] = (uint8_t)protocol;
	ip[12] = ip[16] = 10;
	ip[13] = ip[17] = (uint8_t)net;
	ip[15] = 1;
	ip[19] = 2;
	be16(ip + 10, ~sum16(ip, 20, 0));
	return 20;
}

static unsigned protocol_of(const struct wish *wish)
{
	if (wish->kind == PING)
		return wish->inner6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	return wish->kind == TCP ? IPPROTO_TCP : IPPROTO_UDP;
}

static void put_l4(const struct wish *wish, struct packet *packet)
{
	uint8_t *l4 = packet->frame + packet->l4, *ip = packet->frame + packet->inner;
	unsigned len = packet->len - packet->l4;

	for (unsigned i = 0; i < len; i++)
		l4[i] = (uint8_t)(i * 7 + i / 256);
	if (wish->kind == TCP) {
		memcpy(l4, "\x12\x34\x00\x50\x00\x00\x10\x00\x00\x00\x00\x01\x50\x18\x10\x00\0\0\0",
		       20);
		be16(l4 + 16, ~pseudo(ip, IPPROTO_TCP, len) & 0xffff);
		be16(l4 + 16, 0);
		be16(l4 + 16, ~sum16(l4, len, pseudo(ip, IPPROTO_TCP, len)));
	} else if (wish->kind == UDP) {
		be16(l4 + 4, len);
		be16(l4 + 6, 0);
		be16(l4 + 6, ~sum16(l4, len, pseudo(ip, IPPROTO_UDP, len)));
	} else {
		l4[0] = wish->inner6 ? 128 : 8;
		l4[1] = 0;
	}
}

static void make(const struct wish *wish, struct packet *packet)
{
	uint8_t *frame = packet->frame;
	unsigned inner_len = wish->len;

	memset(packet, 0, sizeof(*packet));
	memcpy(frame, "\x02\0\0\0\0\x0f\x02\0\0\0\0\x0e", 12);
	be16(frame + 12, wish->outer6 ? 0x86dd : 0x0800);
	packet->outer = 14;
	packet->udp = packet->outer + (wish->outer6 ? 40 : 20);
	packet->ethernet = packet->udp + 16;
	packet->inner = packet->ethernet + 14;
	packet->len = packet->inner + inner_len;
	put_ip(frame + packet->outer, wish->outer6, IPPROTO_UDP, packet->len - packet->outer, true,
	       77);
	be16(frame + packet->udp, 50000);
	be16(frame + packet->udp + 2, PORT);
	be16(frame + packet->udp + 4, packet->len - packet->udp);
	be16(frame + packet->udp + 6, wish->outer6 ? 0x1234 : 0);
	memcpy(frame + packet->udp + 8, "\x08\0\0\0\0\0\x64", 8);
	memcpy(frame + packet->ethernet, "\x02\0\0\0\0\x02\x02\0\0\0\0\x01", 12);
	if (wish->kind == ARP) {
		be16(frame + packet->ethernet + 12, 0x0806);
		return;
	}
	be16(frame + packet->ethernet + 12, wish->inner6 ? 0x86dd : 0x0800);
	packet->l4 = packet->inner + put_ip(frame + packet->inner, wish->inner6, protocol_of(wish),
					    inner_len, wish->may_fragment, 9);
	put_l4(wish, packet);
	if (wish->change)
		wish->change(frame, packet->inner);
}

/* --- what comes of it --------------------------------------------------------------------------
 */

static uint8_t pieces[PIECES_MAX][2000];
static uint32_t piece_lens[PIECES_MAX];

static enum segment_error cut(const struct packet *packet, unsigned *ret_count)
{
	struct segmenter segmenter;
	enum segment_error error =
		segment_begin(&segmenter, &packet->header, packet->frame, packet->len, PACKET_MAX);

	*ret_count = 0;
	for (uint32_t len; (len = segment_len(&segmenter)) > 0; ++*ret_count) {
		assert_true(*ret_count < PIECES_MAX && len <= PACKET_MAX + 14 + 8);
		segment_take(&segmenter, pieces[*ret_count]);
		piece_lens[*ret_count] = len;
	}
	return error;
}

static uint32_t answer_within(const struct packet *packet, uint32_t packet_max, uint8_t *ret_answer)
{
	const struct too_big_link link = {packet_max, PORT, {2, 0, 0, 0, 0, 0}};
	struct too_big_sender sender;

	return too_big_answer(&link, packet->frame, packet->len, &sender, ret_answer);
}

static uint32_t answer(const struct packet *packet, uint8_t *ret_answer)
{
	return answer_within(packet, PACKET_MAX, ret_answer);
}

/* Outer lengths and checksums of a VXLAN packet of this shape. */
static void expect_outer(const struct packet *packet, const uint8_t *frame, uint32_t len)
{
	const uint8_t *ip = frame + packet->outer, *udp = frame + packet->udp;
	unsigned udp_len = len - packet->udp;

	assert_true(len <= packet->outer + PACKET_MAX);
	assert_int_equal(get16(udp + 4), udp_len);
	if (ip[0] >> 4 == 4) {
		assert_int_equal(get16(ip + 2), len - packet->outer);
		assert_int_equal(sum16(ip, 20, 0), 0xffff);
	} else {
		assert_int_equal(get16(ip + 4), udp_len);
		assert_int_not_equal(get16(udp + 6), 0);
	}
	if (get16(udp + 6))
		assert_int_equal(sum16(udp, udp_len, pseudo(ip, IPPROTO_UDP, udp_len)), 0xffff);
}

static void expect_segments(const struct packet *packet, unsigned count)
{
	unsigned payload = packet->l4 + 20, sent = 0;

	assert_true(count > 1);
	for (unsigned i = 0; i < count; i++) {
		const uint8_t *ip = pieces[i] + packet->inner, *tcp = pieces[i] + packet->l4;
		unsigned tcp_len = piece_lens[i] - packet->l4;

		expect_outer(packet, pieces[i], piece_lens[i]);
		assert_int_equal(sum16(tcp, tcp_len, pseudo(ip, IPPROTO_TCP, tcp_len)), 0xffff);
		assert_int_equal(get16(tcp + 6), 0x1000 + sent); /* sequence number */
		assert_int_equal(tcp[13], i == count - 1 ? 0x18 : 0x10);
		assert_memory_equal(tcp + 20, packet->frame + payload + sent, tcp_len - 20);
		sent += tcp_len - 20;
	}
	assert_int_equal(sent, packet->len - payload);
}

/* Put together again they are the packet. */
static void expect_fragments(const struct packet *packet, unsigned count)
{
	unsigned whole = packet->len - packet->inner - 20, done = 0;

	assert_true(count > 1);
	for (unsigned i = 0; i < count; i++) {
		const uint8_t *ip = pieces[i] + packet->inner;
		unsigned len = piece_lens[i] - packet->inner - 20, where = get16(ip + 6);

		expect_outer(packet, pieces[i], piece_lens[i]);
		assert_int_equal(get16(ip + 2), len + 20);
		assert_int_equal(sum16(ip, 20, 0), 0xffff);
		assert_int_equal(get16(ip + 4), 7);
		assert_int_equal((where & 0x1fff) * 8u, done);
		assert_int_equal(where & 0xe000, i == count - 1 ? 0 : 0x2000);
		assert_memory_equal(ip + 20, packet->frame + packet->inner + 20 + done, len);
		done += len;
	}
	assert_int_equal(done, whole);
}

/* The answer as the tenant's kernel checks it. */
static void expect_answer(const struct packet *packet, const uint8_t *frame, uint32_t len)
{
	const uint8_t *was = packet->frame, *ip = frame + packet->inner;
	bool outer6 = was[packet->outer] >> 4 == 6, inner6 = was[packet->inner] >> 4 == 6;
	unsigned icmp_at = packet->inner + (inner6 ? 40 : 20), icmp_len = len - icmp_at;
	const uint8_t *icmp = frame + icmp_at;
	unsigned at = outer6 ? 8 : 12, size = outer6 ? 16 : 4;

	assert_memory_equal(frame, "\x02\0\0\0\0\0\x02\x63", 8);
	expect_outer(packet, frame, len);
	assert_memory_equal(frame + packet->outer + at, was + packet->outer + at + size, size);
	assert_memory_equal(frame + packet->outer + at + size, was + packet->outer + at, size);
	assert_memory_equal(frame + packet->udp + 8, was + packet->udp + 8, 8);
	assert_int_equal(get16(frame + packet->udp + 2), PORT);
	assert_memory_equal(frame + packet->ethernet, was + packet->ethernet + 6, 6);
	at = inner6 ? 8 : 12;
	size = inner6 ? 16 : 4;
	assert_memory_equal(ip + at, was + packet->inner + at + size, size);
	assert_memory_equal(ip + at + size, was + packet->inner + at, size);
	assert_int_equal(icmp[0], inner6 ? 2 : 3);
	assert_int_equal(icmp[1], inner6 ? 0 : 4);
	assert_int_equal(get16(icmp + 6), PACKET_MAX - (packet->inner - packet->outer));
	assert_memory_equal(icmp + 8, was + packet->inner, icmp_len - 8);
	assert_true(len - packet->inner <= (inner6 ? 1280 : 576) && icmp_len >= 8 + 28);
	assert_int_equal(sum16(icmp, icmp_len, inner6 ? pseudo(ip, IPPROTO_ICMPV6, icmp_len) : 0),
			 0xffff);
}

/* --- edges -------------------------------------------------------------------------------------
 */

static void fix_checksum(uint8_t *ip)
{
	be16(ip + 10, 0);
	be16(ip + 10, ~sum16(ip, (ip[0] & 15) * 4u, 0));
}

/* The TCP checksum goes with the flags: these are added to one half of a word. */
static void set_flag(uint8_t *frame, unsigned inner, unsigned flag)
{
	unsigned l4 = inner + (frame[inner] >> 4 == 6 ? 40 : 20);
	unsigned sum = get16(frame + l4 + 16);

	frame[l4 + 13] = (uint8_t)(frame[l4 + 13] | flag);
	sum = ~sum & 0xffff;
	sum += flag;
	be16(frame + l4 + 16, ~((sum & 0xffff) + (sum >> 16)));
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
	fix_checksum(frame + inner);
}

static void flooded(uint8_t *frame, unsigned inner)
{
	frame[14 + 16] = 239;
	fix_checksum(frame + 14);
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
		fix_checksum(frame + inner);
}

/* Its end is beyond the longest packet: an offset of its fragments would not fit into the field. */
static void endless_fragment(uint8_t *frame, unsigned inner)
{
	be16(frame + inner + 6, 8100);
	fix_checksum(frame + inner);
}

static void later_fragment(uint8_t *frame, unsigned inner)
{
	be16(frame + inner + 6, 0x4000 | 185);
	fix_checksum(frame + inner);
}

static void options(uint8_t *frame, unsigned inner)
{
	frame[inner] = 0x46;
	memcpy(frame + inner + 20, "\x01\x01\x01\x01", 4);
	fix_checksum(frame + inner);
}

static void other_length(uint8_t *frame, unsigned inner)
{
	be16(frame + inner + 2, get16(frame + inner + 2) - 1);
	fix_checksum(frame + inner);
}

static void other_port(uint8_t *frame, unsigned inner)
{
	be16(frame + inner - 14 - 16 + 2, PORT + 1);
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
	fix_checksum(frame + inner);
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
		fix_checksum(frame + inner);
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
	be16(frame + inner + 50, 8);
}

static void endless_extension(uint8_t *frame, unsigned inner)
{
	hidden_error(frame, inner);
	frame[inner + 41] = 255;
}

enum fate { WHOLE, SEGMENTS, FRAGMENTS, TOLD, SILENT, BROKEN };

static const struct {
	struct wish wish;
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

static void expect_fate(const struct packet *packet, enum fate fate)
{
	static const enum segment_error errors[] = {SEGMENT_OK,      SEGMENT_OK,
						    SEGMENT_OK,      SEGMENT_TOO_BIG,
						    SEGMENT_TOO_BIG, SEGMENT_HEADER};
	uint8_t told[TOO_BIG_ANSWER_MAX];
	unsigned count;
	uint32_t len;

	assert_int_equal(cut(packet, &count), errors[fate]);
	len = answer(packet, told);
	assert_true(len <= sizeof(told));
	switch (fate) {
	case WHOLE:
		assert_int_equal(count, 1);
		assert_memory_equal(pieces[0], packet->frame, packet->len);
		break;
	case SEGMENTS:
		expect_segments(packet, count);
		break;
	case FRAGMENTS:
		expect_fragments(packet, count);
		break;
	case TOLD:
		assert_true(len > 0);
		expect_answer(packet, told, len);
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
		struct packet packet = {.len = 0};

		print_message("%s\n", edges[i].wish.name);
		make(&edges[i].wish, &packet);
		expect_fate(&packet, edges[i].fate);
	}
}

/* --- checksums that the kernel left to us -------------------------------------------------------
 */

static void leave_unfinished(struct packet *packet, unsigned protocol, unsigned field)
{
	unsigned len = packet->len - packet->l4;

	packet->header = (struct vnet_header){.flags = VNET_FLAG_NEEDS_CSUM,
					      .csum_start = (uint16_t)packet->l4,
					      .csum_offset = (uint16_t)field};
	be16(packet->frame + packet->l4 + field,
	     pseudo(packet->frame + packet->inner, protocol, len));
}

static void test_unfinished_checksums(void **state)
{
	static const struct wish tcp = {"", TCP, false, false, false, 1450, NULL};
	static const struct wish udp = {"", UDP, true, false, true, 1450, NULL};
	struct packet packet, finished;
	unsigned count;

	make(&tcp, &packet);
	leave_unfinished(&packet, IPPROTO_TCP, 16);
	assert_int_equal(cut(&packet, &count), SEGMENT_OK);
	expect_segments(&packet, count);

	make(&udp, &finished);
	packet = finished;
	leave_unfinished(&packet, IPPROTO_UDP, 6);
	assert_int_equal(cut(&packet, &count), SEGMENT_OK);
	expect_fragments(&finished, count);

	/* The outer one. */
	packet = finished;
	packet.header = (struct vnet_header){.flags = VNET_FLAG_NEEDS_CSUM,
					     .csum_start = (uint16_t)packet.udp,
					     .csum_offset = 6};
	assert_int_equal(cut(&packet, &count), SEGMENT_OK);
	expect_fragments(&finished, count);

	/* And lies. */
	packet.header.csum_start = (uint16_t)packet.inner;
	assert_int_equal(cut(&packet, &count), SEGMENT_HEADER);
	packet.header.csum_start = 65535;
	assert_int_equal(cut(&packet, &count), SEGMENT_HEADER);
	packet.header.csum_start = (uint16_t)(packet.len - 4);
	packet.header.csum_offset = 2;
	assert_int_equal(cut(&packet, &count), SEGMENT_HEADER);
}

/* A fragment that does not fit is a fragment again. */
static void test_fragments_of_fragments(void **state)
{
	static const struct wish udp = {"", UDP, false, false, true, 1450, NULL};
	struct packet packet = {.len = 0};
	unsigned count;

	for (unsigned more = 0; more < 2; more++) {
		make(&udp, &packet);
		be16(packet.frame + packet.inner + 6, more * 0x2000 + 100);
		fix_checksum(packet.frame + packet.inner);
		assert_int_equal(cut(&packet, &count), SEGMENT_OK);
		assert_int_equal(count, 2);
		assert_int_equal(get16(pieces[0] + packet.inner + 6), 0x2000 + 100);
		assert_int_equal(get16(pieces[1] + packet.inner + 6),
				 more * 0x2000 + 100 + 1368 / 8);
	}
}

/* A super-frame of UDP whose datagrams do not fit is answered once. */
static void test_super_frame(void **state)
{
	static const struct wish udp = {"", UDP, false, false, false, 3000, NULL};
	uint8_t told[TOO_BIG_ANSWER_MAX];
	struct packet packet = {.len = 0};
	unsigned count;

	make(&udp, &packet);
	leave_unfinished(&packet, IPPROTO_UDP, 6);
	packet.header.gso_type = VNET_GSO_UDP_L4 | VNET_GSO_TUNNEL_IPV4;
	packet.header.gso_size = 1420;
	packet.header.outer_transport = (uint16_t)packet.udp;
	packet.header.inner_network = (uint16_t)packet.inner;
	assert_int_equal(cut(&packet, &count), SEGMENT_TOO_BIG);
	expect_answer(&packet, told, answer(&packet, told));
	packet.header.gso_size = 1362;
	assert_int_equal(cut(&packet, &count), SEGMENT_OK);
	assert_int_equal(count, 3);
}

/* A fragment of VXLAN itself would not leave if it did fit. Nobody is told. */
static void test_fragments_of_vxlan(void **state)
{
	static const struct wish wishes[] = {{"IPv4", UDP, false, false, false, 1500, NULL},
					     {"IPv6", UDP, true, false, false, 1500, NULL}};
	uint8_t told[TOO_BIG_ANSWER_MAX];
	unsigned count;

	for (size_t i = 0; i < 2; i++) {
		struct packet packet;
		uint8_t *outer;

		make(&wishes[i], &packet);
		outer = packet.frame + packet.outer;
		assert_int_equal(cut(&packet, &count), SEGMENT_TOO_BIG);
		if (i == 0)
			be16(outer + 6, 0x2000);
		else
			outer[6] = 44;
		assert_int_equal(cut(&packet, &count), SEGMENT_FRAGMENT);
		assert_int_equal(answer(&packet, told), 0);
		/* Another protocol's are none of ours. */
		if (i == 0)
			outer[9] = 6;
		else
			outer[6] = 6;
		assert_int_equal(cut(&packet, &count), SEGMENT_TOO_BIG);
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
		struct packet packet = {.len = 0};
		unsigned count;
		uint32_t len;

		make(&edges[random_below(&random, sizeof(edges) / sizeof(edges[0]))].wish, &packet);
		for (unsigned j = random_below(&random, 3); j > 0; j--)
			packet.frame[random_below(&random, packet.l4 + 30)] =
				(uint8_t)random_next(&random);
		if (random_below(&random, 4) == 0)
			packet.len = 1 + random_below(&random, packet.len);
		cut(&packet, &count);
		len = answer(&packet, told);
		assert_true(len <= sizeof(told));
		answers += len > 0;
	}
	assert_true(answers > 1000);
}

/* --- the smallest MTU that hosts believe --------------------------------------------------------
 */

/* What is told of a packet of this length where outer packets may have packet_max bytes; 0: nothing
 * is. */
static unsigned told_mtu(enum kind kind, bool inner6, unsigned len, uint32_t packet_max)
{
	const struct wish wish = {"", kind, false, inner6, false, len, NULL};
	uint8_t told[TOO_BIG_ANSWER_MAX];
	struct packet packet;

	make(&wish, &packet);
	if (answer_within(&packet, packet_max, told) == 0)
		return 0;
	return get16(told + packet.inner + (inner6 ? 40 : 20) + 6);
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
		cmocka_unit_test(test_unfinished_checksums),
		cmocka_unit_test(test_fragments_of_fragments),
		cmocka_unit_test(test_super_frame),
		cmocka_unit_test(test_fragments_of_vxlan),
		cmocka_unit_test(test_anything),
		cmocka_unit_test(test_smallest_mtu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
