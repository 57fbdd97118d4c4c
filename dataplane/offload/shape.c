/* SPDX-License-Identifier: BSD-3-Clause */
#include "shape.h"
#include "headers.h"
#include <covey/limits.h>
#include <covey/tunnel.h>
#include <errno.h>
#include <rte_tcp.h>

uint16_t shape_skip_ethernet(const uint8_t *frame, uint32_t len, uint32_t *at)
{
	uint16_t type;

	if (*at + sizeof(struct rte_ether_hdr) > len)
		return 0;
	*at += sizeof(struct rte_ether_hdr);
	type = read_be16(frame + *at - sizeof(type));
	for (unsigned tags = 0; is_vlan(type); tags++) {
		if (tags == COVEY_VLAN_TAGS_MAX || *at + sizeof(struct rte_vlan_hdr) > len)
			return 0;
		*at += sizeof(struct rte_vlan_hdr);
		type = read_be16(frame + *at - sizeof(type));
	}
	return type;
}

unsigned shape_skip_ip(const uint8_t *frame, uint32_t len, uint16_t type, uint32_t *at,
		       bool *ret_ipv6)
{
	const uint8_t *ip = frame + *at;

	if (type == RTE_ETHER_TYPE_IPV4 && *at + sizeof(struct rte_ipv4_hdr) <= len &&
	    ip[0] == RTE_IPV4_VHL_DEF && (read_be16(ip + 6) & 0x3fff) == 0) {
		*ret_ipv6 = false;
		*at += sizeof(struct rte_ipv4_hdr);
		return ip[9];
	}
	if (type == RTE_ETHER_TYPE_IPV6 && *at + sizeof(struct rte_ipv6_hdr) <= len &&
	    ip_version(ip) == 6) {
		*ret_ipv6 = true;
		*at += sizeof(struct rte_ipv6_hdr);
		return ip[6];
	}
	return IPPROTO_MAX;
}

bool shape_is_fragment(const uint8_t *frame, uint32_t len)
{
	uint32_t at = 0;
	uint16_t type = shape_skip_ethernet(frame, len, &at);
	const uint8_t *ip = frame + at;

	if (type == RTE_ETHER_TYPE_IPV4 && at + sizeof(struct rte_ipv4_hdr) <= len)
		return ip[9] == IPPROTO_UDP &&
		       (read_be16(ip + 6) & (RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)) != 0;
	return type == RTE_ETHER_TYPE_IPV6 && at + sizeof(struct rte_ipv6_hdr) <= len &&
	       ip[6] == IPPROTO_FRAGMENT;
}

static int skip_l4(const uint8_t *frame, uint32_t len, unsigned protocol, uint32_t *at)
{
	uint32_t header;

	if (protocol == IPPROTO_UDP) {
		*at += sizeof(struct rte_udp_hdr);
		return *at <= len ? 0 : -EINVAL;
	}
	if (protocol != IPPROTO_TCP || *at + sizeof(struct rte_tcp_hdr) > len)
		return -EINVAL;
	header = (frame[*at + 12] >> 4) * 4u;
	if (header < sizeof(struct rte_tcp_hdr) || *at + header > len)
		return -EINVAL;
	*at += header;
	return 0;
}

#define GENEVE_LEN      8u
#define GENEVE_OPTIONS  0x3f   /* in its first byte: their length in words */
#define GENEVE_ETHERNET 0x6558 /* its protocol: Ethernet (RFC 7637 section 3.2) */

/* VXLAN-GPE's P flag and next protocols (draft-ietf-nvo3-vxlan-gpe, section 3.2). */
#define GPE_HAS_PROTOCOL 0x04
#define GPE_IPV4         1
#define GPE_IPV6         2

/* Geneve (RFC 8926 section 3.4). Group policy in VXLAN could look so, where the fabric's VXLAN has
 * Geneve's port: then nothing that is found here agrees with the vnet header. */
bool shape_is_geneve(const uint8_t *frame, uint32_t len, uint32_t udp)
{
	uint16_t type;

	if (udp + sizeof(struct rte_udp_hdr) + GENEVE_LEN > len ||
	    read_be16(frame + udp + 2) != COVEY_GENEVE_PORT)
		return false;
	type = read_be16(frame + udp + sizeof(struct rte_udp_hdr) + 2);
	return type == GENEVE_ETHERNET || type == RTE_ETHER_TYPE_IPV4 ||
	       type == RTE_ETHER_TYPE_IPV6;
}

static uint16_t skip_geneve(const uint8_t *frame, uint32_t len, uint32_t *at, bool *ret_ethernet)
{
	uint16_t type = read_be16(frame + *at + 2);

	*ret_ethernet = type == GENEVE_ETHERNET;
	*at += GENEVE_LEN + (frame[*at] & GENEVE_OPTIONS) * 4u;
	if (*at > len)
		return 0;
	return *ret_ethernet ? shape_skip_ethernet(frame, len, at) : type;
}

/* Skip VXLAN and what is between it and the inner IP header. Returns the ethertype of that, or 0.
 */
static uint16_t skip_vxlan(const uint8_t *frame, uint32_t len, uint32_t *at, bool *ret_ethernet)
{
	const uint8_t *vxlan = frame + *at;

	*at += sizeof(struct rte_vxlan_hdr);
	*ret_ethernet = true;
	if (*at > len)
		return 0;
	if ((vxlan[0] & GPE_HAS_PROTOCOL) && (vxlan[3] == GPE_IPV4 || vxlan[3] == GPE_IPV6)) {
		*ret_ethernet = false;
		return vxlan[3] == GPE_IPV4 ? RTE_ETHER_TYPE_IPV4 : RTE_ETHER_TYPE_IPV6;
	}
	return shape_skip_ethernet(frame, len, at);
}

int shape_find(const uint8_t *frame, uint32_t len, struct shape *ret_shape)
{
	struct shape shape;
	uint32_t at = 0;
	uint16_t type = shape_skip_ethernet(frame, len, &at);
	unsigned protocol;

	shape.outer_ip = (uint16_t)at;
	if (shape_skip_ip(frame, len, type, &at, &shape.outer_ipv6) != IPPROTO_UDP)
		return -EINVAL;
	shape.outer_udp = (uint16_t)at;
	at += sizeof(struct rte_udp_hdr);
	type = shape_is_geneve(frame, len, shape.outer_udp)
		       ? skip_geneve(frame, len, &at, &shape.inner_ethernet)
		       : skip_vxlan(frame, len, &at, &shape.inner_ethernet);
	shape.inner_ip = (uint16_t)at;
	protocol = shape_skip_ip(frame, len, type, &at, &shape.inner_ipv6);
	shape.l4 = (uint16_t)at;
	shape.protocol = (uint8_t)protocol;
	if (skip_l4(frame, len, protocol, &at) != 0)
		return -EINVAL;
	if (at > SHAPE_HEADERS_MAX) /* Geneve may have many options */
		return -EINVAL;
	shape.payload = (uint16_t)at;
	*ret_shape = shape;
	return 0;
}
