/* SPDX-License-Identifier: BSD-3-Clause */
#include "batch.h"
#include "headers.h"
#include "joined.h"
#include "shape.h"
#include "sum.h"

/* --- one frame: may it be part of any batch? -------------------------------------------------- */

static bool is_sound_udp(const uint8_t *udp, const uint8_t *ip, bool ipv6, uint32_t len)
{
	uint64_t sum;

	if (read_be16(udp + 4) != len)
		return false;
	if (sum_read(udp + 6) == 0)
		return !ipv6;
	sum = pseudo_header_sum(ip, ipv6, IPPROTO_UDP, len);
	return sum_fold(sum + sum_bytes(udp, len)) == 0xffff;
}

/* Find its headers, and where they are: *ret has ip, udp, ipv6 and size. */
static bool may_be_joined(const uint8_t *frame, uint32_t len, struct batch *ret)
{
	uint32_t at = 0;
	uint16_t type = shape_skip_ethernet(frame, len, &at);

	ret->ip = (uint16_t)at;
	if (len - at > IP_LEN_MAX ||
	    shape_skip_ip(frame, len, type, &at, &ret->ipv6) != IPPROTO_UDP)
		return false;
	ret->udp = (uint16_t)at;
	at += sizeof(struct rte_udp_hdr);
	if (at >= len || !ip_is_sound(frame + ret->ip, ret->ipv6, len - ret->ip))
		return false;
	ret->size = (uint16_t)(len - at);
	return is_sound_udp(frame + ret->udp, frame + ret->ip, ret->ipv6, len - ret->udp);
}

/* --- the batch -------------------------------------------------------------------------------- */

static void begin(struct batch *batch, const struct batch *found, uint8_t *frame, uint32_t len,
		  bool joins)
{
	batch->count = 1;
	batch->len = len;
	batch->pieces[0] = (struct iovec){frame, len};
	batch->closed = !joins;
	if (!joins)
		return;
	batch->ip = found->ip;
	batch->udp = found->udp;
	batch->ipv6 = found->ipv6;
	batch->size = found->size;
}

static bool fits(const struct batch *batch, const struct batch *found, const uint8_t *frame)
{
	const uint8_t *first = batch->pieces[0].iov_base;

	if (found->size > batch->size || batch->count == BATCH_DATAGRAMS_MAX ||
	    batch->len - batch->ip + found->size > IP_LEN_MAX)
		return false;
	return found->ip == batch->ip && found->udp == batch->udp && found->ipv6 == batch->ipv6 &&
	       memcmp(first, frame, batch->ip) == 0 &&
	       ip_is_same(first + batch->ip, frame + batch->ip, batch->ipv6) &&
	       udp_is_same(first + batch->udp, frame + batch->udp);
}

bool batch_add(struct batch *batch, uint8_t *frame, uint32_t len)
{
	struct batch found;
	bool joins;

	if (batch->count > 0 && batch->closed)
		return false;
	joins = may_be_joined(frame, len, &found);
	if (batch->count == 0) {
		begin(batch, &found, frame, len, joins);
		return true;
	}
	if (!joins || !fits(batch, &found, frame))
		return false;
	batch->pieces[batch->count++] =
		(struct iovec){frame + found.udp + sizeof(struct rte_udp_hdr), found.size};
	batch->len += found.size;
	batch->closed = found.size < batch->size;
	return true;
}

unsigned batch_take(struct batch *batch, struct vnet_header *ret_header)
{
	uint8_t *frame = batch->pieces[0].iov_base;
	unsigned count = batch->count;

	memset(ret_header, 0, sizeof(*ret_header));
	batch->count = 0;
	if (count == 1)
		return count;
	ip_set_len(frame + batch->ip, batch->ipv6, batch->len - batch->ip);
	udp_set_unfinished(frame + batch->udp, frame + batch->ip, batch->ipv6,
			   batch->len - batch->udp);
	*ret_header = (struct vnet_header){
		.flags = VNET_FLAG_NEEDS_CSUM,
		.gso_type = VNET_GSO_UDP_L4,
		.header_len = (uint16_t)(batch->udp + sizeof(struct rte_udp_hdr)),
		.gso_size = batch->size,
		.csum_start = batch->udp,
		.csum_offset = offsetof(struct rte_udp_hdr, dgram_cksum),
	};
	return count;
}
