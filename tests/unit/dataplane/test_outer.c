/* SPDX-License-Identifier: BSD-3-Clause */
/* The outer IPv4 header's length and checksum, for as many headers as carry in every way. */
#include "outer.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#define HEADERS 2000000u

static struct outer make(enum covey_encapsulation encapsulation)
{
	struct dataplane_config config = {
		.vtep = {.family = AF_INET, .bytes = {0xff, 0xfe, 0xff, 0xfd}},
		.encapsulation = encapsulation,
		.vpe_port = COVEY_VPE_PORT,
		.vpe_protocol = COVEY_VPE_IP_PROTOCOL,
	};
	struct outer outer;

	outer_make(&config, 1, 1, &outer);
	return outer;
}

static void fill(void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((uint8_t *)bytes)[i] = rand() % 4 ? (uint8_t)rand() : 0xff;
}

static void test_checksum(void **state)
{
	for (unsigned i = 0; i < HEADERS; i++) {
		bool udp = i & 1;
		struct outer outer = make(udp ? COVEY_ENCAPSULATION_UDP : COVEY_ENCAPSULATION_IP);
		uint16_t len = outer_len(false, udp), total = (uint16_t)(20 + rand() % 65000);
		uint8_t bytes[128];
		struct rte_ipv4_hdr inner, written;

		fill(&inner, sizeof(inner));
		inner.total_length = rte_cpu_to_be_16(total);
		memcpy(bytes + len, &inner, sizeof(inner));
		outer_write(&outer, false, udp, bytes + len, total, 1, 1);
		memcpy(&written, bytes, sizeof(written));
		assert_int_equal(rte_be_to_cpu_16(written.total_length), total + len);
		/* A sum that is right sums up to all ones: RFC 1071. */
		assert_int_equal(rte_raw_cksum(&written, sizeof(written)), 0xffff);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_checksum)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
