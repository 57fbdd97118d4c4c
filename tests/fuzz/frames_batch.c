/* SPDX-License-Identifier: BSD-3-Clause */

/* Batches as a slow reader cuts them. */

#include "batch.h"
#include "frames.h"
#include "must.h"
#include <netinet/in.h>
#include <string.h>

static uint32_t be16(const uint8_t *at)
{
	return (uint32_t)(at[0] << 8 | at[1]);
}

/* A datagram of the batch is this packet: its headers say so, and its checksums were right. */
static void check_packet(const uint8_t *first, const uint8_t *packet, uint32_t len,
			 const struct frames_outer *at)
{
	const uint8_t *ip = packet + at->ip, *udp = packet + at->udp;
	uint32_t ip_len = len - at->ip, udp_len = len - at->udp;
	uint8_t one[64], other[64];

	must(at->udp + 8 < len && at->udp <= sizeof(one));
	must(be16(ip + (at->ipv6 ? 4 : 2)) == (at->ipv6 ? ip_len - 40 : ip_len));
	must(at->ipv6 || frames_sum(ip, 20, 0) == 0xffff);
	must(be16(udp + 4) == udp_len);
	if (be16(udp + 6) != 0)
		must(frames_sum(udp, udp_len, frames_pseudo(ip, at->ipv6, IPPROTO_UDP, udp_len)) ==
		     0xffff);
	else
		must(!at->ipv6);
	memcpy(one, first, at->udp);
	memcpy(other, packet, at->udp);
	/* Length, identification and checksum are each packet's own. */
	memset(one + at->ip + (at->ipv6 ? 4 : 2), 0, at->ipv6 ? 2 : 4);
	memset(other + at->ip + (at->ipv6 ? 4 : 2), 0, at->ipv6 ? 2 : 4);
	if (!at->ipv6)
		memset(one + at->ip + 10, 0, 2);
	if (!at->ipv6)
		memset(other + at->ip + 10, 0, 2);
	must(memcmp(one, other, at->udp) == 0);
	must(memcmp(first + at->udp, udp, 4) == 0);
}

static void check_header(const struct vnet_header *header, const struct frames_outer *at,
			 uint32_t size)
{
	must(header->flags == VNET_FLAG_NEEDS_CSUM && header->gso_type == VNET_GSO_UDP_L4);
	must(header->gso_size == size && header->csum_start == at->udp);
	must(header->csum_offset == 6 && header->header_len == at->udp + 8);
}

/* What was taken of so many packets. Returns how many. */
static unsigned check_taken(struct batch *batch, uint8_t *const *packets, const uint32_t *lens)
{
	static const struct vnet_header nothing;
	struct vnet_header header;
	unsigned count = batch_take(batch, &header);
	const uint8_t *first = batch->pieces[0].iov_base;
	struct frames_outer at;
	uint32_t size, total = 0;

	must(count >= 1 && count <= BATCH_DATAGRAMS_MAX && batch->count == 0);
	must(batch->pieces[0].iov_len == lens[0]);
	if (count == 1) {
		must(memcmp(first, packets[0], lens[0]) == 0);
		must(memcmp(&header, &nothing, sizeof(header)) == 0);
		return 1;
	}
	must(frames_find_outer(packets[0], lens[0], &at));
	size = lens[0] - at.udp - 8;
	check_header(&header, &at, size);
	for (unsigned i = 0; i < count; i++) {
		const uint8_t *payload = batch->pieces[i].iov_base;
		uint32_t len = lens[i] - at.udp - 8;

		check_packet(packets[0], packets[i], lens[i], &at);
		must(len == size || (len < size && i == count - 1));
		must(batch->pieces[i].iov_len == (i == 0 ? lens[0] : len));
		must(memcmp(payload + (i == 0 ? at.udp + 8 : 0), packets[i] + at.udp + 8, len) ==
		     0);
		total += len;
	}
	must(total + at.udp + 8 - at.ip <= 65535);
	must(be16(first + at.udp + 4) == total + 8);
	must(at.ipv6 || frames_sum(first + at.ip, 20, 0) == 0xffff);
	return count;
}

void frames_check_batches(uint8_t *const *packets, const uint32_t *lens, unsigned count)
{
	static struct batch batch;
	uint8_t *given[BATCH_DATAGRAMS_MAX];
	unsigned taken = 0, held = 0;

	batch = (struct batch){.count = 0};
	for (unsigned i = 0; i <= count; i++) {
		/* Memory that ends where the packet does; joining may change it. */
		uint8_t *copy = i < count ? malloc(lens[i] ? lens[i] : 1) : NULL;

		if (copy) {
			memcpy(copy, packets[i], lens[i]);
			if (held < BATCH_DATAGRAMS_MAX && batch_add(&batch, copy, lens[i])) {
				given[held++] = copy;
				continue;
			}
		}
		if (held > 0)
			must(check_taken(&batch, packets + taken, lens + taken) == held);
		taken += held;
		while (held > 0)
			free(given[--held]);
		if (!copy)
			break;
		must(batch_add(&batch, copy, lens[i]));
		given[held++] = copy;
	}
	must(taken == count);
}
