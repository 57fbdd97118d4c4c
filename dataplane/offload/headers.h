/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Reads headers in place. DPDK has the layouts; here are the accesses to fields that convert their
 * byte order. outer.h writes the headers around VPE, and covey/wire.h has VPE's own header. No
 * other file converts byte order.
 */

#include <netinet/in.h>
#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>
#include <rte_vxlan.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Ethertypes of VLAN tags: IEEE 802.1Q, 802.1ad, and one that vendors used before 802.1ad. */
#define ETHERTYPE_QINQ_OLD 0x9100

/* IP protocols that <netinet/in.h> lacks: mobility (RFC 6275), HIP (RFC 7401), Shim6 (RFC 5533). */
#define PROTOCOL_HIP   139
#define PROTOCOL_SHIM6 140

/* ICMP errors (RFC 792, RFC 4443 section 2.1): how many bytes come before the quoted packet, and
 * the types. */
#define ICMP_ERROR_LEN         8u
#define ICMP_UNREACHABLE       3
#define ICMP_SOURCE_QUENCH     4
#define ICMP_REDIRECT          5
#define ICMP_TIME_EXCEEDED     11
#define ICMP_PARAMETER_PROBLEM 12
#define ICMPV6_INFORMATIONAL   128 /* from this type on, they are not errors */

static inline uint16_t read_be16(const void *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return rte_be_to_cpu_16(value);
}

static inline uint32_t read_be32(const void *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return rte_be_to_cpu_32(value);
}

/* Eight bytes as one number. The first byte is the most significant one. */
static inline uint64_t read_be64(const void *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return rte_be_to_cpu_64(value);
}

static inline void write_be16(void *at, uint16_t value)
{
	value = rte_cpu_to_be_16(value);
	memcpy(at, &value, sizeof(value));
}

static inline void write_be32(void *at, uint32_t value)
{
	value = rte_cpu_to_be_32(value);
	memcpy(at, &value, sizeof(value));
}

static inline bool is_vlan(uint16_t ethertype)
{
	return ethertype == RTE_ETHER_TYPE_VLAN || ethertype == RTE_ETHER_TYPE_QINQ ||
	       ethertype == ETHERTYPE_QINQ_OLD;
}

static inline bool vxlan_has_vni(const struct rte_vxlan_hdr *vxlan)
{
	return vxlan->vx_flags & rte_cpu_to_be_32(0x08000000); /* the I flag, RFC 7348 section 5 */
}

static inline uint32_t vxlan_vni(const struct rte_vxlan_hdr *vxlan)
{
	return rte_be_to_cpu_32(vxlan->vx_vni) >> 8;
}

/* Move an Ethernet header with its tags, len bytes. Both places may overlap. */
static __rte_always_inline void ethernet_move(uint8_t *to, const uint8_t *from, uint32_t len)
{
	uint64_t first, last;

	if (unlikely(len != sizeof(struct rte_ether_hdr))) {
		memmove(to, from, len);
		return;
	}
	/* Without tags it has 14 bytes: two words that overlap. Both are read before one is
	 * written. */
	memcpy(&first, from, sizeof(first));
	memcpy(&last, from + sizeof(struct rte_ether_hdr) - sizeof(last), sizeof(last));
	memcpy(to, &first, sizeof(first));
	memcpy(to + sizeof(struct rte_ether_hdr) - sizeof(last), &last, sizeof(last));
}

/* --- fields that both IPv4 and IPv6 have; the first four bits tell the version ------------ */

static inline uint8_t ip_version(const uint8_t *ip)
{
	return ip[0] >> 4;
}

/* RFC 8200 section 4, RFC 7045 section 4. AH (RFC 4302) can follow both IP versions. */
static inline bool ip_is_extension(uint8_t version, uint8_t protocol)
{
	if (protocol == IPPROTO_AH)
		return true;
	if (version == 4)
		return false;
	switch (protocol) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_DSTOPTS:
	case IPPROTO_MH:
	case PROTOCOL_HIP:
	case PROTOCOL_SHIM6:
		return true;
	}
	return false;
}

/* DSCP (6 bits) and ECN (2 bits): IPv4's TOS, IPv6's traffic class. */
static inline uint8_t ip_traffic_class(const uint8_t *ip)
{
	return ip_version(ip) == 4 ? ip[1] : (uint8_t)(ip[0] << 4 | ip[1] >> 4);
}

static inline bool ip_is_multicast(const uint8_t *ip)
{
	return ip_version(ip) == 4 ? (ip[16] & 0xf0) == 0xe0 : ip[24] == 0xff;
}

/* Compares eight bytes as one number. memcmp() would need several comparisons. */
static inline bool is_same_8(const uint8_t *a, const uint8_t *b)
{
	uint64_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x == y;
}

/* True when both have the same version, source and destination. */
static inline bool ip_same_addresses(const uint8_t *a, const uint8_t *b)
{
	if (ip_version(a) != ip_version(b))
		return false;
	/* These lengths are constants, so the compiler makes no call. */
	if (ip_version(a) == 4)
		return is_same_8(a + 12, b + 12);
	return memcmp(a + 8, b + 8, 16) == 0 && memcmp(a + 24, b + 24, 16) == 0;
}

/* True when the destination address equals address. It has 4 or 16 bytes, by family. */
static inline bool ip_destination_is(const uint8_t *ip, uint16_t family, const uint8_t *address)
{
	if (ip_version(ip) == 4)
		return family == AF_INET && memcmp(ip + 16, address, 4) == 0;
	return family == AF_INET6 && memcmp(ip + 24, address, 16) == 0;
}

/* True when the source address equals address. It has 4 or 16 bytes, by family. */
static inline bool ip_source_is(const uint8_t *ip, uint16_t family, const uint8_t *address)
{
	if (ip_version(ip) == 4)
		return family == AF_INET && memcmp(ip + 12, address, 4) == 0;
	return family == AF_INET6 && memcmp(ip + 8, address, 16) == 0;
}
