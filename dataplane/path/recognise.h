/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What kind of frame it is, found the quick way. Nearly all packets have one of a few forms:
 * Ethernet with at most one tag, IPv4 without options or IPv6 without extension headers, no
 * fragment, and in it VXLAN, or VPE in UDP or directly in IP. These forms are recognised here:
 * several header fields are read as one number and compared at once. A frame that has another form,
 * or may have one, is not recognised; then classify.c walks through its headers. If a frame is
 * recognised, the result is that of the walk (tests/unit/dataplane/test_recognise.c). Pure.
 *
 * VXLAN and VPE must have different UDP ports.
 */

#include "classify.h"
#include <dataplane.h>
#include <headers.h>
#include <rte_branch_prediction.h>
#include <rte_vect.h>

/* The first eight bytes of IPv4: version 4, five words long, no fragment. All other bits may have
 * any value. */
#define RECOGNISE_IPV4_MASK UINT64_C(0xff00000000003fff)
#define RECOGNISE_IPV4      UINT64_C(0x4500000000000000)

/* How many bytes must be readable after the IP header: UDP's header, and then VXLAN's header or the
 * first 8 bytes of VPE's. */
#define RECOGNISE_BEHIND_IP (sizeof(struct rte_udp_hdr) + sizeof(struct rte_vxlan_hdr))

/* Needs one comparison only. least must not be above most. */
static inline bool is_between(size_t least, size_t value, size_t most)
{
	return value - least <= most - least;
}

/* --- IP packets ---------------------------------------------------------------------------- */

/* UDP's header at ip + offset, and eight bytes after it, are part of the packet. */
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
		return likely(vxlan >> 59 & 1); /* the I flag, RFC 7348 section 5 */
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
	/* Some of the protocol numbers up to this one are extension headers. */
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
 * For an IP packet of packet_len bytes; the first len of them are at ip. True when it is
 * recognised: then *ret_frame is what classify_ip() would write. False when classify_ip() must be
 * called: then *ret_frame means nothing. l2_len does not change.
 */
static __rte_always_inline bool recognise_ip(const struct classifier *classifier, const uint8_t *ip,
					     size_t len, size_t packet_len, struct frame *ret_frame)
{
	if (len > 0 && ip_version(ip) == 4)
		return recognise_ipv4(classifier, ip, len, packet_len, ret_frame);
	return recognise_ipv6(classifier, ip, len, packet_len, ret_frame);
}

/* The same when all len bytes are at ip, and only one version of IP is looked for. */
static __rte_always_inline bool recognise_ip_of(const struct classifier *classifier, bool ipv6,
						const uint8_t *ip, size_t len,
						struct frame *ret_frame)
{
	return ipv6 ? recognise_ipv6(classifier, ip, len, len, ret_frame)
		    : recognise_ipv4(classifier, ip, len, len, ret_frame);
}

/* --- frames -------------------------------------------------------------------------------- */

/*
 * For a frame of frame_len bytes; the first len of them are at data. True when it is recognised:
 * then *ret_frame is what classify_frame() would write. False when classify_frame() must be called.
 */
static __rte_always_inline bool recognise_frame(const struct classifier *classifier,
						const uint8_t *data, size_t len, size_t frame_len,
						struct frame *ret_frame)
{
	size_t l2_len = sizeof(struct rte_ether_hdr);
	uint16_t type;

	/* This also makes sure that the type after one tag can be read. */
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

/* The same when all len bytes are at data, and only frames without tags and with one version of IP
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
 * The form of nearly all packets from tenants: Ethernet without tags, IP of our family from our own
 * address, UDP, VXLAN. All header bits that are the same in each of these packets are compared at
 * once, sixteen bytes at a time.
 */

/* Length of these headers, from Ethernet to VXLAN, in bytes. */
#define RECOGNISE_OWN_IPV4_LEN 50u
#define RECOGNISE_OWN_IPV6_LEN 70u

/* The vectors follow each other, beginning with the Ethernet type. The last one begins earlier, if
 * it would end after VXLAN's header. */
#define RECOGNISE_OWN_FROM    (offsetof(struct rte_ether_hdr, ether_type))
#define RECOGNISE_VECTORS_MAX 4u

struct recognise_own {
	xmm_t mask[RECOGNISE_VECTORS_MAX]; /* which bits are fixed */
	xmm_t bits[RECOGNISE_VECTORS_MAX];
	uint32_t ip_len_max; /* the fabric's MTU less the overhead */
	/* Of the eight bytes that end with Ethernet's source address. */
	uint64_t source_mask, source;
};

static __rte_always_inline uint32_t recognise_own_len(bool ipv6)
{
	return ipv6 ? RECOGNISE_OWN_IPV6_LEN : RECOGNISE_OWN_IPV4_LEN;
}

/* For IPv4 there are two, which end with VXLAN's flags. */
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

/* Prepare the comparison for this configuration. overhead: how many bytes of headers will be added.
 */
void recognise_own_make(const struct dataplane_config *config, uint16_t overhead,
			struct recognise_own *ret_own);

/* Compares the first recognise_own_len() bytes of a frame. */
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

/* Has the frame the source address that the guard gives (dataplane.h)? Each has, if it gives none.
 * Reads the first twelve bytes. */
static __rte_always_inline bool recognise_own_source(const struct recognise_own *own,
						     const uint8_t *frame)
{
	return ((read_be64(frame + 4) ^ own->source) & own->source_mask) == 0;
}

/* What differs from one VXLAN packet to the next. */
struct vxlan {
	uint32_t l2_len; /* Ethernet header and VLAN tags */
	uint32_t ip_len;
	uint32_t source_port;
	uint32_t vni;
};

/*
 * Is it VXLAN from our own address that may leave, by what its headers say? Then returns true with
 * *ret_vxlan. All len bytes must be readable, and len must be at least recognise_own_len(). False
 * when the frame must be classified.
 */
static __rte_always_inline bool recognise_own(const struct recognise_own *own, const uint8_t *frame,
					      uint32_t len, bool ipv6, struct vxlan *ret_vxlan)
{
	const uint32_t l2_len = sizeof(struct rte_ether_hdr), headers = recognise_own_len(ipv6);
	const uint8_t *ip = frame + l2_len, *udp = frame + headers - RECOGNISE_BEHIND_IP;
	uint32_t ip_len =
		ipv6 ? sizeof(struct rte_ipv6_hdr) + read_be16(ip + 4) : (uint16_t)read_be32(ip);

	if (unlikely(!recognise_own_matches(own, frame, ipv6) ||
		     !recognise_own_source(own, frame) ||
		     !is_between(headers, ip_len + l2_len, len) || ip_len > own->ip_len_max ||
		     read_be16(udp + 4) != ip_len - (uint32_t)(udp - ip)))
		return false;
	ret_vxlan->l2_len = l2_len;
	ret_vxlan->ip_len = ip_len;
	ret_vxlan->source_port = read_be16(udp);
	ret_vxlan->vni = read_be32(frame + headers - 4) >> 8;
	return true;
}
