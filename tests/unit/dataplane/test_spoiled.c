/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets that fail authentication: genuine ones that were spoiled are told from forged ones by
 * what else comes in their window.
 */
#include "lab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#define L2_LEN    14u
#define WINDOW_ID 0x1234u

static struct lab lab;
static struct reference_sa sa;
static uint64_t esn;

static struct dataplane_counters counters(void)
{
	struct dataplane_counters counters;

	dataplane_read_counters(lab.dataplane, &counters);
	return counters;
}

/* Receive a packet of this ESN, with its last byte changed or not. Does it enter? */
static bool receive(uint64_t number, bool spoil, bool gathered)
{
	struct sample sample = lab_sample();
	uint8_t clear[REFERENCE_BYTES_MAX], bytes[REFERENCE_BYTES_MAX];
	struct rte_mbuf *packet;
	size_t len;

	sample.source = LAB_PEER;
	len = reference_vxlan(&sample, clear);
	len = reference_vpe(&sa, (struct reference_iv){LAB_PEER, WINDOW_ID, number}, clear, L2_LEN,
			    len, bytes);
	bytes[len - 1] ^= spoil;
	packet = lab_packet(bytes, len);
	packet->ol_flags |= gathered ? RTE_MBUF_F_RX_LRO : 0;
	if (inbound_burst(lab.worker, &packet, 1) == 0)
		return false;
	rte_pktmbuf_free(packet);
	return true;
}

static int begin(void **state)
{
	struct dataplane_config config = lab_config(false, COVEY_ENCAPSULATION_UDP);
	struct covey_sa installed = lab_sa(LAB_SPI, 1);

	lab_open(&lab, &config);
	lab_install_active(&lab, &installed);
	sa = lab_reference(&lab, &installed);
	esn = (UINT64_C(1) << 48) + 1;
	return receive(esn++, false, false) ? 0 : -1;
}

static int end(void **state)
{
	lab_close(&lab);
	return lab_packets_out() != 0;
}

/* Each second one is spoiled, and the one after it comes. */
static void spoil_each_second(unsigned count, bool gathered)
{
	for (unsigned i = 0; i < count; i++) {
		assert_false(receive(esn++, true, gathered));
		assert_true(receive(esn++, false, gathered));
	}
}

static void test_spoiled(void **state)
{
	spoil_each_second(SPOILED_KEPT, true);
	assert_int_equal(counters().spoiled_gathered, 0);
	spoil_each_second(10, true);
	assert_int_equal(counters().spoiled_gathered, 10);
	spoil_each_second(SPOILED_KEPT, false);
	assert_int_equal(counters().spoiled_gathered, 10 + SPOILED_KEPT);
	assert_int_equal(counters().spoiled_alone, 0);
	spoil_each_second(10, false);
	assert_int_equal(counters().spoiled_alone, 10);
	assert_int_equal(counters().forged, 0);
	assert_int_equal(counters().spoiled_sender, LAB_PEER);
}

/* Forged ones come before the genuine packets, which all come. */
static void test_forged(void **state)
{
	for (unsigned i = 0; i < 3 * SPOILED_KEPT; i++) {
		assert_false(receive(esn, true, true));
		assert_true(receive(esn++, false, true));
	}
	assert_int_equal(counters().forged, 2 * SPOILED_KEPT);
	assert_int_equal(counters().spoiled_gathered, 0);
	assert_int_equal(counters().spoiled_sender, 0);
}

/* ESNs that the sender does not come to, and ESNs so far back that nothing is known of them. */
static void test_nothing_is_known(void **state)
{
	for (unsigned i = 0; i < 3 * SPOILED_KEPT; i++)
		assert_false(receive(esn + 1000000 + i, true, true));
	for (unsigned i = 0; i < SPOILED_KEPT; i++)
		assert_false(receive(esn++, true, true));
	esn += LAB_WINDOW;
	assert_true(receive(esn++, false, false));
	for (unsigned i = 0; i < SPOILED_KEPT; i++)
		assert_false(receive(esn++, true, true));
	assert_int_equal(counters().forged, 0);
	assert_int_equal(counters().spoiled_gathered, 0);
}

/* ESNs that were passed over, such as that of a lost packet and the one below a window's first:
 * anybody can send them as often as he likes. */
static void test_passed_over(void **state)
{
	uint64_t lost = esn++;

	assert_true(receive(esn++, false, false));
	for (unsigned i = 0; i < 3 * SPOILED_KEPT; i++) {
		assert_false(receive(lost, true, true));
		assert_false(receive(UINT64_C(1) << 48, true, true));
	}
	assert_int_equal(lab.worker->failed.count, 0);
	spoil_each_second(2 * SPOILED_KEPT, false);
	assert_int_equal(counters().spoiled_gathered, 0);
}

/* One ESN is judged once, however often it fails. */
static void test_repeated(void **state)
{
	for (unsigned i = 0; i < 3 * SPOILED_KEPT; i++)
		assert_false(receive(esn, true, true));
	assert_int_equal(lab.worker->failed.count, 1);
}

/* The SA has gone meanwhile, and another one has no such window. */
static void test_removed(void **state)
{
	struct covey_sa other = lab_sa(LAB_SPI + 1, 1);

	spoil_each_second(SPOILED_KEPT, true);
	dataplane_sa_remove(lab.dataplane, LAB_SPI);
	lab_install_active(&lab, &other);
	sa = lab_reference(&lab, &other);
	assert_true(receive(esn++, false, false));
	spoil_each_second(SPOILED_KEPT, true);
	assert_int_equal(counters().spoiled_gathered, 0);
	spoil_each_second(1, true);
	assert_int_equal(counters().spoiled_gathered, 1);
}

/* Before a window's first packet has come, nothing is told by it. */
static void test_no_window(void **state)
{
	struct covey_sa other = lab_sa(LAB_SPI + 1, 1);

	lab_install_active(&lab, &other);
	sa = lab_reference(&lab, &other);
	for (unsigned i = 0; i < 3 * SPOILED_KEPT; i++)
		assert_false(receive(esn++, true, true));
	assert_int_equal(lab.worker->failed.count, 0);
	assert_int_equal(counters().drops[COVEY_DROP_IN_ICV], 3 * SPOILED_KEPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_spoiled, begin, end),
		cmocka_unit_test_setup_teardown(test_forged, begin, end),
		cmocka_unit_test_setup_teardown(test_nothing_is_known, begin, end),
		cmocka_unit_test_setup_teardown(test_passed_over, begin, end),
		cmocka_unit_test_setup_teardown(test_repeated, begin, end),
		cmocka_unit_test_setup_teardown(test_removed, begin, end),
		cmocka_unit_test_setup_teardown(test_no_window, begin, end),
	};

	return cmocka_run_group_tests(tests, lab_eal, NULL);
}
