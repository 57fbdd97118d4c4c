/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Writing the headers that go before the inner packet (docs/protocol.md, section 2): IP, then UDP
 * unless VPE is an IP protocol of its own, then VPE. What all packets of an SA share is made once,
 * when the SA is installed; a packet's headers are a copy of it with the packet's own fields.
 */

#include "dataplane.h"
#include "headers.h"
#include <covey/wire.h>

/*
 * What packets do not bring, eight bytes of header a number, each byte at its place in memory
 * (little endian: the first byte is the lowest). Fields that packets bring are zero. So a packet's
 * headers are few stores, of which there are as many as the cache takes.
 */
struct outer {
	uint64_t ip[2];     /* the first 8 bytes, and IPv4's next 8 */
	uint64_t udp;       /* without it: unused */
	uint64_t vpe;       /* SPI and SenderID */
	uint32_t sum;       /* IPv4's checksum, of what is here */
	uint8_t source[16]; /* IPv6's address */
};

/* Bytes that go before the inner packet, ICV and all. */
static inline uint16_t outer_len(bool ipv6, bool udp)
{
	return (uint16_t)((ipv6 ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr)) +
			  (udp ? sizeof(struct rte_udp_hdr) : 0) + sizeof(struct covey_vpe_header));
}

/* A field as it lies in memory, at byte at of eight. */
static inline uint64_t outer_8(uint8_t value, unsigned at)
{
	return (uint64_t)value << 8 * at;
}

static inline uint64_t outer_16(uint16_t value, unsigned at)
{
	return (uint64_t)rte_cpu_to_be_16(value) << 8 * at;
}

/* --- when the SA is installed -------------------------------------------------------------- */

static inline void outer_make_ipv4(const struct covey_addr *vtep, uint8_t protocol,
				   struct outer *outer)
{
	struct rte_ipv4_hdr ip = {
		.version_ihl = RTE_IPV4_VHL_DEF,
		.fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG),
		.next_proto_id = protocol,
	};

	memcpy(&ip.src_addr, vtep->bytes, sizeof(ip.src_addr));
	memcpy(outer->ip, &ip, sizeof(outer->ip));
	outer->sum = rte_raw_cksum(&ip, sizeof(ip));
}

static inline void outer_make_ipv6(const struct covey_addr *vtep, uint8_t protocol,
				   struct outer *outer)
{
	struct rte_ipv6_hdr ip = {.vtc_flow = rte_cpu_to_be_32(6u << 28), .proto = protocol};

	memcpy(&outer->ip[0], &ip, sizeof(outer->ip[0]));
	memcpy(outer->source, vtep->bytes, sizeof(outer->source));
}

/* UDP's checksum is zero, over IPv6 too: RFC 6935. */
static inline void outer_make(const struct dataplane_config *config, uint32_t spi,
			      uint16_t sender_id, struct outer *ret_outer)
{
	bool in_udp = config->encapsulation == COVEY_ENCAPSULATION_UDP;
	uint8_t protocol = in_udp ? IPPROTO_UDP : config->vpe_protocol;
	struct rte_udp_hdr udp = {.dst_port = rte_cpu_to_be_16(config->vpe_port)};
	struct covey_vpe_header vpe;

	memset(ret_outer, 0, sizeof(*ret_outer));
	if (config->vtep.family == AF_INET6)
		outer_make_ipv6(&config->vtep, protocol, ret_outer);
	else
		outer_make_ipv4(&config->vtep, protocol, ret_outer);
	memcpy(&ret_outer->udp, &udp, sizeof(ret_outer->udp));
	covey_vpe_set(&vpe, spi, sender_id, 0, 0);
	memcpy(&ret_outer->vpe, &vpe, sizeof(ret_outer->vpe));
}

/* --- for each packet ----------------------------------------------------------------------- */

/* TOS, TTL and destination are the inner packet's; options are not copied. RFC 1071: the sum's byte
 * order is the words', so nothing is swapped. */
static __rte_always_inline void outer_write_ipv4(const struct outer *outer, uint8_t *at,
						 const uint8_t *inner, uint16_t total)
{
	const struct rte_ipv4_hdr *from = (const void *)inner;
	uint32_t destination = from->dst_addr, sum = outer->sum;
	uint64_t first = outer_8(from->type_of_service, 1) | outer_16(total, 2);
	uint64_t next = outer_8(from->time_to_live, 0);

	sum += (uint32_t)(uint16_t)first + (uint32_t)(first >> 16) + (uint32_t)next +
	       (destination & 0xffff) + (destination >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum += sum >> 16;
	first |= outer->ip[0];
	next |= outer->ip[1] | (uint64_t)(uint16_t)~sum << 16;
	memcpy(at, &first, sizeof(first));
	memcpy(at + 8, &next, sizeof(next));
	memcpy(at + 16, &destination, sizeof(destination));
}

/* Traffic class, hop limit and destination are the inner packet's. The flow label, like the UDP
 * source port, is a function of the WindowID (RFC 6438). */
static __rte_always_inline void outer_write_ipv6(const struct outer *outer, uint8_t *at,
						 const uint8_t *inner, uint16_t total,
						 uint16_t window_id)
{
	const struct rte_ipv6_hdr *from = (const void *)inner;
	uint64_t first = outer->ip[0] | outer_16((uint16_t)(total - sizeof(*from)), 4) |
			 outer_8(from->hop_limits, 7) |
			 rte_cpu_to_be_32((uint32_t)ip_traffic_class(inner) << 20 | window_id);

	memcpy(at, &first, sizeof(first));
	memcpy(at + 8, outer->source, sizeof(outer->source));
	memcpy(at + 24, from->dst_addr, sizeof(from->dst_addr));
}

/* Write all headers but the ICV before the inner packet, which has inner_len bytes. */
static __rte_always_inline void outer_write(const struct outer *outer, bool ipv6, bool udp,
					    uint8_t *inner, uint16_t inner_len, uint16_t window_id,
					    uint64_t esn)
{
	uint16_t len = outer_len(ipv6, udp), total = (uint16_t)(inner_len + len);
	uint8_t *vpe = inner - sizeof(struct covey_vpe_header);
	uint64_t ports, start = outer->vpe | outer_16(window_id, 6), be_esn = rte_cpu_to_be_64(esn);

	if (ipv6)
		outer_write_ipv6(outer, inner - len, inner, total, window_id);
	else
		outer_write_ipv4(outer, inner - len, inner, total);
	if (udp) {
		ports = outer->udp | outer_16(covey_udp_source_port(window_id), 0) |
			outer_16((uint16_t)(inner - vpe + inner_len + sizeof(ports)), 4);
		memcpy(vpe - sizeof(ports), &ports, sizeof(ports));
	}
	memcpy(vpe, &start, sizeof(start));
	memcpy(vpe + sizeof(start), &be_esn, sizeof(be_esn));
}
