/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What a frame is, the quick way. Nearly all packets have one of a few shapes: Ethernet with at
 * most one tag, IPv4 without options or IPv6 without extension headers, no fragment, and in it
 * VXLAN, or VPE in UDP or IP. They are recognised here: several header fields are read as one
 * number and compared at once. A frame of any other shape is declined, and so is one that might
 * have another; then classify.c walks its headers one after the other. Where the quick way does not
 * decline, it says what the walk would say (tests/unit/dataplane/test_recognise.c). Pure.
 *
 * VXLAN and VPE have different UDP ports.
 */

#include "classify.h"
#include "headers.h"
#include <dataplane.h>
#include <rte_branch_prediction.h>
#include <rte_vect.h>

/* The first eight bytes of IPv4: version 4 and five words; no fragment. The rest may be anything.
 */
#define RECOGNISE_IPV4_MASK UINT64_C(0xff00000000003fff)
#define RECOGNISE_IPV4      UINT64_C(0x4500000000000000)

/* What must be readable behind the IP header: UDP's header, and VXLAN's or the first 8 bytes of
 * VPE's. */
#define RECOGNISE_BEHIND_IP (sizeof(struct rte_udp_hdr) + sizeof(struct rte_vxlan_hdr))

/* One comparison; least <= most. */
static inline bool is_between(size_t least, size_t value, size_t most)
{
	return value - least <= most - least;
}

/* --- IP packets ---------------------------------------------------------------------------- */

/* UDP at ip + offset, and behind it eight bytes more, belong to the packet. */
static __rte_always_inline bool recognise_udp(const struct classifier *classifier,
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

static __rte_always_inline bool recognise_upper(const struct classifier *classifier,
						const uint8_t *ip, uint8_t protocol, size_t offset,
						size_t total, struct frame *frame)
{
	frame->ip_len = (uint16_t)total;
	if (likely(protocol == IPPROTO_UDP))
		return recognise_udp(classifier, ip, offset, total, frame);
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

static __rte_always_inline bool recognise_ipv4(const struct classifier *classifier,
					       const uint8_t *ip, size_t len, size_t packet_len,
					       struct frame *frame)
{
	size_t offset = sizeof(struct rte_ipv4_hdr), total;
	uint64_t start;

	if (unlikely(len < offset + RECOGNISE_BEHIND_IP))
		return false;
	start = read_be64(ip);
	total = (uint16_t)(start >> 32);
	if (unlikely((start & RECOGNISE_IPV4_MASK) != RECOGNISE_IPV4 ||
		     !is_between(offset + RECOGNISE_BEHIND_IP, total, packet_len)))
		return false;
	return recognise_upper(classifier, ip, ip[offsetof(struct rte_ipv4_hdr, next_proto_id)],
			       offset, total, frame);
}

static __rte_always_inline bool recognise_ipv6(const struct classifier *classifier,
					       const uint8_t *ip, size_t len, size_t packet_len,
					       struct frame *frame)
{
	size_t offset = sizeof(struct rte_ipv6_hdr), total;
	uint64_t start;

	if (unlikely(len < offset + RECOGNISE_BEHIND_IP))
		return false;
	start = read_be64(ip);
	total = offset + (uint16_t)(start >> 16);
	if (unlikely(start >> 60 != 6 ||
		     !is_between(offset + RECOGNISE_BEHIND_IP, total, packet_len)))
		return false;
	return recognise_upper(classifier, ip, (uint8_t)(start >> 8), offset, total, frame);
}

/*
 * An IP packet of packet_len bytes, of which the first len lie at ip. True with *ret_frame as
 * classify_ip() fills it; false when it must be asked, and ret_frame says nothing. l2_len is left
 * alone.
 */
static __rte_always_inline bool recognise_ip(const struct classifier *classifier, const uint8_t *ip,
					     size_t len, size_t packet_len, struct frame *ret_frame)
{
	if (len > 0 && ip_version(ip) == 4)
		return recognise_ipv4(classifier, ip, len, packet_len, ret_frame);
	return recognise_ipv6(classifier, ip, len, packet_len, ret_frame);
}

/* The same of len bytes, which all lie at ip, when only one version of IP is looked for. */
static __rte_always_inline bool recognise_ip_of(const struct classifier *classifier, bool ipv6,
						const uint8_t *ip, size_t len,
						struct frame *ret_frame)
{
	return ipv6 ? recognise_ipv6(classifier, ip, len, len, ret_frame)
		    : recognise_ipv4(classifier, ip, len, len, ret_frame);
}

/* --- frames -------------------------------------------------------------------------------- */

/*
 * A frame of frame_len bytes, of which the first len lie at data. True with *ret_frame as
 * classify_frame() fills it; false when it must be asked.
 */
static __rte_always_inline bool recognise_frame(const struct classifier *classifier,
						const uint8_t *data, size_t len, size_t frame_len,
						struct frame *ret_frame)
{
	size_t l2_len = sizeof(struct rte_ether_hdr);
	uint16_t type;

	/* One tag more fits into this too. */
	if (unlikely(len < l2_len + sizeof(struct rte_ipv4_hdr) + RECOGNISE_BEHIND_IP))
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
		return recognise_ipv4(classifier, data, len, frame_len, ret_frame);
	return type == RTE_ETHER_TYPE_IPV6 &&
	       recognise_ipv6(classifier, data, len, frame_len, ret_frame);
}

/* The same of len bytes, which all lie at data, when only frames without tags and one version of IP
 * are looked for. */
static __rte_always_inline bool recognise_frame_of(const struct classifier *classifier, bool ipv6,
						   const uint8_t *data, size_t len,
						   struct frame *ret_frame)
{
	size_t l2_len = sizeof(struct rte_ether_hdr);
	uint16_t type = ipv6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4;

	if (unlikely(len < l2_len + (ipv6 ? 40 : 20) + RECOGNISE_BEHIND_IP ||
		     read_be16(data + l2_len - sizeof(type)) != type))
		return false;
	ret_frame->l2_len = (uint16_t)l2_len;
	return recognise_ip_of(classifier, ipv6, data + l2_len, len - l2_len, ret_frame);
}

/* --- VXLAN that leaves --------------------------------------------------------------------- */

/*
 * What nearly all packets from tenants are: Ethernet without tags, IP of our family from our own
 * address, UDP, VXLAN. All bits of these headers that are the same in each such packet are compared
 * at once, sixteen bytes at a time.
 */

/* Headers of such a frame, from Ethernet to VXLAN, in bytes. */
#define RECOGNISE_OWN_IPV4_LEN 50u
#define RECOGNISE_OWN_IPV6_LEN 70u

/* The vectors lie one behind the other from the Ethernet type on. The last one begins earlier where
 * it would reach beyond VXLAN. */
#define RECOGNISE_OWN_FROM    (offsetof(struct rte_ether_hdr, ether_type))
#define RECOGNISE_VECTORS_MAX 4u

struct recognise_own {
	xmm_t mask[RECOGNISE_VECTORS_MAX]; /* bits that are fixed */
	xmm_t bits[RECOGNISE_VECTORS_MAX];
	uint32_t ip_len_max; /* what the fabric takes, less overhead */
};

static __rte_always_inline uint32_t recognise_own_len(bool ipv6)
{
	return ipv6 ? RECOGNISE_OWN_IPV6_LEN : RECOGNISE_OWN_IPV4_LEN;
}

/* IPv4's two go as far as VXLAN's flags. */
static __rte_always_inline uint32_t recognise_vectors(bool ipv6)
{
	return ipv6 ? RECOGNISE_VECTORS_MAX : 2;
}

/* Where a vector begins in the frame. */
static __rte_always_inline size_t recognise_vector_at(bool ipv6, uint32_t vector)
{
	return RTE_MIN(RECOGNISE_OWN_FROM + vector * sizeof(xmm_t),
		       recognise_own_len(ipv6) - sizeof(xmm_t));
}

/* What leaves by this configuration, with so many bytes of headers to be added. */
void recognise_own_make(const struct dataplane_config *config, uint16_t overhead,
			struct recognise_own *ret_own);

/* The first recognise_own_len() bytes of a frame. */
static __rte_always_inline bool recognise_own_matches(const struct recognise_own *own,
						      const uint8_t *frame, bool ipv6)
{
	xmm_t differences = _mm_setzero_si128();

#pragma GCC unroll 4
	for (uint32_t i = 0; i < recognise_vectors(ipv6); i++) {
		xmm_t here = _mm_loadu_si128((const void *)(frame + recognise_vector_at(ipv6, i)));

		here = _mm_and_si128(_mm_xor_si128(here, own->bits[i]), own->mask[i]);
		differences = _mm_or_si128(differences, here);
	}
	return _mm_testz_si128(differences, differences);
}

/* What differs from one VXLAN packet to the next. */
struct vxlan {
	uint32_t l2_len; /* Ethernet header and VLAN tags */
	uint32_t ip_len;
	uint32_t source_port;
	uint32_t vni;
};

/*
 * True with *ret_vxlan for VXLAN from our own address that may leave as far as its headers say. Of
 * its len bytes, at least recognise_own_len(), all can be read. False when the frame must be
 * classified.
 */
static __rte_always_inline bool recognise_own(const struct recognise_own *own, const uint8_t *frame,
					      uint32_t len, bool ipv6, struct vxlan *ret_vxlan)
{
	const uint32_t l2_len = sizeof(struct rte_ether_hdr), headers = recognise_own_len(ipv6);
	const uint8_t *ip = frame + l2_len, *udp = frame + headers - RECOGNISE_BEHIND_IP;
	uint32_t ip_len =
		ipv6 ? sizeof(struct rte_ipv6_hdr) + read_be16(ip + 4) : (uint16_t)read_be32(ip);

	if (unlikely(!recognise_own_matches(own, frame, ipv6) ||
		     !is_between(headers, ip_len + l2_len, len) || ip_len > own->ip_len_max ||
		     read_be16(udp + 4) != ip_len - (uint32_t)(udp - ip)))
		return false;
	ret_vxlan->l2_len = l2_len;
	ret_vxlan->ip_len = ip_len;
	ret_vxlan->source_port = read_be16(udp);
	ret_vxlan->vni = read_be32(frame + headers - 4) >> 8;
	return true;
}
