/* SPDX-License-Identifier: BSD-3-Clause */

/* The two questions of which multicast groups the kernel wants, by DPDK's idea of their headers. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <string.h>

#include "group_queries.h"

/* Aligned, behind Ethernet. */
static uint8_t packet[128] __attribute__((aligned(16)));

static size_t take(unsigned index, const char *mac, uint16_t type)
{
	const struct group_query query = group_query(index);
	struct rte_ether_hdr ethernet;
	char text[RTE_ETHER_ADDR_FMT_SIZE];

	memcpy(&ethernet, query.frame, sizeof(ethernet));
	rte_ether_format_addr(text, sizeof(text), &ethernet.dst_addr);
	assert_string_equal(text, mac);
	assert_true(rte_is_local_admin_ether_addr(&ethernet.src_addr));
	assert_true(rte_is_unicast_ether_addr(&ethernet.src_addr));
	assert_int_equal(ntohs(ethernet.ether_type), type);
	memcpy(packet, query.frame + sizeof(ethernet), query.len - sizeof(ethernet));
	return query.len - sizeof(ethernet);
}

static void test_igmp(void **state)
{
	size_t len = take(0, "01:00:5E:00:00:01", RTE_ETHER_TYPE_IPV4);
	const struct rte_ipv4_hdr *ip = (const void *)packet;
	const uint8_t *igmp = packet + rte_ipv4_hdr_len(ip);

	assert_int_equal(ntohs(ip->total_length), len);
	assert_int_equal(ip->time_to_live, 1);
	assert_int_equal(ip->next_proto_id, IPPROTO_IGMP);
	assert_int_equal(ip->src_addr, 0);
	assert_int_equal(ntohl(ip->dst_addr), INADDR_ALLHOSTS_GROUP);
	assert_int_equal(rte_raw_cksum(ip, rte_ipv4_hdr_len(ip)), 0xffff);
	assert_int_equal(packet + len - igmp, 12); /* so IGMPv3 (RFC 3376 section 7.1) */
	assert_int_equal(rte_raw_cksum(igmp, 12), 0xffff);
	assert_int_equal(igmp[0], 0x11);
	assert_int_equal(igmp[1], 1);
}

static void test_mld(void **state)
{
	size_t len = take(1, "33:33:00:00:00:01", RTE_ETHER_TYPE_IPV6);
	struct rte_ipv6_hdr ip;
	const uint8_t *options = packet + sizeof(ip), *mld = options + 8;
	const uint8_t router_alert[] = {IPPROTO_ICMPV6, 0, 5, 2, 0, 0, 1, 0};
	struct in6_addr address;
	uint32_t sum;

	memcpy(&ip, packet, sizeof(ip));
	assert_int_equal(ntohs(ip.payload_len), len - sizeof(ip));
	assert_int_equal(ip.hop_limits, 1);
	assert_int_equal(ip.proto, IPPROTO_HOPOPTS);
	assert_memory_equal(options, router_alert, sizeof(router_alert));
	memcpy(&address, ip.src_addr, sizeof(address));
	assert_true(IN6_IS_ADDR_LINKLOCAL(&address));
	inet_pton(AF_INET6, "ff02::1", &address);
	assert_memory_equal(ip.dst_addr, &address, sizeof(address));
	assert_int_equal(packet + len - mld, 28); /* so MLDv2 (RFC 3810 section 8.1) */
	assert_int_equal(mld[0], 130);
	ip.proto = IPPROTO_ICMPV6;
	ip.payload_len = htons(28);
	sum = rte_raw_cksum(mld, 28);
	sum += rte_ipv6_phdr_cksum(&ip, 0);
	assert_int_equal((sum & 0xffff) + (sum >> 16), 0xffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_igmp),
		cmocka_unit_test(test_mld),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
