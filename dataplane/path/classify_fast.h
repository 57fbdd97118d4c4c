/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The packets of which there are many, told by a few wide loads: Ethernet with at most one tag,
 * IPv4 without options or IPv6 without extensions, no fragment, and in that VXLAN, or VPE in UDP or
 * IP. What is anything else, or might be, is left to the walk in classify.c, which says the same of
 * these (tests/unit/dataplane/test_classify_fast.c compares them). VXLAN and VPE have different
 * ports.
 */

#include "classify.h"
#include "headers.h"
#include <rte_branch_prediction.h>

/* The first eight bytes of IPv4: version 4 and five words; no fragment. The rest may be anything.
 */
#define IPV4_PLAIN_MASK UINT64_C(0xff00000000003fff)
#define IPV4_PLAIN      UINT64_C(0x4500000000000000)

/* Behind IP's header: what must be readable, of UDP and VXLAN or VPE. */
#define FAST_BEHIND_IP (sizeof(struct rte_udp_hdr) + sizeof(struct rte_vxlan_hdr))

/* One comparison; least <= most. */
static inline bool is_between(size_t least, size_t value, size_t most)
{
	return value - least <= most - least;
}

/* UDP at ip + offset, and behind it eight bytes more, belong to the packet. */
static __rte_always_inline bool classify_fast_udp(const struct classifier *classifier,
						  const uint8_t *ip, size_t offset, size_t total,
						  struct frame *frame)
{
	uint64_t udp = read_be64(ip + offset), vxlan;
	uint16_t port = (uint16_t)(udp >> 32);

	if (unlikely((uint16_t)(udp >> 16) != total - offset))
		return false;
	frame->source_port = (uint16_t)(udp >> 48);
	frame->in_udp = true;
	frame->payload_offset = (uint16_t)(offset + sizeof(struct rte_udp_hdr));
	frame->payload_len = (uint16_t)(total - offset - sizeof(struct rte_udp_hdr));
	if (port == classifier->vxlan_port) {
		vxlan = read_be64(ip + offset + sizeof(struct rte_udp_hdr));
		frame->kind = FRAME_VXLAN;
		frame->vni = (uint32_t)(vxlan >> 8) & 0xffffff;
		return likely(vxlan >> 59 & 1); /* RFC 7348 section 5: I */
	}
	frame->kind = FRAME_VPE;
	frame->vni = 0;
	return port == classifier->vpe_port;
}

static __rte_always_inline bool classify_fast_upper(const struct classifier *classifier,
						    const uint8_t *ip, uint8_t protocol,
						    size_t offset, size_t total,
						    struct frame *frame)
{
	frame->ip_len = (uint16_t)total;
	if (likely(protocol == IPPROTO_UDP))
		return classify_fast_udp(classifier, ip, offset, total, frame);
	/* Of the protocols up to this one, some are extension headers. */
	if (protocol <= PROTOCOL_SHIM6 || protocol != classifier->vpe_protocol)
		return false;
	frame->kind = FRAME_VPE;
	frame->vni = 0;
	frame->source_port = 0;
	frame->in_udp = false;
	frame->payload_offset = (uint16_t)offset;
	frame->payload_len = (uint16_t)(total - offset);
	return true;
}

static __rte_always_inline bool classify_fast_ipv4(const struct classifier *classifier,
						   const uint8_t *ip, size_t len, size_t packet_len,
						   struct frame *frame)
{
	size_t offset = sizeof(struct rte_ipv4_hdr), total;
	uint64_t start;

	if (unlikely(len < offset + FAST_BEHIND_IP))
		return false;
	start = read_be64(ip);
	total = (uint16_t)(start >> 32);
	if (unlikely((start & IPV4_PLAIN_MASK) != IPV4_PLAIN ||
		     !is_between(offset + FAST_BEHIND_IP, total, packet_len)))
		return false;
	return classify_fast_upper(classifier, ip, ip[offsetof(struct rte_ipv4_hdr, next_proto_id)],
				   offset, total, frame);
}

static __rte_always_inline bool classify_fast_ipv6(const struct classifier *classifier,
						   const uint8_t *ip, size_t len, size_t packet_len,
						   struct frame *frame)
{
	size_t offset = sizeof(struct rte_ipv6_hdr), total;
	uint64_t start;

	if (unlikely(len < offset + FAST_BEHIND_IP))
		return false;
	start = read_be64(ip);
	total = offset + (uint16_t)(start >> 16);
	if (unlikely(start >> 60 != 6 || !is_between(offset + FAST_BEHIND_IP, total, packet_len)))
		return false;
	return classify_fast_upper(classifier, ip, (uint8_t)(start >> 8), offset, total, frame);
}

/*
 * True with *ret_frame as classify_ip() fills it; false when that must be asked, and ret_frame says
 * nothing. l2_len is left alone.
 */
static __rte_always_inline bool classify_ip_fast(const struct classifier *classifier,
						 const uint8_t *ip, size_t len, size_t packet_len,
						 struct frame *ret_frame)
{
	if (len > 0 && ip_version(ip) == 4)
		return classify_fast_ipv4(classifier, ip, len, packet_len, ret_frame);
	return classify_fast_ipv6(classifier, ip, len, packet_len, ret_frame);
}

/* True with *ret_frame as classify_frame() fills it; false when that must be asked. */
static __rte_always_inline bool classify_frame_fast(const struct classifier *classifier,
						    const uint8_t *data, size_t len,
						    size_t frame_len, struct frame *ret_frame)
{
	size_t l2_len = sizeof(struct rte_ether_hdr);
	uint16_t type;

	/* One tag more fits into this too. */
	if (unlikely(len < l2_len + sizeof(struct rte_ipv4_hdr) + FAST_BEHIND_IP))
		return false;
	type = read_be16(data + l2_len - sizeof(type));
	if (type == RTE_ETHER_TYPE_VLAN) {
		l2_len += sizeof(struct rte_vlan_hdr);
		type = read_be16(data + l2_len - sizeof(type));
	}
	ret_frame->l2_len = (uint16_t)l2_len;
	data += l2_len;
	len -= l2_len;
	frame_len -= l2_len;
	if (likely(type == RTE_ETHER_TYPE_IPV4))
		return classify_fast_ipv4(classifier, data, len, frame_len, ret_frame);
	return type == RTE_ETHER_TYPE_IPV6 &&
	       classify_fast_ipv6(classifier, data, len, frame_len, ret_frame);
}
