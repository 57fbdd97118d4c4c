/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Writes the headers before the inner packet (docs/protocol.md, section 2): IP, then UDP unless VPE
 * is directly in IP, then VPE. What all packets of an SA have in common is prepared once, when the
 * SA is installed. A packet's headers are a copy of that with the packet's own fields.
 */

#include <covey/wire.h>
#include <dataplane.h>
#include <headers.h>

/*
 * The headers that all packets of an SA have in common, as numbers of eight bytes. A field that
 * differs from packet to packet is zero here, or is a constant that is added to the packet's value.
 * So few store instructions write a packet's headers. This matters, because the CPU's rate of
 * stores limits how many packets per second can be written.
 */
struct outer {
	uint64_t ip;        /* IP header's first 8 bytes; of IPv4, the first 4 */
	uint64_t ipv4[2];   /* IPv4's first 16 bytes without the first 4, as in memory */
	uint64_t udp;       /* unused when VPE is directly in IP */
	uint64_t vpe;       /* SPI and SenderID */
	uint32_t sum;       /* sum of the words in ipv4, for IPv4's checksum */
	uint8_t source[16]; /* IPv6's source address */
};

/* Which bits the outer header takes from the first bytes of the inner one. IPv4, 4 bytes: TOS and
 * total length. IPv6, 8 bytes: traffic class, payload length and hop limit. */
#define OUTER_OF_IPV4 UINT32_C(0x00ffffff)
#define OUTER_OF_IPV6 UINT64_C(0x0ff00000ffff00ff)

/* How many bytes are added before the inner packet. The ICV is among them. */
static inline uint16_t outer_len(bool ipv6, bool udp)
{
	return (uint16_t)((ipv6 ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr)) +
			  (udp ? sizeof(struct rte_udp_hdr) : 0) + sizeof(struct covey_vpe_header));
}

static inline void write_be64(uint8_t *at, uint64_t value)
{
	value = rte_cpu_to_be_64(value);
	memcpy(at, &value, sizeof(value));
}

/* --- when the SA is installed -------------------------------------------------------------- */

static inline void outer_make_ipv4(const struct covey_addr *vtep, uint8_t protocol,
				   uint16_t overhead, struct outer *outer)
{
	struct rte_ipv4_hdr ip = {
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16(overhead),
		.fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG),
		.next_proto_id = protocol,
	};

	memcpy(&ip.src_addr, vtep->bytes, sizeof(ip.src_addr));
	outer->ip = read_be32(&ip);
	memcpy((uint8_t *)outer->ipv4 + 4, &ip.packet_id, sizeof(outer->ipv4) - 4);
	outer->sum = rte_raw_cksum(outer->ipv4, sizeof(outer->ipv4));
}

static inline void outer_make_ipv6(const struct covey_addr *vtep, uint8_t protocol,
				   uint16_t overhead, struct outer *outer)
{
	struct rte_ipv6_hdr ip = {
		.vtc_flow = rte_cpu_to_be_32(6u << 28),
		.payload_len = rte_cpu_to_be_16(overhead),
		.proto = protocol,
	};

	outer->ip = read_be64(&ip);
	memcpy(outer->source, vtep->bytes, sizeof(outer->source));
}

/* UDP's checksum is zero, over IPv6 too (RFC 6935). */
static inline void outer_make(const struct dataplane_config *config, uint32_t spi,
			      uint16_t sender_id, struct outer *ret_outer)
{
	bool in_udp = config->encapsulation == COVEY_ENCAPSULATION_UDP;
	bool ipv6 = config->vtep.family == AF_INET6;
	uint8_t protocol = in_udp ? IPPROTO_UDP : config->vpe_protocol;
	uint16_t overhead = outer_len(ipv6, in_udp);
	struct rte_udp_hdr udp = {
		.dst_port = rte_cpu_to_be_16(config->vpe_port),
		.dgram_len = rte_cpu_to_be_16(sizeof(udp) + sizeof(struct covey_vpe_header)),
	};
	struct covey_vpe_header vpe;

	memset(ret_outer, 0, sizeof(*ret_outer));
	if (ipv6)
		outer_make_ipv6(&config->vtep, protocol, overhead, ret_outer);
	else
		outer_make_ipv4(&config->vtep, protocol, overhead, ret_outer);
	covey_vpe_set(&vpe, spi, sender_id, 0, 0);
	ret_outer->udp = read_be64(&udp);
	ret_outer->vpe = read_be64(&vpe);
}

/* --- for each packet ----------------------------------------------------------------------- */

/* TOS, TTL and destination are those of the inner packet. Options are not copied. The checksum's
 * byte order is that of the words that are summed (RFC 1071), so no bytes are swapped, and two
 * words can be summed at once. */
static __rte_always_inline void outer_write_ipv4(const struct outer *outer, uint8_t *at,
						 const uint8_t *inner)
{
	const struct rte_ipv4_hdr *from = (const void *)inner;
	uint32_t start = (uint32_t)outer->ip + (read_be32(inner) & OUTER_OF_IPV4);
	uint32_t destination = from->dst_addr;
	uint64_t first = rte_cpu_to_be_32(start), next = from->time_to_live;
	uint64_t sum = outer->sum + first + next + destination;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum += sum >> 16;
	first |= outer->ipv4[0];
	next |= outer->ipv4[1] | (uint64_t)(uint16_t)~sum << 16;
	memcpy(at, &first, sizeof(first));
	memcpy(at + 8, &next, sizeof(next));
	memcpy(at + 16, &destination, sizeof(destination));
}

/* Traffic class, hop limit and destination are those of the inner packet. The flow label depends on
 * the WindowID, as the UDP source port does (RFC 6438). */
static __rte_always_inline void outer_write_ipv6(const struct outer *outer, uint8_t *at,
						 const uint8_t *inner, uint16_t window_id)
{
	const struct rte_ipv6_hdr *from = (const void *)inner;

	write_be64(at,
		   (outer->ip | (uint64_t)window_id << 32) + (read_be64(inner) & OUTER_OF_IPV6));
	memcpy(at + 8, outer->source, sizeof(outer->source));
	memcpy(at + 24, from->dst_addr, sizeof(from->dst_addr));
}

/* Write all headers before the inner packet, which has inner_len bytes; the ICV is not written. */
static __rte_always_inline void outer_write(const struct outer *outer, bool ipv6, bool udp,
					    uint8_t *inner, uint32_t inner_len, uint16_t window_id,
					    uint64_t esn)
{
	uint8_t *vpe = inner - sizeof(struct covey_vpe_header);
	uint8_t *ip = inner - outer_len(ipv6, udp);

	if (ipv6)
		outer_write_ipv6(outer, ip, inner, window_id);
	else
		outer_write_ipv4(outer, ip, inner);
	if (udp)
		write_be64(vpe - sizeof(struct rte_udp_hdr),
			   outer->udp + ((uint64_t)covey_udp_source_port(window_id) << 48) +
				   ((uint64_t)inner_len << 16));
	write_be64(vpe, outer->vpe | window_id);
	write_be64(vpe + 8, esn);
}
