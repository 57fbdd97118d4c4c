/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What the joined packets that the kernel gets have in common: coalesce.h, batch.h. */

#include "headers.h"
#include "sum.h"

/* The longest IP packet. */
#define IP_LEN_MAX 65535u

/* The pseudo-header's sum (RFC 8200 section 8.1, RFC 768), with len bytes behind the IP header. */
static inline uint64_t pseudo_header_sum(const uint8_t *ip, bool ipv6, uint8_t protocol,
					 uint32_t len)
{
	uint64_t sum = (uint64_t)rte_cpu_to_be_16(protocol) + rte_cpu_to_be_16((uint16_t)len);

	return sum + (ipv6 ? sum_header(ip + 8, 32) : sum_header(ip + 12, 8));
}

/* Its length is that of the frame's rest, and an IPv4 header's checksum is right. */
static inline bool ip_is_sound(const uint8_t *ip, bool ipv6, uint32_t len)
{
	if (ipv6)
		return read_be16(ip + 4) == len - sizeof(struct rte_ipv6_hdr);
	return read_be16(ip + 2) == len &&
	       sum_fold(sum_header(ip, sizeof(struct rte_ipv4_hdr))) == 0xffff;
}

static inline bool bytes_are_same(const uint8_t *a, const uint8_t *b, unsigned from, unsigned to)
{
	return memcmp(a + from, b + from, to - from) == 0;
}

/* All but length, identification and checksum. */
static inline bool ip_is_same(const uint8_t *a, const uint8_t *b, bool ipv6)
{
	if (ipv6)
		return bytes_are_same(a, b, 0, 4) && bytes_are_same(a, b, 6, 40);
	return bytes_are_same(a, b, 0, 2) && bytes_are_same(a, b, 6, 10) &&
	       bytes_are_same(a, b, 12, 20);
}

/* All but length and checksum, which both have or neither. */
static inline bool udp_is_same(const uint8_t *a, const uint8_t *b)
{
	return bytes_are_same(a, b, 0, 4) && (sum_read(a + 6) == 0) == (sum_read(b + 6) == 0);
}

static inline void ip_set_len(uint8_t *ip, bool ipv6, uint32_t len)
{
	if (ipv6) {
		write_be16(ip + 4, (uint16_t)(len - sizeof(struct rte_ipv6_hdr)));
		return;
	}
	write_be16(ip + 2, (uint16_t)len);
	sum_write(ip + 10, 0);
	sum_write(ip + 10, sum_finish(sum_header(ip, sizeof(struct rte_ipv4_hdr))));
}

/* The kernel wants the pseudo-header's sum in an unfinished checksum. */
static inline void udp_set_unfinished(uint8_t *udp, const uint8_t *ip, bool ipv6, uint32_t len)
{
	write_be16(udp + 4, (uint16_t)len);
	sum_write(udp + 6, sum_fold(pseudo_header_sum(ip, ipv6, IPPROTO_UDP, len)));
}
