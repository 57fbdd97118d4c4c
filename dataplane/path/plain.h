/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What nearly all packets from tenants are: Ethernet without tags, IP of our family from our own
 * address, without options, extensions or fragments, UDP, VXLAN. All that is fixed in it is
 * compared at once; what differs goes the long way (classify.h), which says why.
 */

#include "classify_fast.h"
#include "headers.h"
#include <dataplane.h>
#include <rte_branch_prediction.h>
#include <rte_vect.h>

/* Headers of such a frame, from Ethernet to VXLAN, in bytes. */
#define PLAIN_IPV4_LEN 50u
#define PLAIN_IPV6_LEN 70u

/* What is compared begins with the Ethernet type, and is vectors one behind another. The last one
 * moves forward where it would reach beyond VXLAN. */
#define PLAIN_FROM        (offsetof(struct rte_ether_hdr, ether_type))
#define PLAIN_VECTORS_MAX 4u

struct plain {
	xmm_t mask[PLAIN_VECTORS_MAX]; /* bits that are fixed */
	xmm_t bits[PLAIN_VECTORS_MAX];
	uint32_t ip_len_max; /* what the fabric takes, less overhead */
};

static __rte_always_inline uint32_t plain_len(bool ipv6)
{
	return ipv6 ? PLAIN_IPV6_LEN : PLAIN_IPV4_LEN;
}

/* IPv4's two go as far as VXLAN's flags. */
static __rte_always_inline uint32_t plain_vectors(bool ipv6)
{
	return ipv6 ? PLAIN_VECTORS_MAX : 2;
}

/* Where a vector begins in the frame. */
static __rte_always_inline size_t plain_at(bool ipv6, uint32_t vector)
{
	return RTE_MIN(PLAIN_FROM + vector * sizeof(xmm_t), plain_len(ipv6) - sizeof(xmm_t));
}

/* What it is by the engine's configuration, with so many bytes of headers to be added. */
void plain_make(const struct dataplane_config *config, uint16_t overhead, struct plain *ret_plain);

/* The first plain_len() bytes of a frame. */
static __rte_always_inline bool plain_matches(const struct plain *plain, const uint8_t *frame,
					      bool ipv6)
{
	xmm_t differences = _mm_setzero_si128();

#pragma GCC unroll 4
	for (uint32_t i = 0; i < plain_vectors(ipv6); i++) {
		xmm_t here = _mm_loadu_si128((const void *)(frame + plain_at(ipv6, i)));

		here = _mm_and_si128(_mm_xor_si128(here, plain->bits[i]), plain->mask[i]);
		differences = _mm_or_si128(differences, here);
	}
	return _mm_testz_si128(differences, differences);
}

/* What differs from one to the next. */
struct vxlan {
	uint32_t l2_len; /* Ethernet header and VLAN tags */
	uint32_t ip_len;
	uint32_t source_port;
	uint32_t vni;
};

/*
 * True with *ret_vxlan for a plain frame that may leave as far as its headers say. Of its len
 * bytes, at least plain_len(), all can be read. False when the long way must be gone.
 */
static __rte_always_inline bool plain_tell(const struct plain *plain, const uint8_t *frame,
					   uint32_t len, bool ipv6, struct vxlan *ret_vxlan)
{
	const uint32_t l2_len = sizeof(struct rte_ether_hdr), headers = plain_len(ipv6);
	const uint8_t *ip = frame + l2_len, *udp = frame + headers - FAST_BEHIND_IP;
	uint32_t ip_len =
		ipv6 ? sizeof(struct rte_ipv6_hdr) + read_be16(ip + 4) : (uint16_t)read_be32(ip);

	if (unlikely(!plain_matches(plain, frame, ipv6) ||
		     !is_between(headers, ip_len + l2_len, len) || ip_len > plain->ip_len_max ||
		     read_be16(udp + 4) != ip_len - (uint32_t)(udp - ip)))
		return false;
	ret_vxlan->l2_len = l2_len;
	ret_vxlan->ip_len = ip_len;
	ret_vxlan->source_port = read_be16(udp);
	ret_vxlan->vni = read_be32(frame + headers - 4) >> 8;
	return true;
}
