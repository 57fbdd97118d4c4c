/* SPDX-License-Identifier: BSD-3-Clause */
/* What does not fit and has work in it that the kernel left to us: unfinished checksums, and
 * super-frames. */
#include "tenant.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <too_big.h>

#include <cmocka.h>
#include <netinet/in.h>

static void leave_unfinished(struct tenant_packet *packet, unsigned protocol, unsigned field)
{
	unsigned len = packet->len - packet->l4;

	packet->header = (struct vnet_header){.flags = VNET_FLAG_NEEDS_CSUM,
					      .csum_start = (uint16_t)packet->l4,
					      .csum_offset = (uint16_t)field};
	tenant_put16(packet->frame + packet->l4 + field,
		     tenant_pseudo(packet->frame + packet->inner, protocol, len));
}

static void test_unfinished_checksums(void **state)
{
	static const struct tenant_wish tcp = {"", TCP, false, false, false, 1450, NULL};
	static const struct tenant_wish udp = {"", UDP, true, false, true, 1450, NULL};
	struct tenant_packet packet = {.len = 0}, finished = {.len = 0};
	struct tenant_pieces pieces;

	tenant_make(&tcp, &packet);
	leave_unfinished(&packet, IPPROTO_TCP, 16);
	assert_int_equal(tenant_cut(&packet, &pieces), SEGMENT_OK);
	tenant_expect_segments(&packet, &pieces);

	tenant_make(&udp, &finished);
	packet = finished;
	leave_unfinished(&packet, IPPROTO_UDP, 6);
	assert_int_equal(tenant_cut(&packet, &pieces), SEGMENT_OK);
	tenant_expect_fragments(&finished, &pieces);

	/* The outer one. */
	packet = finished;
	packet.header = (struct vnet_header){.flags = VNET_FLAG_NEEDS_CSUM,
					     .csum_start = (uint16_t)packet.udp,
					     .csum_offset = 6};
	assert_int_equal(tenant_cut(&packet, &pieces), SEGMENT_OK);
	tenant_expect_fragments(&finished, &pieces);

	/* And lies. */
	packet.header.csum_start = (uint16_t)packet.inner;
	assert_int_equal(tenant_cut(&packet, &pieces), SEGMENT_HEADER);
	packet.header.csum_start = 65535;
	assert_int_equal(tenant_cut(&packet, &pieces), SEGMENT_HEADER);
	packet.header.csum_start = (uint16_t)(packet.len - 4);
	packet.header.csum_offset = 2;
	assert_int_equal(tenant_cut(&packet, &pieces), SEGMENT_HEADER);
}

/* A super-frame of UDP whose datagrams do not fit is answered once. */
static void test_super_frame(void **state)
{
	static const struct tenant_wish udp = {"", UDP, false, false, false, 3000, NULL};
	uint8_t told[TOO_BIG_ANSWER_MAX];
	struct tenant_packet packet = {.len = 0};
	struct tenant_pieces pieces;

	tenant_make(&udp, &packet);
	leave_unfinished(&packet, IPPROTO_UDP, 6);
	packet.header.gso_type = VNET_GSO_UDP_L4 | VNET_GSO_TUNNEL_IPV4;
	packet.header.gso_size = 1420;
	packet.header.outer_transport = (uint16_t)packet.udp;
	packet.header.inner_network = (uint16_t)packet.inner;
	assert_int_equal(tenant_cut(&packet, &pieces), SEGMENT_TOO_BIG);
	tenant_expect_answer(&packet, told, tenant_answer(&packet, told));
	packet.header.gso_size = 1362;
	assert_int_equal(tenant_cut(&packet, &pieces), SEGMENT_OK);
	assert_int_equal(pieces.count, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unfinished_checksums),
		cmocka_unit_test(test_super_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
