/* SPDX-License-Identifier: BSD-3-Clause */

#include "checksum.h"

#include <covey/limits.h>
#include <headers.h>
#include <rte_tcp.h>

/* What the checksum covers. */
struct upper {
	uint8_t *header; /* TCP's or UDP's */
	size_t len;      /* with payload */
	uint8_t protocol;
	uint16_t pseudo; /* the pseudo-header's sum, as it lies in memory */
};

static int find_ipv4(uint8_t *data, size_t len, struct upper *ret_upper)
{
	const struct rte_ipv4_hdr *ip = (const void *)data;
	size_t header, total;

	if (len < sizeof(*ip) || ip->version_ihl >> 4 != 4)
		return -1;
	header = rte_ipv4_hdr_len(ip);
	total = read_be16(&ip->total_length);
	if (header < sizeof(*ip) || total < header || total > len ||
	    (read_be16(&ip->fragment_offset) & 0x3fff) != 0)
		return -1;
	*ret_upper = (struct upper){data + header, total - header, ip->next_proto_id,
				    rte_ipv4_phdr_cksum(ip, 0)};
	return 0;
}

/* RFC 8200 section 8.1. DPDK's rte_ipv6_phdr_cksum() is not used, because it shifts into a sign
 * bit. */
static uint16_t ipv6_pseudo_header_sum(const struct rte_ipv6_hdr *ip)
{
	const uint32_t lengths[] = {rte_cpu_to_be_32(rte_be_to_cpu_16(ip->payload_len)),
				    rte_cpu_to_be_32(ip->proto)};
	uint32_t sum = __rte_raw_cksum(ip->src_addr, 2 * sizeof(ip->src_addr), 0);

	return __rte_raw_cksum_reduce(__rte_raw_cksum(lengths, sizeof(lengths), sum));
}

static int find_ipv6(uint8_t *data, size_t len, struct upper *ret_upper)
{
	const struct rte_ipv6_hdr *ip = (const void *)data;
	size_t payload;

	if (len < sizeof(*ip) || data[0] >> 4 != 6)
		return -1;
	payload = read_be16(&ip->payload_len);
	if (payload > len - sizeof(*ip))
		return -1;
	*ret_upper =
		(struct upper){data + sizeof(*ip), payload, ip->proto, ipv6_pseudo_header_sum(ip)};
	return 0;
}

/* Where the checksum is. NULL when there is none. */
static uint8_t *find_checksum(const struct upper *upper)
{
	if (upper->protocol == IPPROTO_TCP && upper->len >= sizeof(struct rte_tcp_hdr))
		return upper->header + offsetof(struct rte_tcp_hdr, cksum);
	if (upper->protocol == IPPROTO_UDP && upper->len >= sizeof(struct rte_udp_hdr))
		return upper->header + offsetof(struct rte_udp_hdr, dgram_cksum);
	return NULL;
}

static void finish(const struct upper *upper)
{
	uint8_t *at = find_checksum(upper);
	uint16_t sum;

	if (!at || memcmp(at, &upper->pseudo, sizeof(sum)) != 0)
		return;
	sum = (uint16_t)~rte_raw_cksum(upper->header, upper->len);
	/* In UDP, 0 would mean that there is no checksum (RFC 768). */
	if (sum == 0 && upper->protocol == IPPROTO_UDP)
		sum = 0xffff;
	memcpy(at, &sum, sizeof(sum));
}

void checksum_finish(uint8_t *data, size_t l2_len, size_t frame_len)
{
	uint16_t type = read_be16(data + l2_len - sizeof(type));
	uint8_t *ip = data + l2_len;
	size_t len = frame_len - l2_len;
	struct upper upper;

	if ((type == RTE_ETHER_TYPE_IPV4 && find_ipv4(ip, len, &upper) == 0) ||
	    (type == RTE_ETHER_TYPE_IPV6 && find_ipv6(ip, len, &upper) == 0))
		finish(&upper);
}

void checksum_finish_vxlan(uint8_t *data, size_t l2_len, size_t inner_at, size_t frame_len)
{
	size_t ip_at = inner_at + sizeof(struct rte_ether_hdr);

	for (unsigned tags = 0; tags < COVEY_VLAN_TAGS_MAX && ip_at <= frame_len &&
				is_vlan(read_be16(data + ip_at - 2));
	     tags++)
		ip_at += sizeof(struct rte_vlan_hdr);
	if (ip_at <= frame_len)
		checksum_finish(data, ip_at, frame_len);
	checksum_finish(data, l2_len, frame_len);
}
