/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench_generator_packets.h"
#include <errno.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <string.h>

/* What one slice touches: more than a core's own cache holds, less than the one that all share,
 * into which a NIC writes. */
#define SLICE_BYTES (12u << 20)
#define SLICE_MIN   2048u
/* What one packet touches beside itself. */
#define PACKET_BYTES 512u

void generator_make_noise(uint8_t *noise)
{
	uint64_t random = UINT64_C(0x853c49e6748fea9b);

	for (unsigned i = 0; i < GENERATOR_NOISE; i++) {
		random = random * UINT64_C(6364136223846793005) + 1;
		noise[i] = (uint8_t)(random >> 56);
	}
}

unsigned generator_slice_packets(const struct generator *generator, unsigned size)
{
	unsigned count = RTE_MAX(SLICE_BYTES / (size + PACKET_BYTES), SLICE_MIN);

	return RTE_MIN(count, generator->nic->count);
}

int generator_lay_out(struct generator *generator, const struct generator_request *request,
		      unsigned count, struct covey_error *error)
{
	struct rte_mbuf **packets = generator->nic->packets;

	for (unsigned i = 0; i < count; i++) {
		uint8_t *frame;

		rte_pktmbuf_reset(packets[i]);
		frame = (uint8_t *)rte_pktmbuf_append(
			packets[i], (uint16_t)(BENCH_ETHERNET_LEN + request->size));
		if (!frame)
			return covey_error_set(error, -EMSGSIZE,
					       "the NIC has no room for packets of %u bytes",
					       request->size);
		memcpy(frame, generator->noise + i % BENCH_PACKETS,
		       BENCH_ETHERNET_LEN + request->size);
		bench_frame_write(frame, (uint16_t)request->size, i, 0, BENCH_RECEIVER_ADDRESS);
	}
	for (unsigned i = 0; i < count && request->direction == BENCH_DECRYPT; i += BURST) {
		uint16_t here = (uint16_t)RTE_MIN(BURST, count - i);

		if (generator->peer->encrypt(generator->state, 0, packets + i, here) != here)
			return covey_error_set(error, -EIO, "%s cannot encrypt %u bytes",
					       generator->peer->name, request->size);
	}
	return 0;
}

void generator_address_to_peer(struct rte_mbuf *packet)
{
	struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(packet, struct rte_ipv4_hdr *, BENCH_ETHERNET_LEN);

	ip->dst_addr = rte_cpu_to_be_32(BENCH_RECEIVER_ADDRESS);
}

bool generator_is_intact(const struct generator *generator, const struct rte_mbuf *packet,
			 unsigned index, unsigned size)
{
	uint8_t frame[BENCH_ETHERNET_LEN + BENCH_SIZE_MAX];
	const uint8_t *got = rte_pktmbuf_mtod(packet, const uint8_t *);
	const struct rte_ipv4_hdr *ip = (const void *)(got + BENCH_ETHERNET_LEN);
	const struct rte_ipv4_hdr *sent = (const void *)(frame + BENCH_ETHERNET_LEN);
	size_t headers = BENCH_ETHERNET_LEN + BENCH_IP_LEN;

	if (packet->nb_segs != 1 || packet->pkt_len != BENCH_ETHERNET_LEN + size)
		return false;
	memcpy(frame, generator->noise + index % BENCH_PACKETS, BENCH_ETHERNET_LEN + size);
	bench_frame_write(frame, (uint16_t)size, index, 0, BENCH_RECEIVER_ADDRESS);
	return ip->src_addr == sent->src_addr && ip->dst_addr == sent->dst_addr &&
	       ip->total_length == sent->total_length &&
	       memcmp(got + headers, frame + headers, BENCH_ETHERNET_LEN + size - headers) == 0;
}
