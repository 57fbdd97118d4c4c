/* SPDX-License-Identifier: BSD-3-Clause */
#include "coalesce.h"
#include "joined.h"
#include <rte_common.h>
#include <rte_tcp.h>

static const uint8_t *udp_checksum(const uint8_t *udp)
{
	return udp + offsetof(struct rte_udp_hdr, dgram_cksum);
}

/* --- one frame: may it be part of any super-frame? -------------------------------------------- */

static bool is_sound_l4(const struct shape *shape, const uint8_t *frame, uint32_t len)
{
	uint32_t l4_len = len - shape->l4;
	uint64_t sum = pseudo_header_sum(frame + shape->inner_ip, shape->inner_ipv6,
					 shape->protocol, l4_len);

	return sum_fold(sum + sum_bytes(frame + shape->l4, l4_len)) == 0xffff;
}

/*
 * The outer checksum, when the inner one has been found right: then all from the inner TCP or UDP
 * header on sums up to the complement of its pseudo-header's sum.
 */
static bool is_sound_outer(const struct shape *shape, const uint8_t *frame, uint32_t len)
{
	uint32_t udp_len = len - shape->outer_udp, l4_len = len - shape->l4;
	uint64_t inner = pseudo_header_sum(frame + shape->inner_ip, shape->inner_ipv6,
					   shape->protocol, l4_len);
	uint64_t sum =
		pseudo_header_sum(frame + shape->outer_ip, shape->outer_ipv6, IPPROTO_UDP, udp_len);

	if (sum_read(udp_checksum(frame + shape->outer_udp)) == 0)
		return !shape->outer_ipv6;
	sum += sum_bytes(frame + shape->outer_udp, shape->l4 - shape->outer_udp);
	return sum_fold(sum + sum_finish(inner)) == 0xffff;
}

static bool is_wanted(const struct coalesce_offloads *offloads, const struct shape *shape,
		      const uint8_t *frame)
{
	uint8_t flags;

	if (!offloads->outer_checksum && sum_read(udp_checksum(frame + shape->outer_udp)) != 0)
		return false;
	if (shape->protocol == IPPROTO_UDP)
		return offloads->udp && sum_read(udp_checksum(frame + shape->l4)) != 0;
	flags = frame[shape->l4 + offsetof(struct rte_tcp_hdr, tcp_flags)];
	if ((flags & ~RTE_TCP_PSH_FLAG) != RTE_TCP_ACK_FLAG)
		return false;
	return shape->inner_ipv6 ? offloads->tcp6 : offloads->tcp4;
}

static bool may_be_joined(const struct coalesce_offloads *offloads, const uint8_t *frame,
			  uint32_t len, struct shape *ret_shape)
{
	const struct shape *shape = ret_shape;

	/* To the kernel's vnet header there is always Ethernet in a tunnel. */
	if (shape_find(frame, len, ret_shape) || !shape->inner_ethernet || shape->payload == len ||
	    len - shape->outer_ip > IP_LEN_MAX)
		return false;
	if (read_be16(frame + shape->outer_udp + 4) != len - shape->outer_udp ||
	    (shape->protocol == IPPROTO_UDP && read_be16(frame + shape->l4 + 4) != len - shape->l4))
		return false;
	return is_wanted(offloads, shape, frame) &&
	       ip_is_sound(frame + shape->outer_ip, shape->outer_ipv6, len - shape->outer_ip) &&
	       ip_is_sound(frame + shape->inner_ip, shape->inner_ipv6, len - shape->inner_ip) &&
	       is_sound_l4(shape, frame, len) && is_sound_outer(shape, frame, len);
}

/* --- two frames: do their headers agree? ------------------------------------------------------ */

/* All but sequence number, PSH and checksum. */
static bool is_same_tcp(const uint8_t *a, const uint8_t *b, unsigned len)
{
	return bytes_are_same(a, b, 0, 4) && bytes_are_same(a, b, 8, 13) &&
	       bytes_are_same(a, b, 14, 16) && bytes_are_same(a, b, 18, len);
}

static bool is_same_shape(const struct shape *a, const struct shape *b)
{
	return a->outer_ip == b->outer_ip && a->outer_udp == b->outer_udp &&
	       a->inner_ip == b->inner_ip && a->l4 == b->l4 && a->payload == b->payload &&
	       a->protocol == b->protocol && a->outer_ipv6 == b->outer_ipv6 &&
	       a->inner_ipv6 == b->inner_ipv6;
}

static bool agree(const struct shape *shape, const uint8_t *a, const uint8_t *b)
{
	return bytes_are_same(a, b, 0, shape->outer_ip) &&
	       ip_is_same(a + shape->outer_ip, b + shape->outer_ip, shape->outer_ipv6) &&
	       udp_is_same(a + shape->outer_udp, b + shape->outer_udp) &&
	       bytes_are_same(a, b, shape->outer_udp + 8, shape->inner_ip) &&
	       ip_is_same(a + shape->inner_ip, b + shape->inner_ip, shape->inner_ipv6) &&
	       (shape->protocol == IPPROTO_TCP
			? is_same_tcp(a + shape->l4, b + shape->l4, shape->payload - shape->l4)
			: bytes_are_same(a, b, shape->l4, shape->l4 + 4u));
}

/* --- identifications -------------------------------------------------------------------------- */

/* What the kernel cuts gets ascending ones. An atomic datagram's means nothing (RFC 6864
 * section 4.1), and many senders leave it at a constant. */
static bool follows(const uint8_t *ip, bool ipv6, uint16_t expected)
{
	if (ipv6 || (read_be16(ip + 6) & RTE_IPV4_HDR_DF_FLAG))
		return true;
	return read_be16(ip + 4) == expected;
}

static void expect_next(struct coalesce *coalesce, const struct shape *shape, const uint8_t *frame)
{
	coalesce->next_id[0] = (uint16_t)(read_be16(frame + shape->outer_ip + 4) + 1);
	coalesce->next_id[1] = (uint16_t)(read_be16(frame + shape->inner_ip + 4) + 1);
}

/* --- the super-frame -------------------------------------------------------------------------- */

static bool pushes(const struct shape *shape, const uint8_t *frame)
{
	return shape->protocol == IPPROTO_TCP &&
	       (frame[shape->l4 + offsetof(struct rte_tcp_hdr, tcp_flags)] & RTE_TCP_PSH_FLAG);
}

static void begin(struct coalesce *coalesce, const struct shape *shape, uint8_t *frame,
		  uint32_t len, bool joins)
{
	coalesce->count = 1;
	coalesce->len = len;
	coalesce->pieces[0] = (struct iovec){frame, len};
	coalesce->closed = !joins || pushes(shape, frame);
	if (!joins)
		return;
	coalesce->shape = *shape;
	coalesce->size = (uint16_t)(len - shape->payload);
	coalesce->next = read_be32(frame + shape->l4 + 4) + coalesce->size;
	expect_next(coalesce, shape, frame);
}

static bool fits(const struct coalesce *coalesce, const struct shape *shape, const uint8_t *frame,
		 uint32_t payload)
{
	if (coalesce->closed || payload > coalesce->size ||
	    coalesce->count == COALESCE_SEGMENTS_MAX ||
	    coalesce->len - coalesce->shape.outer_ip + payload > IP_LEN_MAX)
		return false;
	if (!is_same_shape(shape, &coalesce->shape) ||
	    (shape->protocol == IPPROTO_TCP && read_be32(frame + shape->l4 + 4) != coalesce->next))
		return false;
	return follows(frame + shape->outer_ip, shape->outer_ipv6, coalesce->next_id[0]) &&
	       follows(frame + shape->inner_ip, shape->inner_ipv6, coalesce->next_id[1]) &&
	       agree(shape, coalesce->pieces[0].iov_base, frame);
}

static void join(struct coalesce *coalesce, const struct shape *shape, uint8_t *frame,
		 uint32_t payload)
{
	uint8_t *first = coalesce->pieces[0].iov_base;

	coalesce->pieces[coalesce->count++] = (struct iovec){frame + shape->payload, payload};
	coalesce->len += payload;
	coalesce->next += payload;
	coalesce->closed = payload < coalesce->size || pushes(shape, frame);
	expect_next(coalesce, shape, frame);
	if (pushes(shape, frame))
		first[shape->l4 + offsetof(struct rte_tcp_hdr, tcp_flags)] |= RTE_TCP_PSH_FLAG;
}

bool coalesce_add(struct coalesce *coalesce, uint8_t *frame, uint32_t len)
{
	struct shape shape;
	bool joins;

	if (coalesce->count > 0 && coalesce->closed)
		return false;
	joins = may_be_joined(&coalesce->offloads, frame, len, &shape);
	if (coalesce->count == 0) {
		begin(coalesce, &shape, frame, len, joins);
		return true;
	}
	if (!joins || !fits(coalesce, &shape, frame, len - shape.payload))
		return false;
	join(coalesce, &shape, frame, len - shape.payload);
	return true;
}

/* --- its headers ------------------------------------------------------------------------------ */

static void finish_inner(const struct coalesce *coalesce, uint8_t *frame)
{
	const struct shape *shape = &coalesce->shape;
	uint32_t len = coalesce->len - shape->l4;
	uint8_t *ip = frame + shape->inner_ip;

	ip_set_len(ip, shape->inner_ipv6, coalesce->len - shape->inner_ip);
	if (shape->protocol == IPPROTO_UDP)
		udp_set_unfinished(frame + shape->l4, ip, shape->inner_ipv6, len);
	else
		sum_write(frame + shape->l4 + offsetof(struct rte_tcp_hdr, cksum),
			  sum_fold(pseudo_header_sum(ip, shape->inner_ipv6, IPPROTO_TCP, len)));
}

static void finish_outer(const struct coalesce *coalesce, uint8_t *frame, bool *ret_checksum)
{
	const struct shape *shape = &coalesce->shape;
	uint8_t *udp = frame + shape->outer_udp;

	*ret_checksum = sum_read(udp_checksum(udp)) != 0;
	ip_set_len(frame + shape->outer_ip, shape->outer_ipv6, coalesce->len - shape->outer_ip);
	if (*ret_checksum)
		udp_set_unfinished(udp, frame + shape->outer_ip, shape->outer_ipv6,
				   coalesce->len - shape->outer_udp);
	else
		write_be16(udp + 4, (uint16_t)(coalesce->len - shape->outer_udp));
}

static uint8_t gso_type(const struct shape *shape)
{
	uint8_t tunnel = shape->outer_ipv6 ? VNET_GSO_TUNNEL_IPV6 : VNET_GSO_TUNNEL_IPV4;

	if (shape->protocol == IPPROTO_UDP)
		return VNET_GSO_UDP_L4 | tunnel;
	return (shape->inner_ipv6 ? VNET_GSO_TCPV6 : VNET_GSO_TCPV4) | tunnel;
}

unsigned coalesce_take(struct coalesce *coalesce, struct vnet_header *ret_header)
{
	const struct shape *shape = &coalesce->shape;
	unsigned count = coalesce->count;
	bool checksum;

	memset(ret_header, 0, sizeof(*ret_header));
	coalesce->count = 0;
	if (count == 1)
		return count;
	finish_inner(coalesce, coalesce->pieces[0].iov_base);
	finish_outer(coalesce, coalesce->pieces[0].iov_base, &checksum);
	*ret_header = (struct vnet_header){
		.flags = VNET_FLAG_NEEDS_CSUM | (checksum ? VNET_FLAG_TUNNEL_CSUM : 0),
		.gso_type = gso_type(shape),
		.header_len = shape->payload,
		.gso_size = coalesce->size,
		.csum_start = shape->l4,
		.csum_offset = shape->protocol == IPPROTO_TCP
				       ? offsetof(struct rte_tcp_hdr, cksum)
				       : offsetof(struct rte_udp_hdr, dgram_cksum),
		.outer_transport = shape->outer_udp,
		.inner_network = shape->inner_ip,
	};
	return count;
}
