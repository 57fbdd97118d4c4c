/* SPDX-License-Identifier: BSD-3-Clause */
#include "recognise.h"

/* The headers as bytes. Vectors are made from them later. */
struct headers {
	uint8_t mask[RECOGNISE_OWN_IPV6_LEN];
	uint8_t bits[RECOGNISE_OWN_IPV6_LEN];
	uint32_t at; /* where the next field begins */
};

/* Append a field of len bytes. mask says which of its bits are fixed. */
static void put(struct headers *headers, const void *mask, const void *bits, uint32_t len)
{
	memcpy(headers->mask + headers->at, mask, len);
	memcpy(headers->bits + headers->at, bits, len);
	headers->at += len;
}

static void put_ipv4(struct headers *headers, const struct covey_addr *vtep)
{
	struct rte_ipv4_hdr bits = {.version_ihl = RTE_IPV4_VHL_DEF, .next_proto_id = IPPROTO_UDP};
	struct rte_ipv4_hdr mask = {
		.version_ihl = 0xff,
		.fragment_offset = (rte_be16_t)~rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG),
		.next_proto_id = 0xff,
		.src_addr = UINT32_MAX,
	};

	memcpy(&bits.src_addr, vtep->bytes, sizeof(bits.src_addr));
	put(headers, &mask, &bits, sizeof(bits));
}

static void put_ipv6(struct headers *headers, const struct covey_addr *vtep)
{
	struct rte_ipv6_hdr bits = {.vtc_flow = rte_cpu_to_be_32(6u << 28), .proto = IPPROTO_UDP};
	struct rte_ipv6_hdr mask = {.vtc_flow = rte_cpu_to_be_32(15u << 28), .proto = 0xff};

	memcpy(bits.src_addr, vtep->bytes, sizeof(bits.src_addr));
	memset(mask.src_addr, 0xff, sizeof(mask.src_addr));
	put(headers, &mask, &bits, sizeof(bits));
}

/* VXLAN with a VNI: the I flag, RFC 7348 section 5. */
static void put_vxlan(struct headers *headers, uint16_t port)
{
	struct rte_udp_hdr udp_bits = {.dst_port = rte_cpu_to_be_16(port)};
	struct rte_udp_hdr udp_mask = {.dst_port = UINT16_MAX};
	struct rte_vxlan_hdr vxlan = {.vx_flags = rte_cpu_to_be_32(0x08000000)};

	put(headers, &udp_mask, &udp_bits, sizeof(udp_bits));
	put(headers, &vxlan, &vxlan, sizeof(vxlan));
}

void recognise_own_make(const struct dataplane_config *config, uint16_t overhead,
			struct recognise_own *ret_own)
{
	bool ipv6 = config->vtep.family == AF_INET6;
	struct rte_ether_hdr bits = {
		.ether_type = rte_cpu_to_be_16(ipv6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4),
	};
	struct rte_ether_hdr mask = {.ether_type = UINT16_MAX};
	struct headers headers = {.at = 0};

	put(&headers, &mask, &bits, sizeof(bits));
	if (ipv6)
		put_ipv6(&headers, &config->vtep);
	else
		put_ipv4(&headers, &config->vtep);
	put_vxlan(&headers, config->vxlan_port);
	memset(ret_own, 0, sizeof(*ret_own));
	for (uint32_t i = 0; i < recognise_vectors(ipv6); i++) {
		memcpy(&ret_own->mask[i], headers.mask + recognise_vector_at(ipv6, i),
		       sizeof(xmm_t));
		memcpy(&ret_own->bits[i], headers.bits + recognise_vector_at(ipv6, i),
		       sizeof(xmm_t));
	}
	ret_own->source = config->secret_source;
	ret_own->source_mask = config->secret_source ? (UINT64_C(1) << 48) - 1 : 0;
	if (config->fabric_mtu > overhead)
		ret_own->ip_len_max = config->fabric_mtu - overhead;
}
