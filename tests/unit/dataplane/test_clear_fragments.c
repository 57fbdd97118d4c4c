/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fragments of VXLAN in clear. Only the first one has a VNI, so they pass only while no group of
 * this host enforces, and then the first one by its group's mode.
 */
#include "modes_lab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

enum part {
	FIRST,     /* with the VXLAN header */
	FIRST_CUT, /* it ends within that */
	LATER,
	LATER_OF_VPE, /* directly in IP: of the protocol that covey's own packets have */
};

static void set_length(uint8_t *frame, size_t len)
{
	size_t at = L2 + (modes_lab_ipv6() ? 4 : 2);

	len -= L2 + (modes_lab_ipv6() ? 40 : 0);
	frame[at] = (uint8_t)(len >> 8);
	frame[at + 1] = (uint8_t)len;
}

/* Put a fragment header behind IPv6's. */
static size_t insert_header(uint8_t *frame, size_t len, enum part part)
{
	uint8_t *header = frame + L2 + 40;

	memmove(header + 8, header, len - L2 - 40);
	memset(header, 0, 8);
	header[0] = frame[L2 + 6];
	header[3] = part == LATER || part == LATER_OF_VPE ? 8 : 1;
	frame[L2 + 6] = 44;
	return len + 8;
}

static size_t make(enum part part, uint32_t vni, bool outbound, uint8_t *frame)
{
	struct sample sample = sample_of(vni, outbound);
	size_t len = reference_vxlan(&sample, frame);
	bool ipv6 = modes_lab_ipv6();

	if (part == LATER_OF_VPE)
		frame[L2 + (ipv6 ? 6 : 9)] = COVEY_VPE_IP_PROTOCOL;
	if (ipv6)
		len = insert_header(frame, len, part);
	else if (part == FIRST || part == FIRST_CUT)
		frame[L2 + 6] = 0x20;
	else
		frame[L2 + 7] = 1;
	if (part == FIRST_CUT)
		len = L2 + (ipv6 ? 48 : 20) + 8 + 4;
	set_length(frame, len);
	return len;
}

/* --- what becomes of each ------------------------------------------------------------------- */

/* What shall happen to it besides being dropped. */
enum fate {
	DROPPED,
	CLEAR,
	BYPASSED,      /* as in each mode */
	BYPASSED_ONLY, /* because no group enforces */
};

static enum fate fate_out(int mode, int other, enum part part, uint32_t vni)
{
	bool observed = mode == COVEY_MODE_OBSERVE || other == COVEY_MODE_OBSERVE;

	if (mode == COVEY_MODE_ENFORCE || other == COVEY_MODE_ENFORCE || !observed)
		return DROPPED;
	if (part == LATER)
		return BYPASSED_ONLY;
	if (part != FIRST || vni == UNKNOWN_VNI)
		return DROPPED;
	return (vni == LAB_VNI ? mode : other) == COVEY_MODE_OBSERVE ? CLEAR : DROPPED;
}

static enum fate fate_in(int mode, int other, enum part part, uint32_t vni)
{
	if (part == LATER)
		return BYPASSED;
	if (part != FIRST || vni == UNKNOWN_VNI)
		return DROPPED;
	return mode == COVEY_MODE_ENFORCE || other == COVEY_MODE_ENFORCE ? DROPPED : CLEAR;
}

static enum covey_drop reason_of(bool outbound, enum part part)
{
	if (part == LATER_OF_VPE)
		return outbound ? COVEY_DROP_OUT_VPE : COVEY_DROP_IN_FRAGMENT;
	return outbound ? COVEY_DROP_OUT_FRAGMENT : COVEY_DROP_IN_CLEAR_VXLAN;
}

static void expect_bypassed(const struct result *result, bool outbound, enum fate fate,
			    const uint8_t *frame, size_t len)
{
	struct dataplane_counters expected = {.bypassed_out = outbound, .bypassed_in = !outbound};

	if (fate == BYPASSED_ONLY)
		expected.would_drop[COVEY_DROP_OUT_FRAGMENT] = 1;
	assert_int_equal(result->passed, 1);
	assert_int_equal(result->len, len);
	assert_memory_equal(result->bytes, frame, len);
	expect_counters(result, &expected);
}

/* What was cut off lies behind it still: whoever reads on finds the VNI. */
static struct rte_mbuf *packet_of(const uint8_t *frame, size_t len)
{
	struct rte_mbuf *packet = lab_packet(frame, len + 20);

	assert_int_equal(rte_pktmbuf_trim(packet, 20), 0);
	return packet;
}

static void check(int mode, int other, bool outbound, enum part part, uint32_t vni)
{
	enum fate fate =
		outbound ? fate_out(mode, other, part, vni) : fate_in(mode, other, part, vni);
	uint8_t frame[REFERENCE_BYTES_MAX] = {0};
	size_t len = make(part, vni, outbound, frame);
	struct result result;
	struct lab lab;

	open_lab(&lab, false);
	set_mode(&lab, 0, mode);
	set_mode(&lab, OTHER_GROUP, other);
	run(&lab, outbound, packet_of(frame, len), &result);
	if (fate == DROPPED)
		expect_dropped(&result, reason_of(outbound, part));
	else if (fate == CLEAR)
		expect_clear(&result, outbound, reason_of(outbound, part), frame, len);
	else
		expect_bypassed(&result, outbound, fate, frame, len);
	lab_close(&lab);
}

static void check_all(int mode, int other)
{
	static const uint32_t vnis[] = {LAB_VNI, OTHER_VNI, UNKNOWN_VNI};

	for (int outbound = 0; outbound < 2; outbound++)
		for (int part = FIRST; part <= LATER_OF_VPE; part++)
			for (unsigned i = 0; i < RTE_DIM(vnis); i++)
				check(mode, other, outbound, (enum part)part, vnis[i]);
}

static void test_each_pair_of_modes(void **state)
{
	for (int mode = COVEY_MODE_OBSERVE; mode <= COVEY_MODE_ENFORCE; mode++)
		for (int other = COVEY_MODE_OBSERVE; other <= COVEY_MODE_ENFORCE; other++)
			check_all(mode, other);
}

static void test_where_the_kernel_keeps_the_card_none_passes(void **state)
{
	static const enum part parts[] = {FIRST, LATER};

	for (int outbound = 0; outbound < 2; outbound++)
		for (unsigned i = 0; i < RTE_DIM(parts); i++) {
			uint8_t frame[REFERENCE_BYTES_MAX];
			size_t len = make(parts[i], LAB_VNI, outbound, frame);
			struct result result;
			struct lab lab;

			open_lab(&lab, true);
			set_mode(&lab, 0, COVEY_MODE_OBSERVE);
			set_mode(&lab, OTHER_GROUP, COVEY_MODE_OBSERVE);
			run_bytes(&lab, outbound, frame, len, &result);
			expect_dropped(&result, parts[i] == LATER && !outbound
							? COVEY_DROP_IN_NOT_VPE
							: reason_of(outbound, parts[i]));
			lab_close(&lab);
		}
}

static int ipv4(void **state)
{
	modes_lab_over(false, COVEY_ENCAPSULATION_UDP);
	return 0;
}

static int ipv6(void **state)
{
	modes_lab_over(true, COVEY_ENCAPSULATION_UDP);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_pair_of_modes),
		cmocka_unit_test(test_where_the_kernel_keeps_the_card_none_passes),
	};
	int failed = lab_eal(NULL);

	failed += cmocka_run_group_tests_name("IPv4", tests, ipv4, NULL);
	failed += cmocka_run_group_tests_name("IPv6", tests, ipv6, NULL);
	return failed;
}
