/* SPDX-License-Identifier: BSD-3-Clause */
/* What does not fit and is a fragment already: of the tenant's packet, and of VXLAN itself. */
#include "tenant.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <too_big.h>

#include <cmocka.h>

/* A fragment that does not fit is a fragment again. */
static void test_fragments_of_fragments(void **state)
{
	static const struct tenant_wish udp = {"", UDP, false, false, true, 1450, NULL};
	struct tenant_packet packet = {.len = 0};
	struct tenant_pieces pieces;

	for (unsigned more = 0; more < 2; more++) {
		tenant_make(&udp, &packet);
		tenant_put16(packet.frame + packet.inner + 6, more * 0x2000 + 100);
		tenant_fix_checksum(packet.frame + packet.inner);
		assert_int_equal(tenant_cut(&packet, &pieces), SEGMENT_OK);
		assert_int_equal(pieces.count, 2);
		assert_int_equal(tenant_get16(pieces.bytes[0] + packet.inner + 6), 0x2000 + 100);
		assert_int_equal(tenant_get16(pieces.bytes[1] + packet.inner + 6),
				 more * 0x2000 + 100 + 1368 / 8);
	}
}

/* A fragment of VXLAN itself would not leave if it did fit. Nobody is told. */
static void test_fragments_of_vxlan(void **state)
{
	static const struct tenant_wish wishes[] = {{"IPv4", UDP, false, false, false, 1500, NULL},
						    {"IPv6", UDP, true, false, false, 1500, NULL}};
	uint8_t told[TOO_BIG_ANSWER_MAX];
	struct tenant_pieces pieces;

	for (size_t i = 0; i < 2; i++) {
		struct tenant_packet packet = {.len = 0};
		uint8_t *outer;

		tenant_make(&wishes[i], &packet);
		outer = packet.frame + packet.outer;
		assert_int_equal(tenant_cut(&packet, &pieces), SEGMENT_TOO_BIG);
		if (i == 0)
			tenant_put16(outer + 6, 0x2000);
		else
			outer[6] = 44;
		assert_int_equal(tenant_cut(&packet, &pieces), SEGMENT_FRAGMENT);
		assert_int_equal(tenant_answer(&packet, told), 0);
		/* Another protocol's are none of ours. */
		if (i == 0)
			outer[9] = 6;
		else
			outer[6] = 6;
		assert_int_equal(tenant_cut(&packet, &pieces), SEGMENT_TOO_BIG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fragments_of_fragments),
		cmocka_unit_test(test_fragments_of_vxlan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
