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

/* The longest headers, up to the ICV, which the cipher writes. */
#define OUTER_MAX (sizeof(struct rte_ipv6_hdr) + sizeof(struct rte_udp_hdr) + COVEY_VPE_ICV_OFFSET)

/* Headers with every field in place that packets do not bring, the others zero. */
struct outer {
	uint8_t bytes[OUTER_MAX];
};

_Static_assert(sizeof(struct outer) == 64, "the outer headers are one cache line");

/* Bytes that go before the inner packet, ICV and all. */
static inline uint16_t outer_len(bool ipv6, bool udp)
{
	return (uint16_t)((ipv6 ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr)) +
			  (udp ? sizeof(struct rte_udp_hdr) : 0) + sizeof(struct covey_vpe_header));
}

/* --- when the SA is installed -------------------------------------------------------------- */

static inline uint8_t *outer_make_ip(uint8_t *at, const struct covey_addr *vtep, uint8_t protocol)
{
	struct rte_ipv4_hdr ipv4 = {
		.version_ihl = RTE_IPV4_VHL_DEF,
		.fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG),
		.next_proto_id = protocol,
	};
	struct rte_ipv6_hdr ipv6 = {.vtc_flow = rte_cpu_to_be_32(6u << 28), .proto = protocol};

	if (vtep->family == AF_INET6) {
		memcpy(&ipv6.src_addr, vtep->bytes, sizeof(ipv6.src_addr));
		memcpy(at, &ipv6, sizeof(ipv6));
		return at + sizeof(ipv6);
	}
	memcpy(&ipv4.src_addr, vtep->bytes, sizeof(ipv4.src_addr));
	ipv4.hdr_checksum = rte_raw_cksum(&ipv4, sizeof(ipv4));
	memcpy(at, &ipv4, sizeof(ipv4));
	return at + sizeof(ipv4);
}

/* The IPv4 checksum's field holds the sum of the others. UDP's is zero, over IPv6 too: RFC 6935. */
static inline void outer_make(const struct dataplane_config *config, uint32_t spi,
			      uint16_t sender_id, struct outer *ret_outer)
{
	bool in_udp = config->encapsulation == COVEY_ENCAPSULATION_UDP;
	struct rte_udp_hdr udp = {.dst_port = rte_cpu_to_be_16(config->vpe_port)};
	struct covey_vpe_header vpe;
	uint8_t *at;

	memset(ret_outer, 0, sizeof(*ret_outer));
	at = outer_make_ip(ret_outer->bytes, &config->vtep,
			   in_udp ? IPPROTO_UDP : config->vpe_protocol);
	if (in_udp) {
		memcpy(at, &udp, sizeof(udp));
		at += sizeof(udp);
	}
	covey_vpe_set(&vpe, spi, sender_id, 0, 0);
	memcpy(at, &vpe, COVEY_VPE_ICV_OFFSET);
}

/* --- for each packet ----------------------------------------------------------------------- */

/* TOS, TTL and destination are the inner packet's; options are not copied. RFC 1071: the sum's byte
 * order is the words', so nothing is swapped. */
static __rte_always_inline void outer_write_ipv4(uint8_t *at, const uint8_t *inner, uint16_t total)
{
	const struct rte_ipv4_hdr *from = (const void *)inner;
	struct rte_ipv4_hdr *ip = (void *)at;
	uint16_t length = rte_cpu_to_be_16(total);
	uint32_t destination = from->dst_addr, sum = ip->hdr_checksum;

	sum += length + (destination & 0xffff) + (destination >> 16) + from->time_to_live +
	       ((uint32_t)from->type_of_service << 8);
	sum = (sum & 0xffff) + (sum >> 16);
	sum += sum >> 16;
	ip->type_of_service = from->type_of_service;
	ip->total_length = length;
	ip->time_to_live = from->time_to_live;
	ip->hdr_checksum = (uint16_t)~sum;
	ip->dst_addr = destination;
}

/* Traffic class, hop limit and destination are the inner packet's. The flow label, like the UDP
 * source port, is a function of the WindowID (RFC 6438). */
static __rte_always_inline void outer_write_ipv6(uint8_t *at, const uint8_t *inner, uint16_t total,
						 uint16_t window_id)
{
	const struct rte_ipv6_hdr *from = (const void *)inner;
	struct rte_ipv6_hdr *ip = (void *)at;

	ip->vtc_flow =
		rte_cpu_to_be_32(6u << 28 | (uint32_t)ip_traffic_class(inner) << 20 | window_id);
	ip->payload_len = rte_cpu_to_be_16((uint16_t)(total - sizeof(*ip)));
	ip->hop_limits = from->hop_limits;
	memcpy(ip->dst_addr, from->dst_addr, sizeof(ip->dst_addr));
}

/* Write all headers but the ICV before the inner packet, which has inner_len bytes. */
static __rte_always_inline void outer_write(const struct outer *outer, bool ipv6, bool udp,
					    uint8_t *inner, uint16_t inner_len, uint16_t window_id,
					    uint64_t esn)
{
	uint16_t len = outer_len(ipv6, udp), total = (uint16_t)(inner_len + len);
	struct covey_vpe_header *vpe = (void *)(inner - sizeof(*vpe));
	uint8_t *at = inner - len;
	struct rte_udp_hdr *ports;

	memcpy(at, outer->bytes, len - COVEY_ICV_LEN);
	if (ipv6)
		outer_write_ipv6(at, inner, total, window_id);
	else
		outer_write_ipv4(at, inner, total);
	if (udp) {
		ports = (struct rte_udp_hdr *)((uint8_t *)vpe - sizeof(*ports));
		ports->src_port = rte_cpu_to_be_16(covey_udp_source_port(window_id));
		ports->dgram_len =
			rte_cpu_to_be_16((uint16_t)(inner_len + sizeof(*ports) + sizeof(*vpe)));
	}
	covey_vpe_set_window(vpe, window_id, esn);
}
