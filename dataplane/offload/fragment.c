/* SPDX-License-Identifier: BSD-3-Clause */
#include "fragment.h"
#include "finish.h"
#include <covey/limits.h>

#define MORE        RTE_IPV4_HDR_MF_FLAG
#define OFFSET_UNIT RTE_IPV4_HDR_OFFSET_UNITS

/* The tenant's own checksum, which covers the whole, is finished before it is cut. The outer one is
 * made for each fragment. */
static enum segment_error finish_checksum(struct segmenter *segmenter,
					  const struct vnet_header *header)
{
	uint32_t start = header->csum_start, field = start + header->csum_offset;
	const struct shape *shape = &segmenter->shape;

	if (!(header->flags & VNET_FLAG_NEEDS_CSUM) || start == shape->outer_udp)
		return SEGMENT_OK;
	if (start < shape->payload || header->csum_offset == 0 || start >= segmenter->len ||
	    field + sizeof(uint16_t) > shape->payload + segmenter->size)
		return SEGMENT_HEADER;
	segmenter->csum_start = (uint16_t)start;
	segmenter->csum_offset = header->csum_offset;
	segmenter->checksum =
		sum_finish_udp(sum_bytes(segmenter->frame + start, segmenter->len - start));
	return SEGMENT_OK;
}

enum segment_error fragment_begin(struct segmenter *segmenter, const struct vnet_header *header,
				  const struct tenant *tenant, uint32_t packet_max)
{
	uint32_t payload = tenant->ip + (uint32_t)sizeof(struct rte_ipv4_hdr);
	uint32_t headers = payload - tenant->outer_ip;
	uint32_t room = packet_max > headers ? packet_max - headers : 0;

	room -= room % OFFSET_UNIT;
	if (room == 0 || (segmenter->len - payload) / room >= COVEY_SEGMENTS_PER_FRAME_MAX)
		return SEGMENT_TOO_BIG;
	segmenter->fragments = true;
	segmenter->size = (uint16_t)room;
	segmenter->shape = (struct shape){
		.outer_ip = tenant->outer_ip,
		.outer_udp = tenant->outer_udp,
		.inner_ip = tenant->ip,
		.payload = (uint16_t)payload,
		.outer_ipv6 = tenant->outer_ipv6,
	};
	segmenter->outer_checksum =
		tenant->outer_ipv6 || sum_read(segmenter->frame + tenant->outer_udp + 6) != 0;
	segmenter->at = payload;
	return finish_checksum(segmenter, header);
}

/* A fragment of a fragment: offsets add up, and only the last of the last has no more behind it. */
static void finish_inner(uint8_t *ip, uint32_t len, uint32_t offset, bool last)
{
	uint16_t was = read_be16(ip + 6);
	uint16_t more = last ? was & MORE : MORE;

	write_be16(ip + 6, (uint16_t)((was & ~MORE) + offset / OFFSET_UNIT) | more);
	finish_ip(ip, false, len, 0);
}

void fragment_take(struct segmenter *segmenter, uint8_t *to)
{
	const struct shape *shape = &segmenter->shape;
	uint32_t payload = RTE_MIN((uint32_t)segmenter->size, segmenter->len - segmenter->at);
	uint32_t len = shape->payload + payload;
	uint8_t *outer = to + shape->outer_ip;

	memcpy(to, segmenter->frame, shape->payload);
	memcpy(to + shape->payload, segmenter->frame + segmenter->at, payload);
	if (segmenter->index == 0 && segmenter->csum_offset)
		sum_write(to + segmenter->csum_start + segmenter->csum_offset, segmenter->checksum);
	finish_inner(to + shape->inner_ip, len - shape->inner_ip, segmenter->at - shape->payload,
		     segmenter->at + payload == segmenter->len);
	finish_ip(outer, shape->outer_ipv6, len - shape->outer_ip, segmenter->index);
	finish_udp(outer, shape->outer_ipv6, to + shape->outer_udp, len - shape->outer_udp,
		   segmenter->outer_checksum);
	segmenter->at += payload;
	segmenter->index++;
}
