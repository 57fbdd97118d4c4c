/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Explicit congestion notification through a tunnel's egress: RFC 6040 section 4.2. */

#include "headers.h"

#define ECN_MASK    3u
#define ECN_NOT_ECT 0u
#define ECN_ECT_1   1u
#define ECN_ECT_0   2u
#define ECN_CE      3u

/* The figure 4 of RFC 6040: what leaves the tunnel. -1 stands for "drop". */
static inline int ecn_combine(unsigned outer, unsigned inner)
{
	static const int8_t outgoing[4][4] = {
		[ECN_NOT_ECT] = {ECN_NOT_ECT, ECN_NOT_ECT, ECN_NOT_ECT, -1},
		[ECN_ECT_0] = {ECN_ECT_0, ECN_ECT_1, ECN_ECT_0, ECN_CE},
		[ECN_ECT_1] = {ECN_ECT_1, ECN_ECT_1, ECN_ECT_1, ECN_CE},
		[ECN_CE] = {ECN_CE, ECN_CE, ECN_CE, ECN_CE},
	};

	return outgoing[inner & ECN_MASK][outer & ECN_MASK];
}

/* Set the ECN field of an IPv4 (checksum kept right, RFC 1624) or IPv6 packet. */
static inline void ecn_set(uint8_t *ip, unsigned ecn)
{
	uint16_t before, after, checksum;
	uint32_t sum;

	if (ip_version(ip) == 6) {
		ip[1] = (uint8_t)((ip[1] & ~(ECN_MASK << 4)) | ecn << 4);
		return;
	}
	memcpy(&before, ip, 2);
	ip[1] = (uint8_t)((ip[1] & ~ECN_MASK) | ecn);
	memcpy(&after, ip, 2);
	memcpy(&checksum, ip + 10, 2);
	sum = (uint32_t)(uint16_t)~checksum + (uint16_t)~before + after;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	checksum = (uint16_t)~sum;
	memcpy(ip + 10, &checksum, 2);
}

/* Carry the outer packet's mark to the inner one; false when the inner one must be dropped. */
static inline bool ecn_propagate(const uint8_t *outer, uint8_t *inner)
{
	unsigned before = ip_traffic_class(inner) & ECN_MASK;
	int after = ecn_combine(ip_traffic_class(outer), before);

	if (after < 0)
		return false;
	if ((unsigned)after != before)
		ecn_set(inner, (unsigned)after);
	return true;
}
