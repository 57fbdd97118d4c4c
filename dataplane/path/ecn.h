/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Explicit congestion notification (ECN) where packets leave a tunnel: RFC 6040 section 4.2. */

#include <headers.h>

#define ECN_MASK    3u
#define ECN_NOT_ECT 0u
#define ECN_ECT_1   1u
#define ECN_ECT_0   2u
#define ECN_CE      3u

/* The table in figure 4 of RFC 6040: the ECN field of the packet that leaves the tunnel. -1 means
 * that it is dropped. */
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

/* Set the ECN field of an IPv4 or IPv6 packet. IPv4's checksum is updated (RFC 1624). */
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

/* Copy the outer packet's mark to the inner one. False when the inner packet must be dropped. */
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
