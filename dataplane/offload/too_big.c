/* SPDX-License-Identifier: BSD-3-Clause */
#include "too_big.h"
#include "finish.h"
#include "tenant.h"
#include <rte_common.h>

#define TTL 64
/* The first two bytes of what the answer's Ethernet headers come from. The rest is the VTEP's
 * address. So bridges and VXLAN devices learn nothing about a tenant, and see no address move. */
#define NOBODYS_MAC "\x02\x63"
/* RFC 1812 section 4.3.2.3; RFC 4443 section 3.2. */
#define ERROR_MAX_V4 576u
#define ERROR_MAX_V6 1280u

#define ICMP_FRAGMENTATION_NEEDED 4
#define ICMPV6_PACKET_TOO_BIG     2
#define ICMPV6_REDIRECT           137

/* --- to what ---------------------------------------------------------------------------------- */

static bool is_icmp_error(uint8_t type)
{
	return type == ICMP_UNREACHABLE || type == ICMP_SOURCE_QUENCH || type == ICMP_REDIRECT ||
	       type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETER_PROBLEM;
}

/* No network's, loopback, multicast or broadcast address. */
static bool is_one_host_v4(const uint8_t *address)
{
	return address[0] != 0 && address[0] != 127 && address[0] < 0xe0;
}

static bool is_one_host_v6(const uint8_t *address)
{
	static const uint8_t none[16];

	return address[0] != 0xff && memcmp(address, none, sizeof(none)) != 0;
}

static bool is_answered_v4(const uint8_t *ip, uint32_t len)
{
	uint32_t header;

	if (len < sizeof(struct rte_ipv4_hdr) || ip[0] >> 4 != 4)
		return false;
	header = (ip[0] & 0xf) * 4u;
	if (header < sizeof(struct rte_ipv4_hdr) || header + 8 > len)
		return false;
	return is_one_host_v4(ip + 12) && is_one_host_v4(ip + 16) &&
	       (read_be16(ip + 6) & RTE_IPV4_HDR_OFFSET_MASK) == 0 &&
	       !(ip[9] == IPPROTO_ICMP && is_icmp_error(ip[header]));
}

static bool is_answered_v6(const uint8_t *ip, uint32_t len)
{
	uint8_t type;

	if (len < sizeof(struct rte_ipv6_hdr) + 8 || ip[0] >> 4 != 6)
		return false;
	type = ip[sizeof(struct rte_ipv6_hdr)];
	return is_one_host_v6(ip + 8) && is_one_host_v6(ip + 24) &&
	       !(ip[6] == IPPROTO_ICMPV6 &&
		 (type < ICMPV6_INFORMATIONAL || type == ICMPV6_REDIRECT));
}

static bool is_answered(const struct too_big_link *link, const uint8_t *frame, uint32_t len,
			const struct tenant *tenant)
{
	const uint8_t *ethernet = frame + tenant->ethernet;
	const uint8_t *ip = frame + tenant->ip;

	if (read_be16(frame + tenant->outer_udp + 2) != link->vxlan_port ||
	    ip_is_multicast(frame + tenant->outer_ip) || (ethernet[0] & 1) || (ethernet[6] & 1))
		return false;
	if (tenant->type == RTE_ETHER_TYPE_IPV4)
		return is_answered_v4(ip, len - tenant->ip);
	return tenant->type == RTE_ETHER_TYPE_IPV6 && is_answered_v6(ip, len - tenant->ip);
}

/* --- the answer ------------------------------------------------------------------------------- */

static void write_source(uint8_t *mac, const uint8_t *vtep_end)
{
	memcpy(mac, NOBODYS_MAC, 2);
	memcpy(mac + 2, vtep_end - 4, 4);
}

/* Both headers' lengths, and the outer checksums, are written at the end. Returns where the
 * tenant's IP header belongs. */
static uint8_t *write_outer(const struct too_big_link *link, const uint8_t *frame,
			    const struct tenant *tenant, uint8_t *to)
{
	const uint8_t *ip = frame + tenant->outer_ip;
	uint32_t address = tenant->outer_ipv6 ? 16 : 4, at = tenant->outer_ipv6 ? 8 : 12;
	uint32_t ip_len = tenant->outer_udp - tenant->outer_ip;
	uint32_t inside = tenant->ip - tenant->ethernet;
	uint8_t *made = to + sizeof(struct rte_ether_hdr);

	memcpy(to, link->mac, 6);
	write_source(to + 6, ip + at + 2 * address);
	write_be16(to + 12, tenant->outer_ipv6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4);
	memcpy(made, ip, ip_len);
	memcpy(made + at, ip + at + address, address);
	memcpy(made + at + address, ip + at, address);
	made[tenant->outer_ipv6 ? 7 : 8] = TTL;
	/* UDP, VXLAN, the tenant's Ethernet with its tags. */
	made += ip_len;
	memcpy(made, frame + tenant->outer_udp, 16 + inside);
	made += 16;
	memcpy(made, frame + tenant->ethernet + 6, 6);
	write_source(made + 6, ip + at + 2 * address);
	return made + inside;
}

static uint32_t write_v4(const uint8_t *ip, uint32_t len, uint32_t mtu, uint8_t *to)
{
	struct rte_ipv4_hdr header = {
		.version_ihl = RTE_IPV4_VHL_DEF,
		.fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = TTL,
		.next_proto_id = IPPROTO_ICMP,
	};
	uint8_t *icmp = to + sizeof(header);
	uint32_t quoted = RTE_MIN(len, ERROR_MAX_V4 - (uint32_t)sizeof(header) - ICMP_ERROR_LEN);

	memcpy(&header.src_addr, ip + 16, 4);
	memcpy(&header.dst_addr, ip + 12, 4);
	memcpy(to, &header, sizeof(header));
	finish_ip(to, false, (uint32_t)sizeof(header) + ICMP_ERROR_LEN + quoted, 0);
	memset(icmp, 0, ICMP_ERROR_LEN);
	icmp[0] = ICMP_UNREACHABLE;
	icmp[1] = ICMP_FRAGMENTATION_NEEDED;
	write_be16(icmp + 6, (uint16_t)mtu);
	memcpy(icmp + ICMP_ERROR_LEN, ip, quoted);
	sum_write(icmp + 2, sum_finish(sum_bytes(icmp, ICMP_ERROR_LEN + quoted)));
	return (uint32_t)sizeof(header) + ICMP_ERROR_LEN + quoted;
}

static uint32_t write_v6(const uint8_t *ip, uint32_t len, uint32_t mtu, uint8_t *to)
{
	struct rte_ipv6_hdr header = {
		.vtc_flow = rte_cpu_to_be_32(6u << 28),
		.proto = IPPROTO_ICMPV6,
		.hop_limits = TTL,
	};
	uint8_t *icmp = to + sizeof(header);
	uint32_t quoted = RTE_MIN(len, ERROR_MAX_V6 - (uint32_t)sizeof(header) - ICMP_ERROR_LEN);
	uint16_t icmp_len = (uint16_t)(ICMP_ERROR_LEN + quoted);

	memcpy(header.src_addr, ip + 24, 16);
	memcpy(header.dst_addr, ip + 8, 16);
	header.payload_len = rte_cpu_to_be_16(icmp_len);
	memcpy(to, &header, sizeof(header));
	memset(icmp, 0, ICMP_ERROR_LEN);
	icmp[0] = ICMPV6_PACKET_TOO_BIG;
	write_be32(icmp + 4, mtu);
	memcpy(icmp + ICMP_ERROR_LEN, ip, quoted);
	sum_write(icmp + 2, sum_finish(sum_addresses(to, true, IPPROTO_ICMPV6) +
				       rte_cpu_to_be_16(icmp_len) + sum_bytes(icmp, icmp_len)));
	return (uint32_t)sizeof(header) + icmp_len;
}

uint32_t too_big_answer(const struct too_big_link *link, const uint8_t *frame, uint32_t len,
			uint8_t *to)
{
	uint8_t *ip = to + sizeof(struct rte_ether_hdr), *inner;
	struct tenant tenant;
	uint32_t headers, mtu;

	if (tenant_find(frame, len, &tenant) != 0 || !is_answered(link, frame, len, &tenant))
		return 0;
	headers = (uint32_t)tenant.ip - tenant.outer_ip;
	if (link->packet_max <= headers)
		return 0;
	mtu = link->packet_max - headers;
	inner = write_outer(link, frame, &tenant, to);
	inner += tenant.type == RTE_ETHER_TYPE_IPV4
			 ? write_v4(frame + tenant.ip, len - tenant.ip, mtu, inner)
			 : write_v6(frame + tenant.ip, len - tenant.ip, mtu, inner);
	finish_ip(ip, tenant.outer_ipv6, (uint32_t)(inner - ip), 0);
	finish_udp(ip, tenant.outer_ipv6, ip + (tenant.outer_udp - tenant.outer_ip),
		   (uint32_t)(inner - ip) - (tenant.outer_udp - tenant.outer_ip), true);
	return (uint32_t)(inner - to);
}

/* --- how many --------------------------------------------------------------------------------- */

bool too_big_pace_take(struct too_big_pace *pace, uint32_t sender, uint64_t now_ms)
{
	uint64_t *since = &pace->since_ms[sender % TOO_BIG_SENDERS];
	uint8_t *used = &pace->used[sender % TOO_BIG_SENDERS];
	uint64_t refills = (now_ms - *since) / TOO_BIG_REFILL_MS;

	*used = refills >= *used ? 0 : (uint8_t)(*used - refills);
	*since = *used ? *since + refills * TOO_BIG_REFILL_MS : now_ms;
	if (*used == TOO_BIG_BURST)
		return false;
	++*used;
	return true;
}

uint32_t too_big_sender(const uint8_t *answer)
{
	struct tenant tenant;
	uint32_t sum = 0;

	if (tenant_find(answer, TOO_BIG_ANSWER_MAX, &tenant) == 0)
		memcpy(&sum, answer + tenant.ethernet + 2, sizeof(sum));
	return sum ^ sum >> 8 ^ sum >> 16 ^ sum >> 24;
}
