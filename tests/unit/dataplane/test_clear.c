/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What passes in clear, by the mode of its group: each mode, both directions, of a VNI of that
 * group, of another one that enforces, and of none. What passes in clear is unchanged, and exactly
 * the counters move that should.
 */
#include "modes_lab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

/* --- each mode, direction and VNI ----------------------------------------------------------- */

static void expect_out(const struct lab *lab, int mode, uint32_t vni, const struct result *result)
{
	struct sample sample = sample_of(vni, true);

	if (vni == UNKNOWN_VNI)
		expect_dropped(result, COVEY_DROP_OUT_UNKNOWN_VNI);
	else if (vni == LAB_VNI && mode == COVEY_MODE_OBSERVE)
		expect_sample(result, true, NOTHING, &sample);
	else
		expect_encrypted(lab, result, &sample);
}

static void expect_in(int mode, uint32_t vni, const struct result *result)
{
	struct sample sample = sample_of(vni, false);

	if (vni == LAB_VNI && mode != COVEY_MODE_ENFORCE)
		expect_sample(result, false, COVEY_DROP_IN_CLEAR_VXLAN, &sample);
	else
		expect_dropped(result, COVEY_DROP_IN_CLEAR_VXLAN);
}

static void test_each_mode_direction_and_vni(void **state)
{
	static const uint32_t vnis[] = {LAB_VNI, OTHER_VNI, UNKNOWN_VNI};
	struct result result;
	struct lab lab;

	for (int mode = COVEY_MODE_OBSERVE; mode <= COVEY_MODE_ENFORCE; mode++)
		for (unsigned i = 0; i < RTE_DIM(vnis); i++) {
			open_lab(&lab, false);
			set_mode(&lab, 0, mode);
			run_clear(&lab, true, vnis[i], &result);
			expect_out(&lab, mode, vnis[i], &result);
			lab_close(&lab);
			open_lab(&lab, false);
			set_mode(&lab, 0, mode);
			run_clear(&lab, false, vnis[i], &result);
			expect_in(mode, vnis[i], &result);
			lab_close(&lab);
		}
}

static void run_vpe(struct lab *lab, uint32_t spi, uint32_t vni, struct result *ret_result)
{
	struct sample sample = sample_of(vni, false);
	struct covey_sa sa = lab_sa(spi, 5);
	struct reference_sa reference = lab_reference(lab, &sa);
	struct reference_iv iv = {LAB_PEER, 0x1234, covey_esn(3, 10)};
	uint8_t clear[REFERENCE_BYTES_MAX], wire[REFERENCE_BYTES_MAX];
	size_t len = reference_vxlan(&sample, clear);

	len = reference_vpe(&reference, iv, clear, L2, len, wire);
	run_bytes(lab, false, wire, len, ret_result);
}

/* And what one group's key has sealed never enters another, which takes packets in clear. */
static void test_encrypted_packets_enter_in_each_mode(void **state)
{
	struct sample sample = sample_of(LAB_VNI, false);
	uint8_t frame[REFERENCE_BYTES_MAX];
	size_t len = reference_vxlan(&sample, frame);
	struct result result;
	struct lab lab;

	for (int mode = COVEY_MODE_OBSERVE; mode <= COVEY_MODE_ENFORCE; mode++) {
		struct dataplane_counters expected = {.decrypted_packets = 1,
						      .decrypted_bytes = len - L2};

		open_lab(&lab, false);
		set_mode(&lab, 0, mode);
		run_vpe(&lab, LAB_SPI, LAB_VNI, &result);
		assert_int_equal(result.passed, 1);
		assert_int_equal(result.len, len);
		assert_memory_equal(result.bytes, frame, len);
		expect_counters(&result, &expected);
		lab_close(&lab);
		open_lab(&lab, false);
		set_mode(&lab, 0, mode);
		run_vpe(&lab, OTHER_SPI, LAB_VNI, &result);
		expect_dropped(&result, COVEY_DROP_IN_INNER_VNI);
		lab_close(&lab);
	}
}

/* --- a VNI that is never in clear ---------------------------------------------------------------
 */

/* The other VNI of its group goes on as the group's mode says. */
static void test_a_strict_vni_is_encrypted_and_the_rest_of_its_group_is_not(void **state)
{
	const uint32_t strict = LAB_VNI + 1, vnis[] = {LAB_VNI, strict};
	const struct sample plain = sample_of(LAB_VNI, true), sealed = sample_of(strict, true);

	for (int i = 0; i < 6; i++) {
		bool is_strict = i % 2, out = i < 4;
		struct result result;
		struct lab lab;

		open_lab(&lab, false);
		assert_int_equal(dataplane_group_set(lab.dataplane, 0, vnis, 2, NULL), 0);
		assert_int_equal(dataplane_set_strict(lab.dataplane, &strict, 1), 0);
		set_mode(&lab, 0, COVEY_MODE_OBSERVE);
		if (i == 2 || i == 3)
			dataplane_sa_remove(lab.dataplane, LAB_SPI);
		run_clear(&lab, out, is_strict ? strict : LAB_VNI, &result);
		if (!is_strict)
			assert_int_equal(result.passed, 1);
		else if (!out)
			expect_dropped(&result, COVEY_DROP_IN_CLEAR_VXLAN);
		else if (i == 3)
			expect_dropped(&result, COVEY_DROP_OUT_NO_SA);
		else
			expect_encrypted(&lab, &result, &sealed);
		if (i == 0)
			expect_sample(&result, true, NOTHING, &plain);
		lab_close(&lab);
	}
}

/* --- where the kernel keeps the card -------------------------------------------------------- */

/* A packet that comes to covey while the mode changes may not leave by a socket in clear. */
static void test_where_the_kernel_keeps_the_card_all_is_encrypted(void **state)
{
	struct sample sample = sample_of(LAB_VNI, true);
	struct result result;
	struct lab lab;

	open_lab(&lab, true);
	set_mode(&lab, 0, COVEY_MODE_OBSERVE);
	set_mode(&lab, OTHER_GROUP, COVEY_MODE_OBSERVE);
	run_clear(&lab, true, LAB_VNI, &result);
	expect_encrypted(&lab, &result, &sample);
	lab_close(&lab);
	open_lab(&lab, true);
	set_mode(&lab, 0, COVEY_MODE_OBSERVE);
	dataplane_sa_remove(lab.dataplane, LAB_SPI);
	run_clear(&lab, true, LAB_VNI, &result);
	expect_dropped(&result, COVEY_DROP_OUT_NO_SA);
	lab_close(&lab);
	open_lab(&lab, true);
	set_mode(&lab, 0, COVEY_MODE_OBSERVE);
	run_clear(&lab, false, LAB_VNI, &result);
	expect_dropped(&result, COVEY_DROP_IN_CLEAR_VXLAN);
	lab_close(&lab);
}

/* --- what enforce would drop ---------------------------------------------------------------- */

static void no_sa(struct lab *lab, struct sample *sample)
{
	dataplane_sa_remove(lab->dataplane, LAB_SPI);
}

static void not_sender(struct lab *lab, struct sample *sample)
{
	struct covey_sa sa = lab_sa(LAB_SPI + 1, 5);

	sa.may_send = false;
	lab_install_active(lab, &sa);
}

static void source(struct lab *lab, struct sample *sample)
{
	sample->source = 9;
}

static void family(struct lab *lab, struct sample *sample)
{
	sample->ipv6 = !modes_lab_ipv6();
}

/* IP, UDP and VXLAN. */
static uint16_t headers_len(void)
{
	return (modes_lab_ipv6() ? 40 : 20) + 16;
}

static void too_big(struct lab *lab, struct sample *sample)
{
	sample->payload_len =
		(uint16_t)(LAB_MTU - lab->dataplane->engine.overhead - headers_len() + 1);
}

static void as_big_as_can_be(struct lab *lab, struct sample *sample)
{
	sample->payload_len = (uint16_t)(LAB_MTU - headers_len());
}

static void form(struct lab *lab, struct sample *sample)
{
	sample->tags = 2;
	sample->option_words = 3;
}

static void test_what_enforce_would_drop_leaves_and_is_counted(void **state)
{
	static const struct {
		void (*change)(struct lab *lab, struct sample *sample);
		enum covey_drop reason;
	} rows[] = {
		{no_sa, COVEY_DROP_OUT_NO_SA},
		{not_sender, COVEY_DROP_OUT_NOT_SENDER},
		{source, COVEY_DROP_OUT_SOURCE},
		{family, COVEY_DROP_OUT_SOURCE},
		{too_big, COVEY_DROP_OUT_TOO_BIG},
		{as_big_as_can_be, COVEY_DROP_OUT_TOO_BIG},
		{form, NOTHING},
	};

	for (unsigned i = 0; i < RTE_DIM(rows); i++) {
		struct sample sample = sample_of(LAB_VNI, true);
		uint8_t frame[REFERENCE_BYTES_MAX];
		struct result result;
		struct lab lab;
		size_t len;

		open_lab(&lab, false);
		set_mode(&lab, 0, COVEY_MODE_OBSERVE);
		rows[i].change(&lab, &sample);
		len = reference_vxlan(&sample, frame);
		run_bytes(&lab, true, frame, len, &result);
		expect_clear(&result, true, rows[i].reason, frame, len);
		lab_close(&lab);
	}
}

/* Nobody would count it on its way. */
static void test_what_is_too_big_in_clear_is_dropped(void **state)
{
	struct sample sample = sample_of(LAB_VNI, true);
	uint8_t frame[REFERENCE_BYTES_MAX];
	struct result result;
	struct lab lab;

	open_lab(&lab, false);
	set_mode(&lab, 0, COVEY_MODE_OBSERVE);
	as_big_as_can_be(&lab, &sample);
	sample.payload_len++;
	run_bytes(&lab, true, frame, reference_vxlan(&sample, frame), &result);
	expect_dropped(&result, COVEY_DROP_OUT_TOO_BIG);
	lab_close(&lab);
}

/* In several buffers, which the cipher has to walk; in clear they only pass. */
static void test_it_passes_in_several_buffers(void **state)
{
	for (int outbound = 0; outbound < 2; outbound++) {
		struct sample sample = sample_of(LAB_VNI, outbound);
		uint8_t frame[REFERENCE_BYTES_MAX];
		size_t len = reference_vxlan(&sample, frame);
		struct rte_mbuf *packet = lab_packet(frame, len - 50);
		struct result result;
		struct lab lab;

		assert_int_equal(rte_pktmbuf_chain(packet, lab_packet(frame + len - 50, 50)), 0);
		open_lab(&lab, false);
		set_mode(&lab, 0, COVEY_MODE_OBSERVE);
		run(&lab, outbound, packet, &result);
		expect_clear(&result, outbound, outbound ? NOTHING : COVEY_DROP_IN_CLEAR_VXLAN,
			     frame, len);
		lab_close(&lab);
	}
}

/* --- what no mode lets pass ----------------------------------------------------------------- */

/* What the kernel answers to VXLAN that it has no use for: an ICMP error before the packet. */
static size_t quote(uint8_t *frame, size_t len)
{
	size_t ip_len = modes_lab_ipv6() ? 40 : 20, l4 = L2 + ip_len;

	memmove(frame + l4 + 8, frame + L2, len - L2);
	memset(frame + l4, 0, 8);
	frame[l4] = modes_lab_ipv6() ? 1 : 3;
	len += ip_len + 8;
	frame[L2 + (modes_lab_ipv6() ? 6 : 9)] = modes_lab_ipv6() ? 58 : 1;
	frame[L2 + (modes_lab_ipv6() ? 4 : 2)] =
		(uint8_t)((len - L2 - (modes_lab_ipv6() ? 40 : 0)) >> 8);
	frame[L2 + (modes_lab_ipv6() ? 5 : 3)] = (uint8_t)(len - L2 - (modes_lab_ipv6() ? 40 : 0));
	return len;
}

static void test_quotes_pass_in_no_mode(void **state)
{
	for (int outbound = 0; outbound < 2; outbound++) {
		struct sample sample = sample_of(LAB_VNI, outbound);
		uint8_t frame[REFERENCE_BYTES_MAX];
		struct result result;
		struct lab lab;

		open_lab(&lab, false);
		set_mode(&lab, 0, COVEY_MODE_OBSERVE);
		set_mode(&lab, OTHER_GROUP, COVEY_MODE_OBSERVE);
		run_bytes(&lab, outbound, frame, quote(frame, reference_vxlan(&sample, frame)),
			  &result);
		expect_dropped(&result,
			       outbound ? COVEY_DROP_OUT_QUOTE : COVEY_DROP_IN_CLEAR_VXLAN);
		lab_close(&lab);
	}
}

/* VXLAN without the I flag has no VNI, and so no group. */
static void test_vxlan_without_a_vni_passes_in_no_mode(void **state)
{
	for (int outbound = 0; outbound < 2; outbound++) {
		struct sample sample = sample_of(LAB_VNI, outbound);
		uint8_t frame[REFERENCE_BYTES_MAX];
		size_t len = reference_vxlan(&sample, frame);
		struct result result;
		struct lab lab;

		open_lab(&lab, false);
		set_mode(&lab, 0, COVEY_MODE_OBSERVE);
		frame[L2 + (modes_lab_ipv6() ? 40 : 20) + 8] = 0;
		run_bytes(&lab, outbound, frame, len, &result);
		expect_dropped(&result,
			       outbound ? COVEY_DROP_OUT_MALFORMED : COVEY_DROP_IN_MALFORMED);
		lab_close(&lab);
	}
}

/* --- a burst of all kinds ------------------------------------------------------------------- */

/* Those that leave in clear keep their places among those that leave encrypted. */
static void test_a_burst_keeps_its_order(void **state)
{
	static const uint32_t vnis[] = {LAB_VNI, OTHER_VNI, UNKNOWN_VNI,
					LAB_VNI, LAB_VNI,   OTHER_VNI};
	struct rte_mbuf *packets[RTE_DIM(vnis)], *sent[RTE_DIM(vnis)];
	uint8_t frame[REFERENCE_BYTES_MAX];
	size_t len = 0;
	struct lab lab;

	open_lab(&lab, false);
	set_mode(&lab, 0, COVEY_MODE_OBSERVE);
	for (unsigned i = 0; i < RTE_DIM(vnis); i++) {
		struct sample sample = sample_of(vnis[i], true);

		len = reference_vxlan(&sample, frame);
		packets[i] = sent[i] = lab_packet(frame, len);
	}
	assert_int_equal(outbound_burst(lab.worker, packets, RTE_DIM(vnis)), RTE_DIM(vnis) - 1);
	for (unsigned i = 0; i < RTE_DIM(vnis) - 1; i++) {
		unsigned from = i < 2 ? i : i + 1;

		assert_ptr_equal(packets[i], sent[from]);
		assert_int_equal(
			packets[i]->pkt_len,
			len + (vnis[from] == OTHER_VNI ? lab.dataplane->engine.overhead : 0u));
		rte_pktmbuf_free(packets[i]);
	}
	lab_close(&lab);
}

/* --- all of it for each form of the fabric -------------------------------------------------- */

static int over(void **state, bool with_ipv6, enum covey_encapsulation with)
{
	modes_lab_over(with_ipv6, with);
	return 0;
}

static int udp_ipv4(void **state)
{
	return over(state, false, COVEY_ENCAPSULATION_UDP);
}

static int udp_ipv6(void **state)
{
	return over(state, true, COVEY_ENCAPSULATION_UDP);
}

static int ip_ipv4(void **state)
{
	return over(state, false, COVEY_ENCAPSULATION_IP);
}

static int ip_ipv6(void **state)
{
	return over(state, true, COVEY_ENCAPSULATION_IP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_mode_direction_and_vni),
		cmocka_unit_test(test_encrypted_packets_enter_in_each_mode),
		cmocka_unit_test(test_a_strict_vni_is_encrypted_and_the_rest_of_its_group_is_not),
		cmocka_unit_test(test_where_the_kernel_keeps_the_card_all_is_encrypted),
		cmocka_unit_test(test_what_enforce_would_drop_leaves_and_is_counted),
		cmocka_unit_test(test_what_is_too_big_in_clear_is_dropped),
		cmocka_unit_test(test_it_passes_in_several_buffers),
		cmocka_unit_test(test_quotes_pass_in_no_mode),
		cmocka_unit_test(test_vxlan_without_a_vni_passes_in_no_mode),
		cmocka_unit_test(test_a_burst_keeps_its_order),
	};
	int failed = lab_eal(NULL);

	failed += cmocka_run_group_tests_name("UDP, IPv4", tests, udp_ipv4, NULL);
	failed += cmocka_run_group_tests_name("UDP, IPv6", tests, udp_ipv6, NULL);
	failed += cmocka_run_group_tests_name("IP, IPv4", tests, ip_ipv4, NULL);
	failed += cmocka_run_group_tests_name("IP, IPv6", tests, ip_ipv6, NULL);
	return failed;
}
