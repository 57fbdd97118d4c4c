/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Writing the headers that go before VPE (docs/protocol.md, section 2). Each writes at `at`, which
 * need not be aligned, and returns where the next one begins. total: bytes of the whole outer
 * packet.
 */

#include <covey/wire.h>

#include "headers.h"

/* Addresses, DSCP, ECN and TTL are the inner packet's; options are not copied. */
static inline uint8_t *write_ipv4(uint8_t *at, const uint8_t *inner, uint8_t protocol,
				  uint16_t total)
{
	const struct rte_ipv4_hdr *from = (const void *)inner;
	struct rte_ipv4_hdr header = {
		.version_ihl = RTE_IPV4_VHL_DEF,
		.type_of_service = from->type_of_service,
		.total_length = rte_cpu_to_be_16(total),
		.fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = from->time_to_live,
		.next_proto_id = protocol,
		.src_addr = from->src_addr,
		.dst_addr = from->dst_addr,
	};

	header.hdr_checksum = rte_ipv4_cksum(&header);
	memcpy(at, &header, sizeof(header));
	return at + sizeof(header);
}

/* The flow label, like the UDP source port, is a function of the WindowID (RFC 6438). */
static inline uint8_t *write_ipv6(uint8_t *at, const uint8_t *inner, uint8_t protocol,
				  uint16_t total, uint16_t window_id)
{
	struct rte_ipv6_hdr header;

	memcpy(&header, inner, sizeof(header));
	header.vtc_flow =
		rte_cpu_to_be_32(6u << 28 | (uint32_t)ip_traffic_class(inner) << 20 | window_id);
	header.payload_len = rte_cpu_to_be_16((uint16_t)(total - sizeof(header)));
	header.proto = protocol;
	memcpy(at, &header, sizeof(header));
	return at + sizeof(header);
}

/* Checksum zero, over IPv6 too: RFC 6935. */
static inline uint8_t *write_udp(uint8_t *at, uint16_t port, uint16_t window_id, uint16_t length)
{
	struct rte_udp_hdr header = {
		.src_port = rte_cpu_to_be_16(covey_udp_source_port(window_id)),
		.dst_port = rte_cpu_to_be_16(port),
		.dgram_len = rte_cpu_to_be_16(length),
	};

	memcpy(at, &header, sizeof(header));
	return at + sizeof(header);
}
