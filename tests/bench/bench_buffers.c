/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench_buffers.h"
#include <covey/wire.h>
#include <errno.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>
#include <rte_vxlan.h>
#include <stdlib.h>
#include <string.h>

/* Behind a packet: ESP's padding, trailer and ICV, and some more. */
#define TAILROOM 64u
#define ROOM(size)                                                                                 \
	(RTE_PKTMBUF_HEADROOM + BENCH_HEADROOM_MAX + BENCH_ETHERNET_LEN + (size) + TAILROOM)
#define SMALL_SIZE 2048u
#define HEADERS_LEN                                                                                \
	(BENCH_ETHERNET_LEN + BENCH_IP_LEN + sizeof(struct rte_udp_hdr) +                          \
	 sizeof(struct rte_vxlan_hdr))

/* --- frames -------------------------------------------------------------------------------- */

uint16_t bench_mix_size(unsigned index)
{
	static const uint16_t mix[] = {64, 570, 64, 64, 570, 64, 1500, 64, 570, 64, 64, 570};

	return mix[index % RTE_DIM(mix)];
}

void bench_frame_write(uint8_t *frame, uint16_t size, unsigned flow, uint8_t dscp,
		       uint32_t destination)
{
	struct rte_ether_hdr ethernet = {
		.dst_addr = {{2, 0, 0, 0, 0, 1}},
		.src_addr = {{2, 0, 0, 0, 0, 2}},
		.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4),
	};
	struct rte_ipv4_hdr ip = {
		.version_ihl = RTE_IPV4_VHL_DEF,
		.type_of_service = (uint8_t)(dscp << 2),
		.total_length = rte_cpu_to_be_16(size),
		.fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = 64,
		.next_proto_id = IPPROTO_UDP,
		.src_addr = rte_cpu_to_be_32(BENCH_SENDER_ADDRESS),
		.dst_addr = rte_cpu_to_be_32(destination),
	};
	struct rte_udp_hdr udp = {
		.src_port = rte_cpu_to_be_16((uint16_t)(0xc000 + flow % BENCH_FLOWS)),
		.dst_port = rte_cpu_to_be_16(COVEY_VXLAN_PORT),
		.dgram_len = rte_cpu_to_be_16((uint16_t)(size - sizeof(ip))),
	};
	struct rte_vxlan_hdr vxlan = {
		.vx_flags = rte_cpu_to_be_32(0x08000000),
		.vx_vni = rte_cpu_to_be_32(BENCH_VNI << 8),
	};

	ip.hdr_checksum = rte_ipv4_cksum(&ip);
	memcpy(frame, &ethernet, sizeof(ethernet));
	memcpy(frame + BENCH_ETHERNET_LEN, &ip, sizeof(ip));
	memcpy(frame + BENCH_ETHERNET_LEN + sizeof(ip), &udp, sizeof(udp));
	memcpy(frame + HEADERS_LEN - sizeof(vxlan), &vxlan, sizeof(vxlan));
}

/* --- life ---------------------------------------------------------------------------------- */

static struct rte_mempool *pool_new(const char *name, unsigned number, unsigned count,
				    unsigned room)
{
	char text[RTE_MEMPOOL_NAMESIZE];

	snprintf(text, sizeof(text), "%s-%u", name, number);
	return rte_pktmbuf_pool_create(text, count, 0, 0, (uint16_t)room, SOCKET_ID_ANY);
}

int bench_buffers_open(struct bench_buffers *buffers, unsigned number, struct covey_error *error)
{
	uint64_t random = UINT64_C(0x853c49e6748fea9b);

	memset(buffers, 0, sizeof(*buffers));
	buffers->small = pool_new("small", number, 2 * BENCH_PACKETS, ROOM(SMALL_SIZE));
	buffers->large = pool_new("large", number, 2 * BENCH_PACKETS, ROOM(BENCH_SIZE_MAX));
	buffers->noise = malloc(BENCH_SIZE_MAX + BENCH_PACKETS);
	if (!buffers->small || !buffers->large || !buffers->noise) {
		bench_buffers_close(buffers);
		return covey_error_set(error, -ENOMEM,
				       "no memory for the packets of a core: free 20 MiB");
	}
	for (unsigned i = 0; i < BENCH_SIZE_MAX + BENCH_PACKETS; i++) {
		random = random * UINT64_C(6364136223846793005) + 1;
		buffers->noise[i] = (uint8_t)(random >> 56);
	}
	return 0;
}

static void give_back(struct bench_buffers *buffers)
{
	for (unsigned i = 0; i < BENCH_PACKETS; i++) {
		struct rte_mbuf *parts[] = {buffers->packets[i], buffers->seconds[i]};

		for (unsigned k = 0; k < RTE_DIM(parts); k++) {
			if (!parts[k])
				continue;
			parts[k]->next = NULL;
			parts[k]->nb_segs = 1;
			rte_pktmbuf_free_seg(parts[k]);
		}
		buffers->packets[i] = buffers->seconds[i] = NULL;
	}
}

void bench_buffers_close(struct bench_buffers *buffers)
{
	give_back(buffers);
	rte_mempool_free(buffers->small);
	rte_mempool_free(buffers->large);
	free(buffers->noise);
	memset(buffers, 0, sizeof(*buffers));
}

void bench_buffers_forget(struct bench_buffers *buffers)
{
	memset(buffers->packets, 0, sizeof(buffers->packets));
	memset(buffers->seconds, 0, sizeof(buffers->seconds));
}

int bench_buffers_lay(struct bench_buffers *buffers, const struct bench_layout *layout,
		      struct covey_error *error)
{
	struct rte_mempool *pool = layout->size <= SMALL_SIZE ? buffers->small : buffers->large;

	give_back(buffers);
	buffers->layout = *layout;
	buffers->bytes = 0;
	for (unsigned i = 0; i < BENCH_PACKETS; i++) {
		buffers->packets[i] = rte_pktmbuf_alloc(pool);
		buffers->seconds[i] = rte_pktmbuf_alloc(pool);
		if (!buffers->packets[i] || !buffers->seconds[i])
			return covey_error_set(error, -ENOMEM, "packets were lost");
		buffers->sizes[i] = layout->size ? (uint16_t)layout->size : bench_mix_size(i);
		buffers->bytes += buffers->sizes[i];
	}
	return 0;
}

/* --- rounds -------------------------------------------------------------------------------- */

/* Bytes of the frame in the first segment. */
static uint16_t first_len(const struct bench_buffers *buffers, unsigned index)
{
	uint16_t len = (uint16_t)(BENCH_ETHERNET_LEN + buffers->sizes[index]);

	/* The headers that a classifier reads stay in one piece. */
	return buffers->layout.segments == 1 ? len : (uint16_t)RTE_MAX(len / 2, HEADERS_LEN);
}

static uint8_t *start_of(const struct bench_buffers *buffers, struct rte_mbuf *segment)
{
	return (uint8_t *)segment->buf_addr + RTE_PKTMBUF_HEADROOM + buffers->layout.headroom;
}

static struct rte_mbuf *renew(const struct bench_buffers *buffers, struct rte_mbuf *segment,
			      uint16_t len)
{
	rte_pktmbuf_reset(segment);
	segment->data_off = (uint16_t)(RTE_PKTMBUF_HEADROOM + buffers->layout.headroom);
	segment->data_len = len;
	segment->pkt_len = len;
	return segment;
}

static struct rte_mbuf *reset(const struct bench_buffers *buffers, unsigned index)
{
	uint16_t size = buffers->sizes[index], first = first_len(buffers, index);
	uint16_t rest = (uint16_t)(BENCH_ETHERNET_LEN + size - first);
	struct rte_mbuf *packet = renew(buffers, buffers->packets[index], first);
	uint8_t *frame = start_of(buffers, packet);
	const uint8_t *noise = buffers->noise + index;

	bench_frame_write(frame, size, index, 0,
			  buffers->layout.multicast ? BENCH_GROUP_ADDRESS : BENCH_RECEIVER_ADDRESS);
	memcpy(frame + HEADERS_LEN, noise + HEADERS_LEN, first - HEADERS_LEN);
	if (rest == 0)
		return packet;
	packet->next = renew(buffers, buffers->seconds[index], rest);
	packet->nb_segs = 2;
	packet->pkt_len += rest;
	memcpy(start_of(buffers, packet->next), noise + first, rest);
	return packet;
}

void bench_buffers_reset(const struct bench_buffers *buffers, struct rte_mbuf **burst)
{
	for (unsigned i = 0; i < BENCH_PACKETS; i++)
		burst[i] = reset(buffers, i);
}

/* All dataplanes leave the inner packet where it is, so it is found without their headers. */
bool bench_buffers_intact(const struct bench_buffers *buffers)
{
	for (unsigned i = 0; i < BENCH_PACKETS; i++) {
		uint16_t first = first_len(buffers, i);
		uint16_t rest = (uint16_t)(BENCH_ETHERNET_LEN + buffers->sizes[i] - first);
		const uint8_t *noise = buffers->noise + i;

		if (memcmp(start_of(buffers, buffers->packets[i]) + HEADERS_LEN,
			   noise + HEADERS_LEN, first - HEADERS_LEN) != 0)
			return false;
		if (rest &&
		    memcmp(start_of(buffers, buffers->seconds[i]), noise + first, rest) != 0)
			return false;
	}
	return true;
}
