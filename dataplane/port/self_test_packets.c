/* SPDX-License-Identifier: BSD-3-Clause */
#include "self_test_packets.h"

#include <headers.h>
#include <segment.h>
#include <string.h>

#define ETHERNET 14u
#define UDP      8u
#define VXLAN    8u
/* covey_udp_source_port()'s lowest. */
#define SOURCE_PORT   0xc000u
#define SOURCE_PORTS  16u /* of which windows are used */
#define SUPER_MAX     65535u
#define TCP_ACK       0x10
#define TCP_LEN       20u
#define NEXT_LEN(ip6) ((ip6) ? 40u : 20u)

static const uint8_t nobodys_mac[] = {0x02, 0x63, 0x6f, 0x76, 0x65, 0x79};

/* Vigna's splitmix64. */
static uint64_t next(struct self_test_burst *burst)
{
	uint64_t z = burst->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static uint32_t draw(struct self_test_burst *burst, uint32_t below)
{
	return (uint32_t)(next(burst) >> 32) % below;
}

static void fill(struct self_test_burst *burst, uint8_t *bytes, uint32_t len)
{
	for (uint32_t i = 0; i < len; i += sizeof(uint64_t)) {
		uint64_t some = next(burst);

		memcpy(bytes + i, &some, RTE_MIN(sizeof(some), len - i));
	}
}

/* --- headers --------------------------------------------------------------------------------- */

static uint32_t put_ethernet(uint8_t *at, bool ipv6)
{
	memcpy(at, nobodys_mac, 6);
	memcpy(at + 6, nobodys_mac, 6);
	at[6] ^= 4; /* another one */
	write_be16(at + 12, ipv6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4);
	return ETHERNET;
}

/* len: bytes behind this header. IPv4's checksum is left out: who sends makes it. */
static uint32_t put_ip(uint8_t *at, const struct self_test *test, uint8_t traffic_class,
		       uint8_t protocol, uint32_t len)
{
	bool ipv6 = test->source.family == AF_INET6;

	memset(at, 0, NEXT_LEN(ipv6));
	if (ipv6) {
		write_be32(at, 6u << 28 | (uint32_t)traffic_class << 20);
		write_be16(at + 4, (uint16_t)len);
		at[6] = protocol;
		at[7] = 64;
	} else {
		at[0] = RTE_IPV4_VHL_DEF;
		at[1] = traffic_class;
		write_be16(at + 2, (uint16_t)(len + 20));
		write_be16(at + 6, RTE_IPV4_HDR_DF_FLAG);
		at[8] = 64;
		at[9] = protocol;
	}
	memcpy(at + (ipv6 ? 8 : 12), test->source.bytes, ipv6 ? 16 : 4);
	memcpy(at + (ipv6 ? 24 : 16), test->destination.bytes, ipv6 ? 16 : 4);
	return NEXT_LEN(ipv6);
}

static uint32_t put_udp(uint8_t *at, uint16_t from, uint16_t to, uint32_t len)
{
	write_be16(at, from);
	write_be16(at + 2, to);
	write_be16(at + 4, (uint16_t)(len + UDP));
	write_be16(at + 6, 0);
	return UDP;
}

/* --- datagrams ------------------------------------------------------------------------------- */

static void add_datagram(const struct self_test *test, struct self_test_burst *burst,
			 uint16_t source_port, uint8_t traffic_class, uint32_t len)
{
	uint8_t *frame = burst->bytes[burst->count];
	uint32_t at = put_ethernet(frame, test->source.family == AF_INET6);

	at += put_ip(frame + at, test, traffic_class, IPPROTO_UDP, len + UDP);
	at += put_udp(frame + at, source_port, test->udp_port, len);
	fill(burst, frame + at, len);
	burst->compare = at;
	burst->lens[burst->count++] = at + len;
}

/* Some kernels spoil a bundle only when its last datagram is as long as the others. */
void self_test_make_datagrams(const struct self_test *test, struct self_test_burst *burst)
{
	uint16_t source_port = (uint16_t)(SOURCE_PORT + draw(burst, SOURCE_PORTS));
	uint32_t longest = test->mtu - NEXT_LEN(test->source.family == AF_INET6) - UDP;

	burst->count = 0;
	do {
		uint32_t room = PORT_BURST_MAX - burst->count, run = 1 + draw(burst, room);
		uint32_t len =
			draw(burst, 4) ? longest - draw(burst, 64) : 1 + draw(burst, longest);
		uint32_t tail = draw(burst, 2) ? len : 1 + draw(burst, len);
		uint8_t traffic_class = (uint8_t)(draw(burst, 64) << 2);

		while (run-- > 0)
			add_datagram(test, burst, source_port, traffic_class, run ? len : tail);
	} while (burst->count < PORT_BURST_MAX && draw(burst, 4));
}

/* --- segments -------------------------------------------------------------------------------- */

/* The headers of a super-frame. The packets get their own lengths and checksums when it is cut. */
static uint32_t put_headers(const struct self_test *test, struct self_test_burst *burst,
			    uint8_t *frame, bool tcp, struct vnet_header *ret_header)
{
	bool ipv6 = test->source.family == AF_INET6,
	     outer_checksum = draw(burst, 2) || ipv6 || test->checksums;
	uint32_t at = put_ethernet(frame, ipv6), udp, inner;

	at += put_ip(frame + at, test, 0, IPPROTO_UDP, 0);
	udp = at;
	at += put_udp(frame + at, (uint16_t)(SOURCE_PORT + draw(burst, SOURCE_PORTS)),
		      test->udp_port, 0);
	memcpy(frame + at, "\x08\0\0\0\0\0\x01", VXLAN);
	at += VXLAN;
	at += put_ethernet(frame + at, ipv6);
	inner = at;
	at += put_ip(frame + at, test, 0, tcp ? IPPROTO_TCP : IPPROTO_UDP, 0);
	*ret_header = (struct vnet_header){
		.flags = (uint8_t)(VNET_FLAG_NEEDS_CSUM |
				   (outer_checksum ? VNET_FLAG_TUNNEL_CSUM : 0)),
		.gso_type = (uint8_t)((!tcp   ? VNET_GSO_UDP_L4
				       : ipv6 ? VNET_GSO_TCPV6
					      : VNET_GSO_TCPV4) |
				      (ipv6 ? VNET_GSO_TUNNEL_IPV6 : VNET_GSO_TUNNEL_IPV4)),
		.csum_start = (uint16_t)at,
		.csum_offset = tcp ? 16 : 6,
		.outer_transport = (uint16_t)udp,
		.inner_network = (uint16_t)inner,
	};
	if (!tcp)
		return at + put_udp(frame + at, 1000, 2000, 0);
	memset(frame + at, 0, TCP_LEN);
	write_be32(frame + at + 4, draw(burst, UINT32_MAX));
	frame[at + 12] = TCP_LEN / 4 << 4;
	frame[at + 13] = TCP_ACK;
	return at + TCP_LEN;
}

/* One super-frame's, cut as what the kernel hands over is cut. */
void self_test_make_segments(const struct self_test *test, struct self_test_burst *burst)
{
	uint8_t frame[SUPER_MAX + ETHERNET];
	struct vnet_header header;
	struct segmenter segmenter;
	uint32_t at = put_headers(test, burst, frame, draw(burst, 3), &header);
	uint32_t longest = test->mtu + ETHERNET - at, len;
	uint32_t size = draw(burst, 4) ? longest - draw(burst, 64) : 1 + draw(burst, longest);
	uint32_t most = RTE_MIN(size * PORT_BURST_MAX, SUPER_MAX + ETHERNET - at);

	header.gso_size = (uint16_t)size;
	len = draw(burst, 2) ? most / size * size : 1 + draw(burst, most);
	fill(burst, frame + at, len);
	segment_begin(&segmenter, &header, frame, at + len, test->mtu);
	burst->compare = 0;
	for (burst->count = 0; (len = segment_len(&segmenter)) > 0; burst->count++) {
		segment_take(&segmenter, burst->bytes[burst->count]);
		burst->lens[burst->count] = len;
	}
}
