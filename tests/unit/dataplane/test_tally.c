/* SPDX-License-Identifier: BSD-3-Clause */
/* What is counted of a group and of its senders, over all SAs that it has had. */
#include "lab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OTHER 3
#define EF    0xb8 /* DSCP 46: class 5 by the lab's table */

static struct lab lab;
/* So many allocations succeed, and then one does not; -1: all succeed. */
static int allocations = -1;

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
	if (allocations >= 0 && allocations-- == 0)
		return NULL;
	return __real_calloc(count, size);
}

static int open_lab(void **state)
{
	struct dataplane_config config = lab_config(false, COVEY_ENCAPSULATION_UDP);

	lab_open(&lab, &config);
	return 0;
}

static int close_lab(void **state)
{
	lab_close(&lab);
	return 0;
}

/* --- what the tests say ---------------------------------------------------------------------- */

/* A roster of one or two: last bytes of addresses, which are SenderIDs as well. */
static int install(const struct covey_sa *sa, uint8_t first, uint8_t second)
{
	const struct covey_roster_entry roster[] = {
		{.vtep = lab_address(false, first), .sender_id = first, .epoch_floor = 1},
		{.vtep = lab_address(false, second), .sender_id = second, .epoch_floor = 1},
	};

	return dataplane_sa_install(lab.dataplane, sa, roster, second ? 2 : 1, NULL);
}

/* Packets come, ESNs 1 to last. Returns how many bytes of IP the last one has. */
static uint64_t receive(const struct covey_sa *sa, uint8_t sender_id, uint16_t window_id,
			uint64_t first, uint64_t last)
{
	struct reference_sa reference = lab_reference(&lab, sa);
	uint8_t clear[REFERENCE_BYTES_MAX], wire[REFERENCE_BYTES_MAX];
	struct sample sample = lab_sample();
	size_t len;

	sample.source = sender_id;
	len = reference_vxlan(&sample, clear);
	for (uint64_t n = first; n <= last; n++) {
		struct reference_iv iv = {sender_id, window_id, covey_esn(1, n)};
		size_t wire_len = reference_vpe(&reference, iv, clear, 14, len, wire);
		struct rte_mbuf *packet = lab_packet(wire, wire_len);

		if (inbound_burst(lab.worker, &packet, 1) == 1)
			rte_pktmbuf_free(packet);
	}
	return len - 14;
}

static uint64_t leave(uint8_t traffic_class)
{
	struct sample sample = lab_sample();
	uint8_t frame[REFERENCE_BYTES_MAX];
	struct rte_mbuf *packet;
	size_t len;

	sample.traffic_class = traffic_class;
	len = reference_vxlan(&sample, frame);
	packet = lab_packet(frame, len);
	assert_int_equal(outbound_burst(lab.worker, &packet, 1), 1);
	rte_pktmbuf_free(packet);
	return len - 14;
}

static void expect_sender(uint16_t sender_id, uint64_t packets, uint64_t bytes)
{
	struct dataplane_sender_counters list[8];
	size_t count = dataplane_read_senders(lab.dataplane, 0, list, 8);

	for (size_t i = 0; i < count; i++) {
		if (list[i].sender_id != sender_id)
			continue;
		assert_int_equal(list[i].received.packets, packets);
		assert_int_equal(list[i].received.bytes, bytes);
		if (packets == 0)
			assert_int_equal(list[i].heard_ms, DATAPLANE_NOT_HEARD);
		else
			assert_true(list[i].heard_ms < 600000);
		return;
	}
	fail_msg("SenderID %u is not listed", sender_id);
}

static void expect_received(uint64_t packets, uint64_t bytes)
{
	struct dataplane_group_counters group;

	dataplane_read_group(lab.dataplane, 0, &group);
	assert_int_equal(group.received.packets, packets);
	assert_int_equal(group.received.bytes, bytes);
}

static void expect_sent(unsigned traffic_class, uint64_t packets, uint64_t bytes)
{
	struct dataplane_group_counters group;

	dataplane_read_group(lab.dataplane, 0, &group);
	assert_int_equal(group.sent[traffic_class].packets, packets);
	assert_int_equal(group.sent[traffic_class].bytes, bytes);
}

/* --- counting -------------------------------------------------------------------------------- */

/* Each packet that is new, once, in the window it came in. */
static void test_windows(void **state)
{
	struct covey_sa sa = lab_sa(LAB_SPI, 1);
	struct dataplane_window_status windows[3];
	struct dataplane_counters counters;
	uint64_t bytes;

	assert_int_equal(install(&sa, LAB_PEER, 0), 0);
	bytes = receive(&sa, LAB_PEER, 1, 1, 2);
	receive(&sa, LAB_PEER, 1, 1, 2);
	receive(&sa, OTHER, 1, 1, 2);
	receive(&sa, LAB_PEER, 2, 1, 1);
	assert_int_equal(dataplane_read_windows(lab.dataplane, windows, 3), 2);
	dataplane_read_counters(lab.dataplane, &counters);
	assert_int_equal(counters.decrypted_packets, 3);
	assert_int_equal(counters.decrypted_bytes, 3 * bytes);
	assert_int_equal(windows[0].packets, 2);
	assert_int_equal(windows[0].bytes, 2 * bytes);
	assert_true(windows[0].heard_ms < 600000);
	assert_int_equal(windows[1].packets, 1);
	assert_int_equal(windows[1].bytes, bytes);
	expect_sender(LAB_PEER, 3, 3 * bytes);
	expect_received(3, 3 * bytes);
}

static void test_classes(void **state)
{
	struct covey_sa sa = lab_sa(LAB_SPI, 1);
	struct dataplane_counters counters;
	uint64_t bytes;

	lab_install_active(&lab, &sa);
	bytes = leave(0);
	assert_int_equal(leave(EF), bytes);
	assert_int_equal(leave(EF), bytes);
	expect_sent(0, 1, bytes);
	expect_sent(5, 2, 2 * bytes);
	expect_sent(4, 0, 0);
	dataplane_read_counters(lab.dataplane, &counters);
	assert_int_equal(counters.encrypted_bytes, 3 * bytes);
}

/* --- another key ----------------------------------------------------------------------------- */

static void test_rekey(void **state)
{
	struct covey_sa sa = lab_sa(LAB_SPI, 1), next = lab_sa(LAB_SPI + 1, 1);
	uint64_t bytes;

	assert_int_equal(install(&sa, LAB_PEER, OTHER), 0);
	assert_int_equal(dataplane_sa_activate(lab.dataplane, LAB_SPI, NULL), 0);
	bytes = receive(&sa, LAB_PEER, 1, 1, 2);
	receive(&sa, OTHER, 1, 1, 1);
	leave(EF);
	assert_int_equal(install(&next, LAB_PEER, OTHER), 0);
	assert_int_equal(dataplane_sa_activate(lab.dataplane, LAB_SPI + 1, NULL), 0);
	receive(&next, LAB_PEER, 1, 1, 1);
	leave(EF);
	assert_int_equal(dataplane_sa_drain(lab.dataplane, LAB_SPI, NULL), 0);
	for (int removed = 0; removed < 3; removed++) {
		expect_sender(LAB_PEER, 3, 3 * bytes);
		expect_sender(OTHER, 1, bytes);
		expect_received(4, 4 * bytes);
		expect_sent(5, 2, 2 * bytes);
		dataplane_sa_remove(lab.dataplane, LAB_SPI + (uint32_t)removed);
	}
}

/* A SenderID that another host has now. */
static void test_another_address(void **state)
{
	struct covey_sa sa = lab_sa(LAB_SPI, 1), next = lab_sa(LAB_SPI + 1, 1);
	struct covey_roster_entry other = lab_peer(false);
	uint64_t bytes;

	assert_int_equal(install(&sa, LAB_PEER, 0), 0);
	bytes = receive(&sa, LAB_PEER, 1, 1, 2);
	dataplane_sa_remove(lab.dataplane, LAB_SPI);
	expect_sender(LAB_PEER, 2, 2 * bytes);
	other.vtep = lab_address(false, 77);
	assert_int_equal(dataplane_sa_install(lab.dataplane, &next, &other, 1, NULL), 0);
	expect_sender(LAB_PEER, 0, 0);
	expect_received(2, 2 * bytes);
}

static void test_forgotten_group(void **state)
{
	struct covey_sa sa = lab_sa(LAB_SPI, 1);
	const uint32_t vni = LAB_VNI;

	assert_int_equal(install(&sa, LAB_PEER, 0), 0);
	receive(&sa, LAB_PEER, 1, 1, 2);
	dataplane_sa_remove(lab.dataplane, LAB_SPI);
	assert_int_equal(dataplane_group_set(lab.dataplane, 0, NULL, 0, NULL), 0);
	assert_int_equal(dataplane_group_set(lab.dataplane, 0, &vni, 1, NULL), 0);
	expect_received(0, 0);
	assert_int_equal(dataplane_read_senders(lab.dataplane, 0, NULL, 0), 0);
}

/* An SA that outlives its group is not another group's, which may get the same index. */
static void test_removed_after_its_group(void **state)
{
	struct covey_sa sa = lab_sa(LAB_SPI, 1);

	assert_int_equal(install(&sa, LAB_PEER, 0), 0);
	receive(&sa, LAB_PEER, 1, 1, 2);
	assert_int_equal(dataplane_group_set(lab.dataplane, 0, NULL, 0, NULL), 0);
	dataplane_sa_remove(lab.dataplane, LAB_SPI);
	expect_received(0, 0);
	assert_int_equal(dataplane_read_senders(lab.dataplane, 0, NULL, 0), 0);
}

/* --- rosters --------------------------------------------------------------------------------- */

static void test_order(void **state)
{
	struct covey_sa sa = lab_sa(LAB_SPI, 1), next = lab_sa(LAB_SPI + 1, 1);
	struct dataplane_sender_counters list[8] = {{0}};

	assert_int_equal(install(&sa, 9, LAB_PEER), 0);
	assert_int_equal(install(&next, 12, 5), 0);
	assert_int_equal(dataplane_read_senders(lab.dataplane, 0, list, 8), 4);
	assert_int_equal(list[0].sender_id, LAB_PEER);
	assert_int_equal(list[1].sender_id, 5);
	assert_int_equal(list[2].sender_id, 9);
	assert_int_equal(list[3].sender_id, 12);
	memset(list, 0, sizeof(list));
	assert_int_equal(dataplane_read_senders(lab.dataplane, 0, list, 3), 4);
	assert_int_equal(list[2].sender_id, 9);
	assert_int_equal(list[3].sender_id, 0);
	assert_int_equal(dataplane_read_senders(lab.dataplane, 1, list, 8), 0);
}

/* Without memory a roster is refused, and what was counted stays. */
static void test_no_memory(void **state)
{
	struct covey_sa sa = lab_sa(LAB_SPI, 1), next = lab_sa(LAB_SPI + 1, 1);
	uint64_t bytes;
	int refused = 0, status;

	assert_int_equal(install(&sa, LAB_PEER, 0), 0);
	bytes = receive(&sa, LAB_PEER, 1, 1, 2);
	dataplane_sa_remove(lab.dataplane, LAB_SPI);
	for (;; refused++) {
		allocations = refused;
		status = install(&next, 1 + LAB_PEER, LAB_PEER);
		allocations = -1;
		expect_sender(LAB_PEER, 2, 2 * bytes);
		if (status == 0)
			break;
		assert_int_equal(status, -ENOMEM);
		assert_int_equal(dataplane_read_senders(lab.dataplane, 0, NULL, 0), 1);
	}
	assert_true(refused > 0);
	assert_int_equal(dataplane_read_senders(lab.dataplane, 0, NULL, 0), 2);
}

#define ON_A_LAB(test) cmocka_unit_test_setup_teardown(test, open_lab, close_lab)

/* A probe can only read what is in memory. covey-host locks its own. */
static void have_names_in_memory(void)
{
	size_t all = 0;

	for (unsigned reason = 0; reason < COVEY_DROP_COUNT; reason++)
		all += strlen(covey_drop_names[reason]);
	assert_true(all > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_LAB(test_windows),         ON_A_LAB(test_classes),
		ON_A_LAB(test_rekey),           ON_A_LAB(test_another_address),
		ON_A_LAB(test_forgotten_group), ON_A_LAB(test_removed_after_its_group),
		ON_A_LAB(test_order),           ON_A_LAB(test_no_memory),
	};

	have_names_in_memory();
	return cmocka_run_group_tests(tests, lab_eal, NULL);
}
