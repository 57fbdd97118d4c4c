/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "ecn.h"
#include <cmocka.h>
#include <covey/limits.h>
#include <covey/wire.h>
#include <string.h>

static void test_header_bytes(void **state)
{
	static const uint8_t expected[16] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
					     0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10};
	struct covey_vpe_header header;

	covey_vpe_set(&header, 0x01020304, 0x0506, 0x0708, 0x090a0b0c0d0e0f10);
	assert_memory_equal(&header, expected, sizeof(expected));
	assert_int_equal(covey_vpe_esn(&header), 0x090a0b0c0d0e0f10);
	assert_int_equal(offsetof(struct covey_vpe_header, sender_id), COVEY_VPE_IV_OFFSET);
	assert_int_equal(offsetof(struct covey_vpe_header, icv), COVEY_VPE_ICV_OFFSET);
	assert_int_equal(offsetof(struct covey_vpe_header, icv),
			 COVEY_VPE_IV_OFFSET + COVEY_IV_LEN);
}

static void test_esn(void **state)
{
	assert_int_equal(covey_esn(0xabcd, 5), 0xabcd000000000005);
	assert_int_equal(covey_esn_epoch(0xabcd123456789abc), 0xabcd);
	assert_int_equal(covey_esn(COVEY_EPOCH_MAX, COVEY_ESN_COUNTER_MAX), UINT64_MAX);
}

static void test_window_id(void **state)
{
	assert_int_equal(covey_window_id(7, 1, 0xfff), 0xffff);
	assert_int_equal(covey_window_id(5, 0, 3), 0xa003);
	assert_int_equal(covey_window_id(0, 1, 0x1001), 0x1001);
	assert_int_equal(covey_window_class(0xa003), 5);
	assert_int_equal(covey_window_cast(0xb003), 1);
	assert_int_equal(covey_udp_source_port(0x0000), 0xc000);
	assert_int_equal(covey_udp_source_port(0xb003), 0xec03);
	assert_int_equal(covey_udp_source_port(0xffff), 0xffff);
	/* Only the path's lower ten bits fit. */
	assert_int_equal(covey_udp_source_port(0x0c05), covey_udp_source_port(0x0005));
}

/* Figure 4 of RFC 6040, in its order: Not-ECT, ECT(0), ECT(1), CE. */
static void test_ecn_table(void **state)
{
	static const unsigned order[4] = {ECN_NOT_ECT, ECN_ECT_0, ECN_ECT_1, ECN_CE};
	static const int figure[4][4] = {
		{ECN_NOT_ECT, ECN_NOT_ECT, ECN_NOT_ECT, -1},
		{ECN_ECT_0, ECN_ECT_0, ECN_ECT_1, ECN_CE},
		{ECN_ECT_1, ECN_ECT_1, ECN_ECT_1, ECN_CE},
		{ECN_CE, ECN_CE, ECN_CE, ECN_CE},
	};

	for (unsigned inner = 0; inner < 4; inner++)
		for (unsigned outer = 0; outer < 4; outer++)
			assert_int_equal(ecn_combine(order[outer], order[inner]),
					 figure[inner][outer]);
}

/* The checksum stays right, whatever it was. */
static void test_ecn_checksum(void **state)
{
	for (unsigned id = 0; id < 65536; id++) {
		struct rte_ipv4_hdr header = {
			.version_ihl = RTE_IPV4_VHL_DEF,
			.type_of_service = (uint8_t)(0xb8 | ECN_ECT_0),
			.packet_id = (uint16_t)id,
			.time_to_live = 64,
			.src_addr = 0x0100000a,
			.dst_addr = 0x010101ef,
		};

		header.hdr_checksum = rte_ipv4_cksum(&header);
		ecn_set((uint8_t *)&header, ECN_CE);
		assert_int_equal(header.type_of_service, 0xb8 | ECN_CE);
		assert_int_equal(rte_raw_cksum(&header, sizeof(header)), 0xffff);
	}
}

static void test_ecn_ipv6(void **state)
{
	uint8_t ip[40] = {0x6b, 0x8f, 0x12, 0x34};

	assert_int_equal(ip_traffic_class(ip), 0xb8);
	ecn_set(ip, ECN_CE);
	assert_int_equal(ip_traffic_class(ip), 0xb8 | ECN_CE);
	assert_int_equal(ip[1] & 0x0f, 0x0f);
	assert_int_equal(ip[0], 0x6b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header_bytes), cmocka_unit_test(test_esn),
		cmocka_unit_test(test_window_id),    cmocka_unit_test(test_ecn_table),
		cmocka_unit_test(test_ecn_checksum), cmocka_unit_test(test_ecn_ipv6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
