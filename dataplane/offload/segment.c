/* SPDX-License-Identifier: BSD-3-Clause */
#include "segment.h"
#include "finish.h"
#include "fit.h"
#include "fragment.h"
#include "headers.h"
#include <covey/limits.h>
#include <netinet/in.h>
#include <rte_common.h>
#include <rte_tcp.h>

#define GSO_TYPE (0xff & ~(VNET_GSO_TUNNEL | VNET_GSO_ECN))

/* An Ethernet header with all its tags. */
#define ETHERNET_MAX                                                                               \
	(sizeof(struct rte_ether_hdr) + COVEY_VLAN_TAGS_MAX * sizeof(struct rte_vlan_hdr))

#define TCP_LAST_ONLY  (RTE_TCP_FIN_FLAG | RTE_TCP_PSH_FLAG)
#define TCP_FIRST_ONLY RTE_TCP_CWR_FLAG

static unsigned checksum_offset(uint8_t protocol)
{
	return protocol == IPPROTO_TCP ? offsetof(struct rte_tcp_hdr, cksum)
				       : offsetof(struct rte_udp_hdr, dgram_cksum);
}

/* --- taking a frame -------------------------------------------------------------------------- */

/* What kind of super-frame the headers are of, in the words of the vnet header. */
static bool is_of_type(const struct shape *shape, uint8_t type)
{
	switch (type) {
	case VNET_GSO_TCPV4:
		return shape->protocol == IPPROTO_TCP && !shape->inner_ipv6;
	case VNET_GSO_TCPV6:
		return shape->protocol == IPPROTO_TCP && shape->inner_ipv6;
	case VNET_GSO_UDP_L4:
		return shape->protocol == IPPROTO_UDP;
	}
	return false;
}

/* A packet socket tells of no tunnel, but csum_start says how deep the kernel has looked. */
static bool is_as_told(const struct shape *shape, const struct vnet_header *header)
{
	uint8_t tunnel = header->gso_type & VNET_GSO_TUNNEL;

	if (header->csum_start != shape->l4 ||
	    header->csum_offset != checksum_offset(shape->protocol))
		return false;
	if (tunnel == 0)
		return true;
	return tunnel == (shape->outer_ipv6 ? VNET_GSO_TUNNEL_IPV6 : VNET_GSO_TUNNEL_IPV4) &&
	       header->outer_transport == shape->outer_udp &&
	       header->inner_network == shape->inner_ip;
}

/* What the checksums of all segments have in common. */
static void begin_sums(struct segmenter *segmenter, const struct vnet_header *header)
{
	const struct shape *shape = &segmenter->shape;
	const uint8_t *udp = segmenter->frame + shape->outer_udp;
	const uint8_t *behind_udp = udp + sizeof(struct rte_udp_hdr);

	segmenter->outer_checksum = (header->flags & VNET_FLAG_TUNNEL_CSUM) ||
				    sum_read(udp + offsetof(struct rte_udp_hdr, dgram_cksum)) != 0;
	segmenter->outer_sum =
		sum_addresses(segmenter->frame + shape->outer_ip, shape->outer_ipv6, IPPROTO_UDP) +
		sum_header(udp, 4) +
		sum_bytes(behind_udp, (size_t)(segmenter->frame + shape->inner_ip - behind_udp));
	segmenter->inner_sum = sum_addresses(segmenter->frame + shape->inner_ip, shape->inner_ipv6,
					     shape->protocol);
}

/* How much payload a segment gets: as the kernel wants it, or TCP's less where a packet would not
 * fit. */
static enum segment_error choose_size(struct segmenter *segmenter, uint16_t wanted,
				      uint32_t packet_max)
{
	const struct shape *shape = &segmenter->shape;
	uint32_t headers = shape->payload - shape->outer_ip;
	uint32_t payload = segmenter->len - shape->payload;
	uint32_t room = packet_max > headers ? packet_max - headers : 0;
	uint32_t size = RTE_MIN(wanted, room);

	if (size == 0 || (size < wanted && shape->protocol != IPPROTO_TCP))
		return SEGMENT_TOO_BIG;
	if ((payload + size - 1) / size > COVEY_SEGMENTS_PER_FRAME_MAX)
		return SEGMENT_HEADER;
	segmenter->size = (uint16_t)size;
	return SEGMENT_OK;
}

/* SYN and RST belong to one packet. */
static bool may_be_cut(const struct segmenter *segmenter)
{
	const uint8_t *l4 = segmenter->frame + segmenter->shape.l4;

	return segmenter->shape.protocol != IPPROTO_TCP ||
	       !(l4[offsetof(struct rte_tcp_hdr, tcp_flags)] &
		 (RTE_TCP_SYN_FLAG | RTE_TCP_RST_FLAG));
}

static enum segment_error begin_super_frame(struct segmenter *segmenter,
					    const struct vnet_header *header, uint32_t packet_max)
{
	const struct shape *shape = &segmenter->shape;
	enum segment_error error;

	if (shape_find(segmenter->frame, segmenter->len, &segmenter->shape) != 0 ||
	    !may_be_cut(segmenter))
		return SEGMENT_SHAPE;
	if (!(header->flags & VNET_FLAG_NEEDS_CSUM) || header->gso_size == 0 ||
	    !is_of_type(shape, header->gso_type & GSO_TYPE) || !is_as_told(shape, header) ||
	    shape->payload == segmenter->len)
		return SEGMENT_HEADER;
	error = choose_size(segmenter, header->gso_size, packet_max);
	if (error != SEGMENT_OK)
		return error;
	begin_sums(segmenter, header);
	segmenter->at = shape->payload;
	return SEGMENT_OK;
}

/*
 * How many bytes at the beginning say what the packet is: Ethernet, IP, and UDP's ports and length.
 * The guard has seen them as they are. All of it where IPv6 has extension headers: nobody leaves
 * the checksum of such a packet open.
 */
static uint32_t telling_len(const uint8_t *frame, uint32_t len)
{
	const uint32_t of_udp = offsetof(struct rte_udp_hdr, dgram_cksum);
	uint32_t at = 0, ip_len;
	uint16_t type = shape_skip_ethernet(frame, len, &at);
	uint8_t protocol;

	if (type == RTE_ETHER_TYPE_IPV4 && at + sizeof(struct rte_ipv4_hdr) <= len) {
		ip_len = RTE_MAX((frame[at] & 0xfu) * 4, sizeof(struct rte_ipv4_hdr));
		protocol = frame[at + offsetof(struct rte_ipv4_hdr, next_proto_id)];
		return at + ip_len + (protocol == IPPROTO_UDP ? of_udp : 0);
	}
	if (type == RTE_ETHER_TYPE_IPV6 && at + sizeof(struct rte_ipv6_hdr) <= len) {
		protocol = frame[at + offsetof(struct rte_ipv6_hdr, proto)];
		if (ip_is_extension(6, protocol))
			return len;
		return at + sizeof(struct rte_ipv6_hdr) + (protocol == IPPROTO_UDP ? of_udp : 0);
	}
	return type == RTE_ETHER_TYPE_IPV4 || type == RTE_ETHER_TYPE_IPV6 ? len : at;
}

static enum segment_error begin_whole(struct segmenter *segmenter, const struct vnet_header *header,
				      uint32_t packet_max)
{
	segmenter->whole = true;
	if (segmenter->len > packet_max + ETHERNET_MAX)
		return shape_is_fragment(segmenter->frame, segmenter->len) ? SEGMENT_FRAGMENT
									   : SEGMENT_TOO_BIG;
	if (!(header->flags & VNET_FLAG_NEEDS_CSUM))
		return SEGMENT_OK;
	/* The checksum field lies behind its start, in the frame, and makes no other packet of it.
	 */
	if (header->csum_offset == 0 ||
	    header->csum_start + header->csum_offset + sizeof(uint16_t) > segmenter->len ||
	    header->csum_start + header->csum_offset <
		    telling_len(segmenter->frame, segmenter->len))
		return SEGMENT_HEADER;
	segmenter->csum_start = header->csum_start;
	segmenter->csum_offset = header->csum_offset;
	return SEGMENT_OK;
}

/* Longer than a packet with plain Ethernet may be. */
static enum segment_error begin_long(struct segmenter *segmenter, const struct vnet_header *header,
				     uint32_t packet_max)
{
	struct vnet_header as_super_frame;
	struct tenant tenant;

	switch (fit_find(header, segmenter->frame, segmenter->len, packet_max, &tenant)) {
	case FIT_WHOLE:
		return begin_whole(segmenter, header, packet_max);
	case FIT_SEGMENTS:
		fit_as_super_frame(segmenter->frame, segmenter->len, &as_super_frame);
		return begin_super_frame(segmenter, &as_super_frame, packet_max);
	case FIT_FRAGMENTS:
		return fragment_begin(segmenter, header, &tenant, packet_max);
	case FIT_NOT:
		return SEGMENT_TOO_BIG;
	case FIT_BROKEN:
		break;
	}
	return SEGMENT_HEADER;
}

static enum segment_error begin_packet(struct segmenter *segmenter,
				       const struct vnet_header *header, uint32_t packet_max)
{
	/* Only a super-frame has a tunnel to tell of. */
	if (unlikely(header->gso_type & VNET_GSO_TUNNEL))
		return SEGMENT_HEADER;
	if (unlikely(segmenter->len > packet_max + sizeof(struct rte_ether_hdr)))
		return begin_long(segmenter, header, packet_max);
	return begin_whole(segmenter, header, packet_max);
}

enum segment_error segment_begin(struct segmenter *segmenter, const struct vnet_header *header,
				 const uint8_t *frame, uint32_t len, uint32_t packet_max)
{
	enum segment_error error = SEGMENT_SHAPE;

	*segmenter = (struct segmenter){.frame = frame, .len = len};
	if (len >= sizeof(struct rte_ether_hdr))
		error = (header->gso_type & GSO_TYPE) == VNET_GSO_NONE
				? begin_packet(segmenter, header, packet_max)
				: begin_super_frame(segmenter, header, packet_max);
	if (error != SEGMENT_OK)
		segment_skip(segmenter);
	return error;
}

/* --- one packet ------------------------------------------------------------------------------ */

static void take_packet(struct segmenter *segmenter, uint8_t *to)
{
	uint32_t start = segmenter->csum_start;
	uint64_t sum;

	segmenter->at = segmenter->len;
	memcpy(to, segmenter->frame, start);
	if (segmenter->csum_offset == 0) {
		memcpy(to + start, segmenter->frame + start, segmenter->len - start);
		return;
	}
	/* The field holds the pseudo-header's sum, and so belongs to what is summed up. */
	sum = sum_copy(to + start, segmenter->frame + start, segmenter->len - start);
	sum_write(to + start + segmenter->csum_offset, sum_finish_udp(sum));
}

/* --- a segment of many ----------------------------------------------------------------------- */

static void finish_tcp(const struct segmenter *segmenter, uint8_t *tcp, bool last)
{
	uint8_t *flags = tcp + offsetof(struct rte_tcp_hdr, tcp_flags);

	write_be32(tcp + 4, read_be32(tcp + 4) + segmenter->at - segmenter->shape.payload);
	if (!last)
		*flags &= (uint8_t)~TCP_LAST_ONLY;
	if (segmenter->index > 0)
		*flags &= (uint8_t)~TCP_FIRST_ONLY;
}

/* Lengths, flags and the inner checksum. payload_sum: of the payload's bytes, which begin at an
 * even or an odd place of the segment: TCP's header is always even. */
static void finish_l4(const struct segmenter *segmenter, uint8_t *to, uint32_t len, bool last,
		      uint64_t payload_sum)
{
	const struct shape *shape = &segmenter->shape;
	uint8_t *l4 = to + shape->l4;
	uint8_t *checksum = l4 + checksum_offset(shape->protocol);
	uint16_t l4_len = (uint16_t)(len - shape->l4);
	uint64_t sum = segmenter->inner_sum + rte_cpu_to_be_16(l4_len) + payload_sum;

	if (shape->protocol == IPPROTO_TCP)
		finish_tcp(segmenter, l4, last);
	else
		write_be16(l4 + 4, l4_len);
	sum_write(checksum, 0);
	sum += sum_header(l4, shape->payload - shape->l4);
	sum_write(checksum, shape->protocol == IPPROTO_TCP ? sum_finish(sum) : sum_finish_udp(sum));
}

/*
 * The outer checksum, without summing the payload up again: with the inner checksum in its place,
 * all from the inner TCP or UDP header on sums up to the complement of the inner pseudo-header's
 * sum.
 */
static void finish_outer_udp(const struct segmenter *segmenter, uint8_t *to, uint32_t len)
{
	const struct shape *shape = &segmenter->shape;
	uint8_t *udp = to + shape->outer_udp;
	uint16_t udp_len = (uint16_t)(len - shape->outer_udp);
	uint64_t inner;

	write_be16(udp + 4, udp_len);
	sum_write(udp + 6, 0);
	if (!segmenter->outer_checksum)
		return;
	inner = segmenter->inner_sum + rte_cpu_to_be_16((uint16_t)(len - shape->l4));
	sum_write(udp + 6,
		  sum_finish_udp(segmenter->outer_sum + 2 * (uint64_t)rte_cpu_to_be_16(udp_len) +
				 sum_header(to + shape->inner_ip, shape->l4 - shape->inner_ip) +
				 sum_finish(inner)));
}

static uint32_t payload_len(const struct segmenter *segmenter)
{
	return RTE_MIN((uint32_t)segmenter->size, segmenter->len - segmenter->at);
}

uint32_t segment_len(const struct segmenter *segmenter)
{
	if (segmenter->at == segmenter->len)
		return 0;
	if (segmenter->whole)
		return segmenter->len;
	return segmenter->shape.payload + payload_len(segmenter);
}

void segment_take(struct segmenter *segmenter, uint8_t *to)
{
	const struct shape *shape = &segmenter->shape;
	uint32_t payload, len;
	uint64_t sum;
	bool last;

	if (segmenter->whole) {
		take_packet(segmenter, to);
		return;
	}
	if (unlikely(segmenter->fragments)) {
		fragment_take(segmenter, to);
		return;
	}
	payload = payload_len(segmenter);
	len = shape->payload + payload;
	last = segmenter->at + payload == segmenter->len;
	memcpy(to, segmenter->frame, shape->payload);
	sum = sum_copy(to + shape->payload, segmenter->frame + segmenter->at, payload);
	finish_l4(segmenter, to, len, last, sum);
	finish_ip(to + shape->inner_ip, shape->inner_ipv6, len - shape->inner_ip, segmenter->index);
	finish_outer_udp(segmenter, to, len);
	finish_ip(to + shape->outer_ip, shape->outer_ipv6, len - shape->outer_ip, segmenter->index);
	segmenter->at += payload;
	segmenter->index++;
}
