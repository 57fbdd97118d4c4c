/* SPDX-License-Identifier: BSD-3-Clause */
#include "frames.h"
#include "coalesce.h"
#include "must.h"
#include "segment.h"
#include <netinet/in.h>
#include <string.h>

static uint32_t be16(const uint8_t *at)
{
	return (uint32_t)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

bool frames_read(const uint8_t *data, size_t size, struct frames_input *ret_input)
{
	size_t head = 2 + sizeof(ret_input->header);

	if (size < head)
		return false;
	ret_input->packet_max = (uint32_t)(data[0] | data[1] << 8);
	memcpy(&ret_input->header, data + 2, sizeof(ret_input->header));
	ret_input->frame = data + head;
	ret_input->len = (uint32_t)(size - head);
	return true;
}

/* --- headers --------------------------------------------------------------------------------- */

static bool is_ip(const uint8_t *frame, uint32_t len, uint32_t at, uint32_t type)
{
	return (type == 0x0800 && at + 20 <= len && frame[at] == 0x45 &&
		(be16(frame + at + 6) & 0x3fff) == 0) ||
	       (type == 0x86dd && at + 40 <= len && frame[at] >> 4 == 6);
}

static bool find_ip(const uint8_t *frame, uint32_t len, uint32_t *at, bool *ret_ipv6)
{
	uint32_t type = *at + 12;

	for (unsigned tags = 0; type + 2 <= len; type += 4) {
		uint32_t value = be16(frame + type);

		if ((value == 0x8100 || value == 0x88a8 || value == 0x9100) && tags++ < 2)
			continue;
		*at = type + 2;
		*ret_ipv6 = value == 0x86dd;
		return is_ip(frame, len, *at, value);
	}
	return false;
}

bool frames_find_outer(const uint8_t *frame, uint32_t len, struct frames_outer *ret)
{
	uint32_t at = 0;

	if (!find_ip(frame, len, &at, &ret->ipv6))
		return false;
	ret->ip = at;
	ret->udp = at + (ret->ipv6 ? 40 : 20);
	return frame[at + (ret->ipv6 ? 6u : 9u)] == IPPROTO_UDP;
}

/* Behind VXLAN's header; VXLAN-GPE may have no Ethernet. */
static bool find_inner_ip(const uint8_t *frame, uint32_t len, uint32_t *at, bool *ret_ipv6)
{
	uint32_t protocol = *at <= len && (frame[*at - 8] & 4) ? frame[*at - 5] : 0;

	if (protocol != 1 && protocol != 2)
		return find_ip(frame, len, at, ret_ipv6);
	*ret_ipv6 = protocol == 2;
	return is_ip(frame, len, *at, *ret_ipv6 ? 0x86dd : 0x0800);
}

/* By its port, and what it says is inside. */
static bool is_geneve(const uint8_t *frame, uint32_t len, uint32_t udp)
{
	uint32_t type = udp + 16 <= len ? frame[udp + 10] << 8 | frame[udp + 11] : 0;

	return type && (frame[udp + 2] << 8 | frame[udp + 3]) == 6081 &&
	       (type == 0x6558 || type == 0x0800 || type == 0x86dd);
}

/* Behind Geneve's header. */
static bool find_in_geneve(const uint8_t *frame, uint32_t len, uint32_t *at, bool *ret_ipv6)
{
	uint32_t type = frame[*at - 6] << 8 | frame[*at - 5];

	*at += (frame[*at - 8] & 63u) * 4;
	if (type == 0x6558)
		return *at <= len && find_ip(frame, len, at, ret_ipv6);
	*ret_ipv6 = type == 0x86dd;
	return *at <= len && is_ip(frame, len, *at, (uint16_t)type);
}

bool frames_find(const uint8_t *frame, uint32_t len, struct frames_places *ret)
{
	struct frames_outer outer;
	uint32_t at, protocol;

	if (!frames_find_outer(frame, len, &outer))
		return false;
	ret->outer_ipv6 = outer.ipv6;
	ret->outer_ip = outer.ip;
	ret->outer_udp = outer.udp;
	at = outer.udp + 16;
	if (is_geneve(frame, len, outer.udp) ? !find_in_geneve(frame, len, &at, &ret->inner_ipv6)
					     : !find_inner_ip(frame, len, &at, &ret->inner_ipv6))
		return false;
	ret->inner_ip = at;
	protocol = frame[at + (ret->inner_ipv6 ? 6u : 9u)];
	ret->l4 = at += ret->inner_ipv6 ? 40 : 20;
	ret->udp = protocol == IPPROTO_UDP;
	if (!ret->udp && (protocol != IPPROTO_TCP || at + 20 > len || frame[at + 12] >> 4 < 5))
		return false;
	ret->payload = at + (ret->udp ? 8u : (frame[at + 12] >> 4) * 4u);
	return ret->payload <= len && ret->payload <= 192; /* SHAPE_HEADERS_MAX */
}

/* --- checksums ------------------------------------------------------------------------------- */

uint32_t frames_sum(const uint8_t *bytes, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

uint32_t frames_pseudo(const uint8_t *ip, bool ipv6, uint32_t protocol, uint32_t len)
{
	return frames_sum(ip + (ipv6 ? 8 : 12), ipv6 ? 32 : 8, protocol + len);
}

static void repair_ip(uint8_t *ip, bool ipv6, uint32_t len)
{
	put16(ip + (ipv6 ? 4 : 2), ipv6 ? len - 40 : len);
	if (ipv6)
		return;
	put16(ip + 10, 0);
	put16(ip + 10, ~frames_sum(ip, 20, 0));
}

static void repair_checksum(uint8_t *field, const uint8_t *from, uint32_t len, uint32_t pseudo)
{
	uint32_t sum;

	put16(field, 0);
	sum = 0xffff & ~frames_sum(from, len, pseudo);
	put16(field, sum ? sum : 0xffff);
}

void frames_repair(uint8_t *frame, uint32_t len)
{
	struct frames_places at;
	uint8_t *udp, *l4;

	if (!frames_find(frame, len, &at) || len - at.outer_ip > 65535)
		return;
	udp = frame + at.outer_udp;
	l4 = frame + at.l4;
	repair_ip(frame + at.outer_ip, at.outer_ipv6, len - at.outer_ip);
	repair_ip(frame + at.inner_ip, at.inner_ipv6, len - at.inner_ip);
	put16(udp + 4, len - at.outer_udp);
	if (at.udp)
		put16(l4 + 4, len - at.l4);
	repair_checksum(l4 + (at.udp ? 6 : 16), l4, len - at.l4,
			frames_pseudo(frame + at.inner_ip, at.inner_ipv6,
				      at.udp ? IPPROTO_UDP : IPPROTO_TCP, len - at.l4));
	if (be16(udp + 6) != 0)
		repair_checksum(udp + 6, udp, len - at.outer_udp,
				frames_pseudo(frame + at.outer_ip, at.outer_ipv6, IPPROTO_UDP,
					      len - at.outer_udp));
}

/* --- there and back -------------------------------------------------------------------------- */

/* 0 and 0xffff are one number in this arithmetic. */
static void forget_sign(uint8_t *field)
{
	if (be16(field) == 0xffff)
		put16(field, 0);
}

static void forget_ip(uint8_t *ip, bool ipv6)
{
	if (ipv6)
		return;
	if (ip[6] & 0x40) {
		put16(ip + 4, 0);
		put16(ip + 10, 0);
	}
	forget_sign(ip + 10);
}

/* Take out what may be another. */
static void forget(uint8_t *packet, uint32_t len)
{
	struct frames_places at;

	must(frames_find(packet, len, &at));
	forget_ip(packet + at.outer_ip, at.outer_ipv6);
	forget_ip(packet + at.inner_ip, at.inner_ipv6);
	if (!at.udp)
		forget_sign(packet + at.l4 + 16);
}

static void check_cut(const struct vnet_header *header, const uint8_t *frame, uint32_t len,
		      uint8_t *const *packets, const uint32_t *lens, unsigned count)
{
	static uint8_t one[65700], other[65700];
	struct segmenter segmenter;

	must(segment_begin(&segmenter, header, frame, len, 65535) == SEGMENT_OK);
	must(segment_count(&segmenter) == count);
	for (unsigned i = 0; i < count; i++) {
		must(segment_len(&segmenter) == lens[i]);
		segment_take(&segmenter, one);
		memcpy(other, packets[i], lens[i]);
		forget(one, lens[i]);
		forget(other, lens[i]);
		must(memcmp(one, other, lens[i]) == 0);
	}
	must(segment_len(&segmenter) == 0);
}

static void check_wanted(const struct coalesce_offloads *offloads, const uint8_t *frame,
			 uint32_t len)
{
	struct frames_places at;

	must(frames_find(frame, len, &at) && len - at.outer_ip <= 65535);
	must(at.udp ? offloads->udp : at.inner_ipv6 ? offloads->tcp6 : offloads->tcp4);
	must(offloads->outer_checksum || be16(frame + at.outer_udp + 6) == 0);
}

/* What was taken of so many packets. Returns how many. */
static unsigned check_taken(struct coalesce *coalesce, uint8_t *const *packets,
			    const uint32_t *lens)
{
	static const struct vnet_header nothing;
	static uint8_t frame[COALESCE_SEGMENTS_MAX * 1024u + 65700];
	struct vnet_header header;
	unsigned count = coalesce_take(coalesce, &header);
	uint32_t len = 0;

	must(count >= 1 && count <= COALESCE_SEGMENTS_MAX && coalesce->count == 0);
	if (count == 1) {
		must(coalesce->pieces[0].iov_len == lens[0]);
		must(memcmp(coalesce->pieces[0].iov_base, packets[0], lens[0]) == 0);
		must(memcmp(&header, &nothing, sizeof(header)) == 0);
		return 1;
	}
	for (unsigned i = 0; i < count; i++) {
		must(len + coalesce->pieces[i].iov_len <= sizeof(frame));
		memcpy(frame + len, coalesce->pieces[i].iov_base, coalesce->pieces[i].iov_len);
		len += (uint32_t)coalesce->pieces[i].iov_len;
	}
	check_wanted(&coalesce->offloads, frame, len);
	check_cut(&header, frame, len, packets, lens, count);
	return count;
}

void frames_check_joined(uint8_t *const *packets, const uint32_t *lens, unsigned count,
			 unsigned offloads)
{
	static struct coalesce coalesce;
	uint8_t *given[COALESCE_SEGMENTS_MAX];
	unsigned taken = 0, held = 0;

	coalesce = (struct coalesce){
		.offloads = {offloads & 1, offloads & 2, offloads & 4, offloads & 8}};
	for (unsigned i = 0; i <= count; i++) {
		/* Memory that ends where the packet does; joining may change it. */
		uint8_t *copy = i < count ? malloc(lens[i] ? lens[i] : 1) : NULL;

		if (copy) {
			memcpy(copy, packets[i], lens[i]);
			if (held < COALESCE_SEGMENTS_MAX &&
			    coalesce_add(&coalesce, copy, lens[i])) {
				given[held++] = copy;
				continue;
			}
		}
		if (held > 0)
			must(check_taken(&coalesce, packets + taken, lens + taken) == held);
		taken += held;
		while (held > 0)
			free(given[--held]);
		if (!copy)
			break;
		must(coalesce_add(&coalesce, copy, lens[i]));
		given[held++] = copy;
	}
	must(taken == count);
}
