/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tunnels of other ports, which covey does not encrypt: VXLAN, VXLAN-GPE and Geneve, both ways.
 * What has a VNI of the fabric passes only as VXLAN in clear of that VNI would, whatever else the
 * headers say; what has another VNI passes, and so does what has none, but not a fragment whose
 * VNI is in the next one. Nothing is changed.
 */
#include "modes_lab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

static const uint16_t ports[] = {COVEY_VXLAN_OLD_PORT, COVEY_GPE_PORT, COVEY_GENEVE_PORT};
/* Of a group that this host has not joined. */
static const struct covey_vnis others[] = {
	{3, 3}, {4000, 4711 - 1}, {4711 + 1, 5000}, {0xffffff, 0xffffff}};

#define UDP_AT    (L2 + (modes_lab_ipv6() ? 40u : 20u))
#define TUNNEL_AT (UDP_AT + 8u)

static void open_fabric(struct lab *lab, bool vxlan_only)
{
	open_lab(lab, vxlan_only);
	dataplane_set_vnis(lab->dataplane, others, RTE_DIM(others));
}

/* Returns the frame's length. flags: the header's first four bytes, which differ between tunnels.
 */
static size_t make(uint32_t vni, bool outbound, uint16_t port, uint32_t flags, uint8_t *ret_frame)
{
	struct sample sample = sample_of(vni, outbound);
	size_t len = reference_vxlan(&sample, ret_frame);

	ret_frame[UDP_AT + 2] = (uint8_t)(port >> 8);
	ret_frame[UDP_AT + 3] = (uint8_t)port;
	flags = rte_cpu_to_be_32(flags);
	memcpy(ret_frame + TUNNEL_AT, &flags, sizeof(flags));
	return len;
}

static void expect_passed(const struct result *result, bool outbound, const uint8_t *frame,
			  size_t len)
{
	struct dataplane_counters expected = {.bypassed_out = outbound, .bypassed_in = !outbound};

	assert_int_equal(result->passed, 1);
	assert_int_equal(result->len, len);
	assert_memory_equal(result->bytes, frame, len);
	expect_counters(result, &expected);
}

static void expect(int mode, uint32_t vni, bool passes)
{
	static const uint32_t flags[] = {0, 0x0c000003, 0x00006558, 0x0a806558, 0xffffffff};

	for (unsigned i = 0; i < RTE_DIM(ports) * RTE_DIM(flags) * 2; i++) {
		uint16_t port = ports[i / 2 % RTE_DIM(ports)];
		uint8_t frame[REFERENCE_BYTES_MAX];
		bool outbound = i % 2;
		size_t len = make(vni, outbound, port, flags[i / 2 / RTE_DIM(ports)], frame);
		struct result result;
		struct lab lab;

		open_fabric(&lab, false);
		set_mode(&lab, 0, mode);
		run_bytes(&lab, outbound, frame, len, &result);
		if (passes)
			expect_passed(&result, outbound, frame, len);
		else
			expect_dropped(&result,
				       outbound ? COVEY_DROP_OUT_TUNNEL : COVEY_DROP_IN_TUNNEL);
		lab_close(&lab);
	}
}

static void test_each_vni(void **state)
{
	static const uint32_t ours[] = {OTHER_VNI, 3, 4000, 4500, 4710, 4712, 5000, 0xffffff};
	static const uint32_t not_ours[] = {0,           2,    4,        3999,
					    UNKNOWN_VNI, 5001, 0xfffffe, LAB_VNI << 8};

	for (unsigned i = 0; i < RTE_DIM(ours); i++)
		expect(COVEY_MODE_OBSERVE, ours[i], false);
	for (unsigned i = 0; i < RTE_DIM(not_ours); i++)
		expect(COVEY_MODE_ENFORCE, not_ours[i], true);
}

static void test_each_mode(void **state)
{
	for (int mode = COVEY_MODE_OBSERVE; mode <= COVEY_MODE_ENFORCE; mode++)
		expect(mode, LAB_VNI, mode != COVEY_MODE_ENFORCE);
}

static void set_lengths(uint8_t *frame, size_t len)
{
	uint16_t udp = rte_cpu_to_be_16((uint16_t)(len - UDP_AT));
	uint16_t ip = rte_cpu_to_be_16((uint16_t)(len - (modes_lab_ipv6() ? UDP_AT : L2)));

	memcpy(frame + UDP_AT + 4, &udp, sizeof(udp));
	memcpy(frame + L2 + (modes_lab_ipv6() ? 4 : 2), &ip, sizeof(ip));
}

/* The VNI ends with the seventh byte. */
static void test_cut_short(void **state)
{
	for (unsigned size = 0; size <= 8; size++)
		for (int outbound = 0; outbound < 2; outbound++) {
			uint8_t frame[REFERENCE_BYTES_MAX];
			struct result result;
			struct lab lab;

			make(LAB_VNI, outbound, COVEY_GENEVE_PORT, 0x6558, frame);
			set_lengths(frame, TUNNEL_AT + size);
			open_fabric(&lab, false);
			run_bytes(&lab, outbound, frame, TUNNEL_AT + size, &result);
			if (size < 7)
				expect_passed(&result, outbound, frame, TUNNEL_AT + size);
			else
				expect_dropped(&result, outbound ? COVEY_DROP_OUT_TUNNEL
								 : COVEY_DROP_IN_TUNNEL);
			lab_close(&lab);
		}
}

/* Returns the frame's new length. */
static size_t make_first_fragment(uint8_t *frame, size_t len)
{
	if (!modes_lab_ipv6()) {
		frame[L2 + 6] = 0x20;
		return len;
	}
	memmove(frame + UDP_AT + 8, frame + UDP_AT, len - UDP_AT);
	memcpy(frame + UDP_AT, (const uint8_t[]){17, 0, 0, 1, 0, 0, 0, 7}, 8);
	frame[L2 + 6] = 44;
	frame[L2 + 5] = (uint8_t)(frame[L2 + 5] + 8);
	return len + 8;
}

/* As above, but the next fragment has what is missing. */
static void test_cut_by_a_fragment(void **state)
{
	static const uint32_t vnis[] = {LAB_VNI, UNKNOWN_VNI};

	for (unsigned i = 0; i < 9 * 2 * 2; i++) {
		unsigned size = i / 4;
		bool outbound = i & 1, ours = !(i & 2);
		uint8_t frame[REFERENCE_BYTES_MAX];
		struct result result;
		struct lab lab;
		size_t len;

		make(vnis[!ours], outbound, COVEY_GENEVE_PORT, 0x6558, frame);
		set_lengths(frame, TUNNEL_AT + size);
		len = make_first_fragment(frame, TUNNEL_AT + size);
		open_fabric(&lab, false);
		run_bytes(&lab, outbound, frame, len, &result);
		if (size < 7)
			expect_dropped(&result, outbound ? COVEY_DROP_OUT_MALFORMED
							 : COVEY_DROP_IN_MALFORMED);
		else if (ours)
			expect_dropped(&result,
				       outbound ? COVEY_DROP_OUT_TUNNEL : COVEY_DROP_IN_TUNNEL);
		else
			expect_passed(&result, outbound, frame, len);
		lab_close(&lab);
	}
}

/* Of which nobody reads more than the first buffer. */
static void test_in_two_buffers(void **state)
{
	for (unsigned size = 0; size <= 8; size++)
		for (int outbound = 0; outbound < 2; outbound++) {
			uint8_t frame[REFERENCE_BYTES_MAX];
			size_t len = make(LAB_VNI, outbound, COVEY_GENEVE_PORT, 0x6558, frame);
			size_t first = TUNNEL_AT + size;
			struct rte_mbuf *packet = lab_packet(frame, first);
			struct result result;
			struct lab lab;

			assert_int_equal(
				rte_pktmbuf_chain(packet, lab_packet(frame + first, len - first)),
				0);
			open_fabric(&lab, false);
			run(&lab, outbound, packet, &result);
			if (size < 7)
				expect_dropped(&result, outbound ? COVEY_DROP_OUT_MALFORMED
								 : COVEY_DROP_IN_MALFORMED);
			else
				expect_dropped(&result, outbound ? COVEY_DROP_OUT_TUNNEL
								 : COVEY_DROP_IN_TUNNEL);
			lab_close(&lab);
		}
}

static void test_where_the_kernel_keeps_the_card(void **state)
{
	for (int outbound = 0; outbound < 2; outbound++) {
		uint8_t frame[REFERENCE_BYTES_MAX];
		struct result result;
		struct lab lab;

		open_fabric(&lab, true);
		set_mode(&lab, 0, COVEY_MODE_OBSERVE);
		run_bytes(&lab, outbound, frame,
			  make(UNKNOWN_VNI, outbound, COVEY_GPE_PORT, 0x0c000003, frame), &result);
		expect_dropped(&result,
			       outbound ? COVEY_DROP_OUT_NOT_VXLAN : COVEY_DROP_IN_NOT_VPE);
		lab_close(&lab);
	}
}

static int over_ipv4(void **state)
{
	modes_lab_over(false, COVEY_ENCAPSULATION_UDP);
	return 0;
}

static int over_ipv6(void **state)
{
	modes_lab_over(true, COVEY_ENCAPSULATION_UDP);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_vni),
		cmocka_unit_test(test_each_mode),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_cut_by_a_fragment),
		cmocka_unit_test(test_in_two_buffers),
		cmocka_unit_test(test_where_the_kernel_keeps_the_card),
	};
	int failed = lab_eal(NULL);

	failed += cmocka_run_group_tests_name("IPv4", tests, over_ipv4, NULL);
	failed += cmocka_run_group_tests_name("IPv6", tests, over_ipv6, NULL);
	return failed;
}
