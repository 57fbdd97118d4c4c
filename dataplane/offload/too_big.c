/* SPDX-License-Identifier: BSD-3-Clause */
#include "too_big.h"
#include "finish.h"
#include "tenant.h"
#include "upper_layer.h"
#include <rte_common.h>

#define TTL 64
/* The first two bytes of what the answer's Ethernet headers come from. The rest is the VTEP's
 * address. So bridges and VXLAN devices learn nothing about a tenant, and see no address move. */
#define NOBODYS_MAC "\x02\x63"
/* RFC 1812 section 4.3.2.3; RFC 4443 section 3.2. */
#define ERROR_MAX_V4 576u
#define ERROR_MAX_V6 MTU_MIN_V6
/* What each link must carry. */
#define MTU_MIN_V4 68u
#define MTU_MIN_V6 1280u

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

/* Extension headers must not hide an ICMP error. Where it cannot be told, it may be one. */
static bool may_be_error(const uint8_t *ip, uint32_t len)
{
	uint32_t at = 0;
	int protocol = upper_layer_find(ip, len, &at);

	if (protocol != IPPROTO_ICMP && protocol != IPPROTO_ICMPV6)
		return protocol < 0;
	if (at >= len)
		return true;
	return protocol == IPPROTO_ICMP
		       ? is_icmp_error(ip[at])
		       : ip[at] < ICMPV6_INFORMATIONAL || ip[at] == ICMPV6_REDIRECT;
}

/* At least the upper layer's first eight bytes are there to quote, where they follow directly. */
static bool is_answered_v4(const uint8_t *ip, uint32_t len)
{
	return len >= sizeof(struct rte_ipv4_hdr) + 8 && ip_version(ip) == 4 &&
	       is_one_host_v4(ip + 12) && is_one_host_v4(ip + 16);
}

static bool is_answered_v6(const uint8_t *ip, uint32_t len)
{
	return len >= sizeof(struct rte_ipv6_hdr) + 8 && ip_version(ip) == 6 &&
	       is_one_host_v6(ip + 8) && is_one_host_v6(ip + 24);
}

static bool is_answered(const struct too_big_link *link, const uint8_t *frame, uint32_t len,
			const struct tenant *tenant)
{
	const uint8_t *ethernet = frame + tenant->ethernet;
	const uint8_t *ip = frame + tenant->ip;
	uint32_t ip_len = len - tenant->ip;

	if (read_be16(frame + tenant->outer_udp + 2) != link->vxlan_port ||
	    ip_is_multicast(frame + tenant->outer_ip) || (ethernet[0] & 1) || (ethernet[6] & 1))
		return false;
	if (tenant->type == RTE_ETHER_TYPE_IPV4
		    ? !is_answered_v4(ip, ip_len)
		    : tenant->type != RTE_ETHER_TYPE_IPV6 || !is_answered_v6(ip, ip_len))
		return false;
	return !may_be_error(ip, ip_len);
}

/*
 * What fits, but no less than each link must carry (RFC 791 section 3.1; RFC 8200 section 5): no
 * host believes less (RFC 8201 section 4). 0: what does not fit is no longer than that, so there is
 * nothing that its sender could do.
 */
static uint32_t mtu_to_tell(const struct too_big_link *link, uint32_t len,
			    const struct tenant *tenant)
{
	uint32_t headers = (uint32_t)tenant->ip - tenant->outer_ip;
	uint32_t least = tenant->type == RTE_ETHER_TYPE_IPV6 ? MTU_MIN_V6 : MTU_MIN_V4;
	uint32_t mtu = link->packet_max > headers ? link->packet_max - headers : 0;

	mtu = RTE_MAX(mtu, least);
	return len - tenant->ip > mtu ? mtu : 0;
}

static struct too_big_sender find_sender(const uint8_t *frame, const struct tenant *tenant)
{
	const uint8_t *vxlan = frame + tenant->outer_udp + sizeof(struct rte_udp_hdr);
	const uint8_t *outer = frame + tenant->outer_ip, *inner = frame + tenant->ip;
	struct too_big_sender sender = {.vni = vxlan_vni((const struct rte_vxlan_hdr *)vxlan),
					.vxlan = vxlan};

	if (tenant->outer_ipv6)
		memcpy(sender.vtep, outer + 24, 16);
	else
		memcpy(sender.vtep, outer + 16, 4);
	if (tenant->type == RTE_ETHER_TYPE_IPV6)
		memcpy(sender.address, inner + 8, 16);
	else
		memcpy(sender.address, inner + 12, 4);
	return sender;
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
			struct too_big_sender *ret_sender, uint8_t *to)
{
	uint8_t *ip = to + sizeof(struct rte_ether_hdr), *inner;
	struct tenant tenant;
	uint32_t mtu;

	if (tenant_find(frame, len, &tenant) != 0 || !is_answered(link, frame, len, &tenant))
		return 0;
	mtu = mtu_to_tell(link, len, &tenant);
	if (mtu == 0)
		return 0;
	inner = write_outer(link, frame, &tenant, to);
	inner += tenant.type == RTE_ETHER_TYPE_IPV4
			 ? write_v4(frame + tenant.ip, len - tenant.ip, mtu, inner)
			 : write_v6(frame + tenant.ip, len - tenant.ip, mtu, inner);
	finish_ip(ip, tenant.outer_ipv6, (uint32_t)(inner - ip), 0);
	finish_udp(ip, tenant.outer_ipv6, ip + (tenant.outer_udp - tenant.outer_ip),
		   (uint32_t)(inner - ip) - (tenant.outer_udp - tenant.outer_ip), true);
	*ret_sender = find_sender(frame, &tenant);
	return (uint32_t)(inner - to);
}
