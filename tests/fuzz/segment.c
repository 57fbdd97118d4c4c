/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What the kernel hands over at the TAP device: a vnet header that may lie, and a frame. It is
 * refused, or becomes packets that each stand alone and together hold what it held; these are
 * joined again, and cut once more. What its sender is told, if it is too long, is an ICMP error
 * that quotes it.
 */

#include "segment.h"
#include "count.h"
#include "frames.h"
#include "must.h"
#include "too_big.h"
#include "variants.h"
#include <netinet/in.h>
#include <string.h>

#define VARIANTS     63u
#define PACKETS_MAX  2048u
#define ETHERNET_MAX 22u
#define FIN_PSH      0x09
#define SYN_RST      0x06
#define CWR          0x80
#define GSO_TYPE     (0xff & ~(VNET_GSO_TUNNEL | VNET_GSO_ECN))

static uint8_t *packets[PACKETS_MAX];
static uint32_t lens[PACKETS_MAX];
static unsigned count_of_packets;

static uint32_t be16(const uint8_t *at)
{
	return (uint32_t)(at[0] << 8 | at[1]);
}

static uint32_t be32(const uint8_t *at)
{
	return be16(at) << 16 | be16(at + 2);
}

/* --- one packet of many ---------------------------------------------------------------------- */

static void check_ip(const uint8_t *before, const uint8_t *after, bool ipv6, uint32_t len,
		     unsigned index)
{
	if (ipv6) {
		must(be16(after + 4) == len - 40);
		must(memcmp(before, after, 4) == 0 && memcmp(before + 6, after + 6, 34) == 0);
		return;
	}
	must(be16(after + 2) == len && frames_sum(after, 20, 0) == 0xffff);
	must(be16(after + 4) == (0xffff & (be16(before + 4) + index)));
	must(memcmp(before, after, 2) == 0 && memcmp(before + 6, after + 6, 4) == 0 &&
	     memcmp(before + 12, after + 12, 8) == 0);
}

static void check_tcp(const uint8_t *before, const uint8_t *after, uint32_t header_len,
		      uint32_t offset, bool last)
{
	uint8_t flags = before[13];

	must((flags & SYN_RST) == 0);
	if (!last)
		flags &= (uint8_t)~FIN_PSH;
	if (offset > 0)
		flags &= (uint8_t)~CWR;
	must(after[13] == flags && be32(after + 4) == be32(before + 4) + offset);
	must(memcmp(before, after, 4) == 0 && memcmp(before + 8, after + 8, 5) == 0 &&
	     memcmp(before + 14, after + 14, 2) == 0 &&
	     memcmp(before + 18, after + 18, header_len - 18) == 0);
}

static void check_checksums(const struct frames_places *at, const uint8_t *packet, uint32_t len,
			    bool outer)
{
	const uint8_t *udp = packet + at->outer_udp, *l4 = packet + at->l4;

	must(frames_sum(l4, len - at->l4,
			frames_pseudo(packet + at->inner_ip, at->inner_ipv6,
				      at->udp ? IPPROTO_UDP : IPPROTO_TCP, len - at->l4)) ==
	     0xffff);
	must((be16(udp + 6) != 0) == outer);
	must(!outer || frames_sum(udp, len - at->outer_udp,
				  frames_pseudo(packet + at->outer_ip, at->outer_ipv6, IPPROTO_UDP,
						len - at->outer_udp)) == 0xffff);
}

/* offset: of its payload. */
static void check_segment(const struct frames_input *input, const struct frames_places *at,
			  unsigned index, uint32_t offset)
{
	const uint8_t *before = input->frame, *after = packets[index];
	uint32_t len = lens[index], piece = len - at->payload;
	bool last = at->payload + offset + piece == input->len;
	/* The flag is a super-frame's. */
	bool outer = be16(before + at->outer_udp + 6) != 0 ||
		     ((input->header.gso_type & GSO_TYPE) != VNET_GSO_NONE &&
		      (input->header.flags & VNET_FLAG_TUNNEL_CSUM));

	must(memcmp(before, after, at->outer_ip) == 0);
	check_ip(before + at->outer_ip, after + at->outer_ip, at->outer_ipv6, len - at->outer_ip,
		 index);
	must(be32(before + at->outer_udp) == be32(after + at->outer_udp));
	must(be16(after + at->outer_udp + 4) == len - at->outer_udp);
	must(memcmp(before + at->outer_udp + 8, after + at->outer_udp + 8,
		    at->inner_ip - at->outer_udp - 8) == 0);
	check_ip(before + at->inner_ip, after + at->inner_ip, at->inner_ipv6, len - at->inner_ip,
		 index);
	if (!at->udp)
		check_tcp(before + at->l4, after + at->l4, at->payload - at->l4, offset, last);
	else
		must(be32(before + at->l4) == be32(after + at->l4) &&
		     be16(after + at->l4 + 4) == len - at->l4);
	check_checksums(at, after, len, outer);
	must(memcmp(before + at->payload + offset, after + at->payload, piece) == 0);
}

/* A super-frame, or a single packet of TCP that does not fit: then only the fabric bounds the size.
 */
static void check_super_frame(const struct frames_input *input)
{
	uint8_t type = input->header.gso_type & GSO_TYPE;
	uint32_t size = type == VNET_GSO_NONE ? UINT32_MAX : input->header.gso_size;
	struct frames_places at;
	uint32_t offset = 0;

	must(type == VNET_GSO_NONE || (input->header.flags & VNET_FLAG_NEEDS_CSUM));
	must(frames_find(input->frame, input->len, &at));
	for (unsigned i = 0; i < count_of_packets; i++) {
		must(lens[i] > at.payload && lens[i] - at.payload <= size);
		must(lens[i] - at.outer_ip <= input->packet_max);
		must(lens[i] == lens[0] || i == count_of_packets - 1);
		check_segment(input, &at, i, offset);
		offset += lens[i] - at.payload;
	}
	must(at.payload + offset == input->len);
}

/* Fragments of the tenant's packet: test_too_big.c looks at them more closely. */
static void check_fragments(const struct frames_input *input)
{
	must(count_of_packets > 1);
	for (unsigned i = 0; i < count_of_packets; i++)
		must(lens[i] < input->len && lens[i] <= input->packet_max + ETHERNET_MAX);
}

/* --- a packet that is sent as it is ---------------------------------------------------------- */

static void check_packet(const struct frames_input *input)
{
	const uint8_t *before = input->frame, *after = packets[0];
	uint32_t start = input->header.csum_start, field = start + input->header.csum_offset;

	must(count_of_packets == 1 && lens[0] == input->len);
	must(input->len <= input->packet_max + ETHERNET_MAX);
	if (!(input->header.flags & VNET_FLAG_NEEDS_CSUM)) {
		must(memcmp(before, after, input->len) == 0);
		return;
	}
	must(field + 2 <= input->len && input->header.csum_offset > 0);
	must(memcmp(before, after, field) == 0);
	must(memcmp(before + field + 2, after + field + 2, input->len - field - 2) == 0);
	/* Where a field is at an odd place, no sum comes out right. */
	if (input->header.csum_offset % 2 == 0)
		must(frames_sum(after + start, input->len - start, be16(before + field)) == 0xffff);
}

/* --- what its sender is told ------------------------------------------------------------------ */

static bool is_tag(uint32_t type)
{
	return type == 0x8100 || type == 0x88a8 || type == 0x9100;
}

/* Where the tenant's IP packet begins, behind VXLAN, Ethernet and tags. */
static uint32_t find_inner_ip(const uint8_t *frame, uint32_t len, uint32_t vxlan)
{
	uint32_t at = vxlan + 8 + 14;

	must(at <= len);
	for (; is_tag(be16(frame + at - 2)); at += 4)
		must(at + 4 <= len);
	return at;
}

static void check_icmp(const struct frames_input *input, const uint8_t *told, uint32_t len,
		       const uint8_t *quoted)
{
	bool ipv6 = told[0] >> 4 == 6;
	uint32_t header = ipv6 ? 40 : 20, left = len - header;
	uint32_t sum = ipv6 ? frames_pseudo(told, true, 58, left) : 0;
	uint32_t tenant_len = (uint32_t)(input->frame + input->len - quoted);
	const uint8_t *icmp = told + header;
	uint32_t mtu = ipv6 ? be32(icmp + 4) : be16(icmp + 6);

	must(len > header + 8 && frames_sum(icmp, left, sum) == 0xffff);
	must(ipv6 ? icmp[0] == 2 && icmp[1] == 0 : icmp[0] == 3 && icmp[1] == 4);
	must(mtu < tenant_len && mtu >= (ipv6 ? 1280 : 68));
	must(left - 8 <= tenant_len && memcmp(icmp + 8, quoted, left - 8) == 0);
}

static void check_answer(const struct frames_input *input)
{
	uint8_t *told = malloc(TOO_BIG_ANSWER_MAX);
	struct frames_outer outer, back;
	struct too_big_link link = {.packet_max = input->packet_max, .vxlan_port = 4789};
	struct too_big_sender sender;
	uint32_t len, inner;

	if (frames_find_outer(input->frame, input->len, &outer) && outer.udp + 4 <= input->len)
		link.vxlan_port = (uint16_t)be16(input->frame + outer.udp + 2);
	len = too_big_answer(&link, input->frame, input->len, &sender, told);
	must(len <= TOO_BIG_ANSWER_MAX);
	if (len > 0) {
		inner = find_inner_ip(input->frame, input->len,
				      (uint32_t)(sender.vxlan - input->frame));
		must(frames_find_outer(told, len, &back));
		check_icmp(input, told + find_inner_ip(told, len, back.udp + 8),
			   len - find_inner_ip(told, len, back.udp + 8), input->frame + inner);
	}
	free(told);
}

/* --- running --------------------------------------------------------------------------------- */

static void take_all(struct segmenter *segmenter)
{
	uint32_t left = segment_count(segmenter), len;

	must(left > 0 && left <= PACKETS_MAX);
	for (count_of_packets = 0; (len = segment_len(segmenter)) > 0; count_of_packets++) {
		must(segment_count(segmenter) == left - count_of_packets);
		packets[count_of_packets] = malloc(len);
		lens[count_of_packets] = len;
		segment_take(segmenter, packets[count_of_packets]);
	}
	must(count_of_packets == left);
}

static unsigned try(const uint8_t *data, size_t size)
{
	struct frames_input input;
	struct segmenter segmenter;

	if (!frames_read(data, size, &input))
		return 0;
	check_answer(&input);
	if (segment_begin(&segmenter, &input.header, input.frame, input.len, input.packet_max) !=
	    SEGMENT_OK) {
		must(segment_count(&segmenter) == 0 && segment_len(&segmenter) == 0);
		return 1;
	}
	take_all(&segmenter);
	if (segmenter.whole)
		check_packet(&input);
	else if (segmenter.fragments)
		check_fragments(&input);
	else
		check_super_frame(&input);
	frames_check_joined(packets, lens, count_of_packets, 0xf);
	while (count_of_packets > 0)
		free(packets[--count_of_packets]);
	return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	count(variants_try(VARIANTS_OF_PLACES, data, size, VARIANTS, try));
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	if (seed % 4 == 0)
		return LLVMFuzzerMutate(data, size, max);
	return variants_become(VARIANTS_OF_PLACES, data, size, max, VARIANTS, seed / 4);
}
