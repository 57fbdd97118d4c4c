/* SPDX-License-Identifier: BSD-3-Clause */
#include "fit.h"
#include "finish.h"
#include "shape.h"
#include <rte_tcp.h>

/* Segments with these are more than a piece of the stream. */
#define TCP_NOT_CUT (RTE_TCP_SYN_FLAG | RTE_TCP_RST_FLAG | RTE_TCP_URG_FLAG)
/* RFC 9293 section 3.1, RFC 2385, RFC 5925. */
#define TCP_OPTION_END  0
#define TCP_OPTION_NOP  1
#define TCP_OPTION_MD5  19
#define TCP_OPTION_AUTH 29

/* True also if the options are broken. */
static bool is_signed(const uint8_t *tcp, uint32_t header_len)
{
	uint32_t at = sizeof(struct rte_tcp_hdr);

	while (at < header_len && tcp[at] != TCP_OPTION_END) {
		if (tcp[at] == TCP_OPTION_NOP) {
			at++;
			continue;
		}
		if (tcp[at] == TCP_OPTION_MD5 || tcp[at] == TCP_OPTION_AUTH ||
		    at + 1 >= header_len || tcp[at + 1] < 2)
			return true;
		at += tcp[at + 1];
	}
	return at > header_len;
}

/* The length that the IP header gives. It may be longer than the frame. */
static uint32_t ip_len(const uint8_t *ip, bool ipv6)
{
	return ipv6 ? read_be16(ip + 4) + (uint32_t)sizeof(struct rte_ipv6_hdr) : read_be16(ip + 2);
}

static bool may_cut(const uint8_t *frame, uint32_t len, const struct shape *shape)
{
	const uint8_t *tcp = frame + shape->l4;

	return shape->protocol == IPPROTO_TCP && !(tcp[13] & TCP_NOT_CUT) &&
	       !is_signed(tcp, (uint32_t)shape->payload - shape->l4) && shape->payload + 1u < len &&
	       ip_len(frame + shape->inner_ip, shape->inner_ipv6) == len - shape->inner_ip;
}

/* Routers do not forward what has a wrong one (RFC 1812 section 5.2.2), and what is made from such
 * a packet would have a right one. */
static bool has_good_header(const uint8_t *frame, uint32_t len, const struct tenant *tenant)
{
	const uint8_t *ip = frame + tenant->ip;
	uint32_t header;

	if (tenant->type != RTE_ETHER_TYPE_IPV4)
		return true;
	if (tenant->ip + sizeof(struct rte_ipv4_hdr) > len)
		return false;
	header = (ip[0] & 0xfu) * 4;
	return header >= sizeof(struct rte_ipv4_hdr) && tenant->ip + header <= len &&
	       sum_finish(sum_header(ip, header)) == 0;
}

/* A checksum that the kernel has left unfinished is right by itself. */
static bool has_good_checksum(const struct vnet_header *header, const uint8_t *frame, uint32_t len,
			      const struct shape *shape)
{
	uint32_t tcp_len = len - shape->l4;

	if ((header->flags & VNET_FLAG_NEEDS_CSUM) && header->csum_start == shape->l4)
		return true;
	return sum_finish(sum_addresses(frame + shape->inner_ip, shape->inner_ipv6, IPPROTO_TCP) +
			  rte_cpu_to_be_16((uint16_t)tcp_len) +
			  sum_bytes(frame + shape->l4, tcp_len)) == 0;
}

/* A fragment's end lies within the longest packet (RFC 791), and so do those of its fragments. */
static bool ends_in_bounds(const uint8_t *ip, uint32_t payload)
{
	return (read_be16(ip + 6) & RTE_IPV4_HDR_OFFSET_MASK) * 8u + payload <= UINT16_MAX;
}

static bool may_fragment(const uint8_t *frame, uint32_t len, const struct tenant *tenant)
{
	const uint8_t *ip = frame + tenant->ip;

	return tenant->type == RTE_ETHER_TYPE_IPV4 &&
	       tenant->ip + sizeof(struct rte_ipv4_hdr) < len && ip[0] == RTE_IPV4_VHL_DEF &&
	       !(read_be16(ip + 6) & RTE_IPV4_HDR_DF_FLAG) &&
	       ip_len(ip, false) == len - tenant->ip &&
	       ends_in_bounds(ip, len - tenant->ip - (uint32_t)sizeof(struct rte_ipv4_hdr));
}

enum fit fit_find(const struct vnet_header *header, const uint8_t *frame, uint32_t len,
		  uint32_t packet_max, struct tenant *ret_tenant)
{
	struct shape shape;

	if (tenant_find(frame, len, ret_tenant) != 0 || len - ret_tenant->outer_ip <= packet_max)
		return FIT_WHOLE;
	if (!has_good_header(frame, len, ret_tenant))
		return FIT_BROKEN;
	/* Pieces of IPv4 without DF need identifications that nobody else uses. Fragments need
	 * none. */
	if (may_fragment(frame, len, ret_tenant))
		return FIT_FRAGMENTS;
	if (shape_find(frame, len, &shape) != 0 || !may_cut(frame, len, &shape))
		return FIT_NOT;
	return has_good_checksum(header, frame, len, &shape) ? FIT_SEGMENTS : FIT_BROKEN;
}

void fit_as_super_frame(const uint8_t *frame, uint32_t len, struct vnet_header *ret_header)
{
	struct shape shape;

	if (shape_find(frame, len, &shape) != 0)
		return;
	*ret_header = (struct vnet_header){
		.flags = VNET_FLAG_NEEDS_CSUM,
		.gso_type = shape.inner_ipv6 ? VNET_GSO_TCPV6 : VNET_GSO_TCPV4,
		.gso_size = (uint16_t)(len - shape.payload),
		.csum_start = shape.l4,
		.csum_offset = offsetof(struct rte_tcp_hdr, cksum),
	};
}
