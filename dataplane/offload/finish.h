/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Lengths and checksums of headers whose packet has become shorter. */

#include "headers.h"
#include "sum.h"

/* RFC 8200 section 8.1, RFC 9293 section 3.1, RFC 768: addresses and protocol of the pseudo-header.
 * The length comes with each packet. */
static inline uint64_t sum_addresses(const uint8_t *ip, bool ipv6, uint8_t protocol)
{
	uint64_t sum = rte_cpu_to_be_16(protocol);

	return sum + (ipv6 ? sum_header(ip + 8, 32) : sum_header(ip + 12, 8));
}

/* Length and, of IPv4 without options, identification (index more than it was) and checksum. */
static inline void finish_ip(uint8_t *ip, bool ipv6, uint32_t len, uint16_t index)
{
	if (ipv6) {
		write_be16(ip + 4, (uint16_t)(len - sizeof(struct rte_ipv6_hdr)));
		return;
	}
	write_be16(ip + 2, (uint16_t)len);
	write_be16(ip + 4, (uint16_t)(read_be16(ip + 4) + index));
	sum_write(ip + 10, 0);
	sum_write(ip + 10, sum_finish(sum_header(ip, sizeof(struct rte_ipv4_hdr))));
}

/* UDP of len bytes, its header included. checksum: it gets one. */
static inline void finish_udp(const uint8_t *ip, bool ipv6, uint8_t *udp, uint32_t len,
			      bool checksum)
{
	write_be16(udp + 4, (uint16_t)len);
	sum_write(udp + 6, 0);
	if (checksum)
		sum_write(udp + 6,
			  sum_finish_udp(sum_addresses(ip, ipv6, IPPROTO_UDP) +
					 rte_cpu_to_be_16((uint16_t)len) + sum_bytes(udp, len)));
}
