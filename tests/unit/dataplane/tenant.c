/* SPDX-License-Identifier: BSD-3-Clause */
#include "tenant.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <too_big.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <string.h>

void tenant_put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

unsigned tenant_get16(const uint8_t *at)
{
	return (unsigned)(at[0] << 8 | at[1]);
}

unsigned tenant_sum16(const uint8_t *from, unsigned len, unsigned sum)
{
	for (unsigned i = 0; i + 1 < len; i += 2)
		sum += tenant_get16(from + i);
	if (len % 2)
		sum += (unsigned)(from[len - 1] << 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

unsigned tenant_pseudo(const uint8_t *ip, unsigned protocol, unsigned len)
{
	bool ipv6 = ip[0] >> 4 == 6;

	return tenant_sum16(ip + (ipv6 ? 8 : 12), ipv6 ? 32 : 8, protocol + len);
}

void tenant_fix_checksum(uint8_t *ip)
{
	tenant_put16(ip + 10, 0);
	tenant_put16(ip + 10, ~tenant_sum16(ip, (ip[0] & 15) * 4u, 0));
}

static unsigned put_ip(uint8_t *ip, bool ipv6, unsigned protocol, unsigned len, bool may_fragment,
		       unsigned net)
{
	if (ipv6) {
		ip[0] = 0x60;
		tenant_put16(ip + 4, len - 40);
		ip[6] = (uint8_t)protocol;
		ip[7] = 64;
		ip[8] = ip[24] = 0xfd;
		ip[9] = ip[25] = (uint8_t)net;
		ip[23] = 1;
		ip[39] = 2;
		return 40;
	}
	ip[0] = 0x45;
	tenant_put16(ip + 2, len);
	tenant_put16(ip + 4, 7);
	ip[6] = may_fragment ? 0 : 0x40;
	ip[8] = 64;
	ip[9] = (uint8_t)protocol;
	ip[12] = ip[16] = 10;
	ip[13] = ip[17] = (uint8_t)net;
	ip[15] = 1;
	ip[19] = 2;
	tenant_put16(ip + 10, ~tenant_sum16(ip, 20, 0));
	return 20;
}

static unsigned protocol_of(const struct tenant_wish *wish)
{
	if (wish->kind == PING)
		return wish->inner6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	return wish->kind == TCP ? IPPROTO_TCP : IPPROTO_UDP;
}

static void put_l4(const struct tenant_wish *wish, struct tenant_packet *packet)
{
	uint8_t *l4 = packet->frame + packet->l4, *ip = packet->frame + packet->inner;
	unsigned len = packet->len - packet->l4;

	for (unsigned i = 0; i < len; i++)
		l4[i] = (uint8_t)(i * 7 + i / 256);
	if (wish->kind == TCP) {
		memcpy(l4, "\x12\x34\x00\x50\x00\x00\x10\x00\x00\x00\x00\x01\x50\x18\x10\x00\0\0\0",
		       20);
		tenant_put16(l4 + 16, ~tenant_pseudo(ip, IPPROTO_TCP, len) & 0xffff);
		tenant_put16(l4 + 16, 0);
		tenant_put16(l4 + 16, ~tenant_sum16(l4, len, tenant_pseudo(ip, IPPROTO_TCP, len)));
	} else if (wish->kind == UDP) {
		tenant_put16(l4 + 4, len);
		tenant_put16(l4 + 6, 0);
		tenant_put16(l4 + 6, ~tenant_sum16(l4, len, tenant_pseudo(ip, IPPROTO_UDP, len)));
	} else {
		l4[0] = wish->inner6 ? 128 : 8;
		l4[1] = 0;
	}
}

void tenant_make(const struct tenant_wish *wish, struct tenant_packet *packet)
{
	uint8_t *frame = packet->frame;
	unsigned inner_len = wish->len;

	memset(packet, 0, sizeof(*packet));
	memcpy(frame, "\x02\0\0\0\0\x0f\x02\0\0\0\0\x0e", 12);
	tenant_put16(frame + 12, wish->outer6 ? 0x86dd : 0x0800);
	packet->outer = 14;
	packet->udp = packet->outer + (wish->outer6 ? 40 : 20);
	packet->ethernet = packet->udp + 16;
	packet->inner = packet->ethernet + 14;
	packet->len = packet->inner + inner_len;
	put_ip(frame + packet->outer, wish->outer6, IPPROTO_UDP, packet->len - packet->outer, true,
	       77);
	tenant_put16(frame + packet->udp, 50000);
	tenant_put16(frame + packet->udp + 2, TENANT_PORT);
	tenant_put16(frame + packet->udp + 4, packet->len - packet->udp);
	tenant_put16(frame + packet->udp + 6, wish->outer6 ? 0x1234 : 0);
	memcpy(frame + packet->udp + 8, "\x08\0\0\0\0\0\x64", 8);
	memcpy(frame + packet->ethernet, "\x02\0\0\0\0\x02\x02\0\0\0\0\x01", 12);
	if (wish->kind == ARP) {
		tenant_put16(frame + packet->ethernet + 12, 0x0806);
		return;
	}
	tenant_put16(frame + packet->ethernet + 12, wish->inner6 ? 0x86dd : 0x0800);
	packet->l4 = packet->inner + put_ip(frame + packet->inner, wish->inner6, protocol_of(wish),
					    inner_len, wish->may_fragment, 9);
	put_l4(wish, packet);
	if (wish->change)
		wish->change(frame, packet->inner);
}

/* --- what comes of it ------------------------------------------------------------------------ */

enum segment_error tenant_cut(const struct tenant_packet *packet, struct tenant_pieces *pieces)
{
	struct segmenter segmenter;
	enum segment_error error = segment_begin(&segmenter, &packet->header, packet->frame,
						 packet->len, TENANT_PACKET_MAX);

	pieces->count = 0;
	for (uint32_t len; (len = segment_len(&segmenter)) > 0; pieces->count++) {
		assert_true(pieces->count < TENANT_PIECES_MAX && len <= TENANT_PACKET_MAX + 14 + 8);
		segment_take(&segmenter, pieces->bytes[pieces->count]);
		pieces->lens[pieces->count] = len;
	}
	return error;
}

uint32_t tenant_answer_within(const struct tenant_packet *packet, uint32_t packet_max,
			      uint8_t *ret_answer)
{
	const struct too_big_link link = {packet_max, TENANT_PORT, {2, 0, 0, 0, 0, 0}};
	struct too_big_sender sender;

	return too_big_answer(&link, packet->frame, packet->len, &sender, ret_answer);
}

uint32_t tenant_answer(const struct tenant_packet *packet, uint8_t *ret_answer)
{
	return tenant_answer_within(packet, TENANT_PACKET_MAX, ret_answer);
}

/* Outer lengths and checksums of a VXLAN packet of this shape. */
static void expect_outer(const struct tenant_packet *packet, const uint8_t *frame, uint32_t len)
{
	const uint8_t *ip = frame + packet->outer, *udp = frame + packet->udp;
	unsigned udp_len = len - packet->udp;

	assert_true(len <= packet->outer + TENANT_PACKET_MAX);
	assert_int_equal(tenant_get16(udp + 4), udp_len);
	if (ip[0] >> 4 == 4) {
		assert_int_equal(tenant_get16(ip + 2), len - packet->outer);
		assert_int_equal(tenant_sum16(ip, 20, 0), 0xffff);
	} else {
		assert_int_equal(tenant_get16(ip + 4), udp_len);
		assert_int_not_equal(tenant_get16(udp + 6), 0);
	}
	if (tenant_get16(udp + 6))
		assert_int_equal(
			tenant_sum16(udp, udp_len, tenant_pseudo(ip, IPPROTO_UDP, udp_len)),
			0xffff);
}

void tenant_expect_segments(const struct tenant_packet *packet, const struct tenant_pieces *pieces)
{
	unsigned payload = packet->l4 + 20, sent = 0;

	assert_true(pieces->count > 1);
	for (unsigned i = 0; i < pieces->count; i++) {
		const uint8_t *ip = pieces->bytes[i] + packet->inner,
			      *tcp = pieces->bytes[i] + packet->l4;
		unsigned tcp_len = pieces->lens[i] - packet->l4;

		expect_outer(packet, pieces->bytes[i], pieces->lens[i]);
		assert_int_equal(
			tenant_sum16(tcp, tcp_len, tenant_pseudo(ip, IPPROTO_TCP, tcp_len)),
			0xffff);
		assert_int_equal(tenant_get16(tcp + 6), 0x1000 + sent); /* sequence number */
		assert_int_equal(tcp[13], i == pieces->count - 1 ? 0x18 : 0x10);
		assert_memory_equal(tcp + 20, packet->frame + payload + sent, tcp_len - 20);
		sent += tcp_len - 20;
	}
	assert_int_equal(sent, packet->len - payload);
}

void tenant_expect_fragments(const struct tenant_packet *packet, const struct tenant_pieces *pieces)
{
	unsigned whole = packet->len - packet->inner - 20, done = 0;

	assert_true(pieces->count > 1);
	for (unsigned i = 0; i < pieces->count; i++) {
		const uint8_t *ip = pieces->bytes[i] + packet->inner;
		unsigned len = pieces->lens[i] - packet->inner - 20, where = tenant_get16(ip + 6);

		expect_outer(packet, pieces->bytes[i], pieces->lens[i]);
		assert_int_equal(tenant_get16(ip + 2), len + 20);
		assert_int_equal(tenant_sum16(ip, 20, 0), 0xffff);
		assert_int_equal(tenant_get16(ip + 4), 7);
		assert_int_equal((where & 0x1fff) * 8u, done);
		assert_int_equal(where & 0xe000, i == pieces->count - 1 ? 0 : 0x2000);
		assert_memory_equal(ip + 20, packet->frame + packet->inner + 20 + done, len);
		done += len;
	}
	assert_int_equal(done, whole);
}

void tenant_expect_answer(const struct tenant_packet *packet, const uint8_t *frame, uint32_t len)
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
	assert_int_equal(tenant_get16(frame + packet->udp + 2), TENANT_PORT);
	assert_memory_equal(frame + packet->ethernet, was + packet->ethernet + 6, 6);
	at = inner6 ? 8 : 12;
	size = inner6 ? 16 : 4;
	assert_memory_equal(ip + at, was + packet->inner + at + size, size);
	assert_memory_equal(ip + at + size, was + packet->inner + at, size);
	assert_int_equal(icmp[0], inner6 ? 2 : 3);
	assert_int_equal(icmp[1], inner6 ? 0 : 4);
	assert_int_equal(tenant_get16(icmp + 6),
			 TENANT_PACKET_MAX - (packet->inner - packet->outer));
	assert_memory_equal(icmp + 8, was + packet->inner, icmp_len - 8);
	assert_true(len - packet->inner <= (inner6 ? 1280 : 576) && icmp_len >= 8 + 28);
	assert_int_equal(tenant_sum16(icmp, icmp_len,
				      inner6 ? tenant_pseudo(ip, IPPROTO_ICMPV6, icmp_len) : 0),
			 0xffff);
}
