/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker runs bursts while the control thread installs, activates, rosters and removes: nothing
 * is used after it was freed (run it under a sanitizer, too), and every packet either arrives as it
 * was sent or is counted under a reason that fits. While modes change, every packet arrives.
 */
#include "lab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 300u
#define BURST  16u
#define SPIS   3u

/* We send, the peer receives; one thread is the worker of both. */
struct pair {
	struct lab sender;
	struct lab receiver;
	atomic_bool stop;
	atomic_uint bursts;
	uint64_t sent;
	uint64_t arrived;
	uint64_t altered;
};

static const enum covey_drop fitting[] = {COVEY_DROP_OUT_NO_SA, COVEY_DROP_OUT_UNKNOWN_VNI,
					  COVEY_DROP_IN_UNKNOWN_SPI, COVEY_DROP_IN_NOT_ON_ROSTER,
					  COVEY_DROP_IN_INNER_VNI};

static void run_burst(struct pair *pair)
{
	struct rte_mbuf *packets[BURST];
	struct sample sample = lab_sample();
	uint8_t frame[REFERENCE_BYTES_MAX];
	size_t len = 0;
	uint16_t count;

	for (unsigned i = 0; i < BURST; i++) {
		sample.source_port = (uint16_t)i;
		len = reference_vxlan(&sample, frame);
		packets[i] = lab_packet(frame, len);
	}
	pair->sent += BURST;
	count = outbound_burst(pair->sender.worker, packets, BURST);
	count = inbound_burst(pair->receiver.worker, packets, count);
	pair->arrived += count;
	for (unsigned i = 0; i < count; i++) {
		const uint8_t *data = rte_pktmbuf_mtod(packets[i], const uint8_t *);

		/* Bytes 34 and 35 are the source port, which differs. */
		if (packets[i]->pkt_len != len || memcmp(data, frame, 34) != 0 ||
		    memcmp(data + 36, frame + 36, len - 36) != 0)
			pair->altered++;
		rte_pktmbuf_free(packets[i]);
	}
}

static void *work(void *argument)
{
	struct pair *pair = argument;
	cpu_set_t everywhere;

	/* EAL holds its thread, and what that starts, on one core: two threads that spin there
	 * would wait for each other's time slices. */
	memset(&everywhere, 0xff, sizeof(everywhere));
	sched_setaffinity(0, sizeof(everywhere), &everywhere);
	while (!atomic_load(&pair->stop)) {
		engine_worker_online(pair->sender.worker);
		engine_worker_online(pair->receiver.worker);
		for (unsigned i = 0; i < 50; i++) {
			run_burst(pair);
			engine_worker_quiescent(pair->sender.worker);
			engine_worker_quiescent(pair->receiver.worker);
			atomic_fetch_add(&pair->bursts, 1);
		}
		engine_worker_offline(pair->sender.worker);
		engine_worker_offline(pair->receiver.worker);
	}
	return NULL;
}

/* The same SA as its sender (SenderID 1) and its receiver (SenderID 2) have it. */
static void install_both(struct pair *pair, uint32_t spi, uint16_t epoch)
{
	struct covey_sa sa = lab_sa(spi, epoch);
	struct covey_roster_entry sender = {
		.vtep = lab_address(false, LAB_SELF), .sender_id = LAB_SELF, .epoch_floor = 1};

	assert_int_equal(dataplane_sa_install(pair->sender.dataplane, &sa, NULL, 0, NULL), 0);
	sa.sender_id = LAB_PEER;
	assert_int_equal(dataplane_sa_install(pair->receiver.dataplane, &sa, &sender, 1, NULL), 0);
}

static void churn(struct pair *pair, unsigned round)
{
	static const uint32_t vnis[] = {LAB_VNI, 4711};
	struct covey_roster_entry sender = {
		.vtep = lab_address(false, LAB_SELF), .sender_id = LAB_SELF, .epoch_floor = 1};
	uint32_t spi = LAB_SPI + round % SPIS;
	struct dataplane_window_status windows[64];
	struct dataplane_counters counters;

	dataplane_sa_remove(pair->sender.dataplane, spi);
	dataplane_sa_remove(pair->receiver.dataplane, spi);
	install_both(pair, spi, (uint16_t)(1 + round));
	assert_int_equal(dataplane_sa_activate(pair->sender.dataplane, spi, NULL), 0);
	if (round % 5 == 0)
		assert_int_equal(dataplane_roster_set(pair->receiver.dataplane, spi, NULL, 0, NULL),
				 0);
	assert_int_equal(dataplane_roster_set(pair->receiver.dataplane, spi, &sender, 1, NULL), 0);
	assert_int_equal(dataplane_group_set(pair->sender.dataplane, 0, vnis, 1 + round % 2, NULL),
			 0);
	if (round % 7 == 0)
		install_both(pair, spi, (uint16_t)(1000 + round));
	assert_true(dataplane_read_windows(pair->receiver.dataplane, windows, 64) <= 64);
	dataplane_read_counters(pair->receiver.dataplane, &counters);
}

static void check_counts(const struct pair *pair)
{
	struct dataplane_counters out, in;
	uint64_t dropped = 0;

	dataplane_read_counters(pair->sender.dataplane, &out);
	dataplane_read_counters(pair->receiver.dataplane, &in);
	for (unsigned i = 0; i < RTE_DIM(fitting); i++) {
		dropped += out.drops[fitting[i]] + in.drops[fitting[i]];
		out.drops[fitting[i]] = in.drops[fitting[i]] = 0;
	}
	for (unsigned i = 0; i < COVEY_DROP_COUNT; i++)
		if (out.drops[i] + in.drops[i] > 0)
			fail_msg("dropped %s", covey_drop_names[i]);
	assert_int_equal(pair->altered, 0);
	assert_int_equal(pair->arrived + dropped, pair->sent);
	assert_true(pair->arrived > 0);
}

static void open_pair(struct pair *pair)
{
	struct dataplane_config config = lab_config(false, COVEY_ENCAPSULATION_UDP);

	lab_open(&pair->sender, &config);
	config.vtep = lab_address(false, 0xc8); /* where reference_vxlan() sends */
	lab_open(&pair->receiver, &config);
}

static void close_pair(struct pair *pair)
{
	lab_close(&pair->sender);
	lab_close(&pair->receiver);
	assert_int_equal(lab_packets_out(), 0);
}

static void run_under_traffic(struct pair *pair, void (*round)(struct pair *pair, unsigned number))
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, work, pair), 0);
	for (unsigned number = 0; number < ROUNDS; number++) {
		unsigned before = atomic_load(&pair->bursts);

		round(pair, number);
		while (atomic_load(&pair->bursts) == before)
			sched_yield();
	}
	atomic_store(&pair->stop, true);
	pthread_join(thread, NULL);
}

static void test_publication_under_traffic(void **state)
{
	static struct pair pair;

	open_pair(&pair);
	run_under_traffic(&pair, churn);
	check_counts(&pair);
	close_pair(&pair);
}

/* From enforce to observe and back, by steps, as fast as they go. One of the two is always a step
 * ahead. */
static void change_modes(struct pair *pair, unsigned number)
{
	static const enum covey_mode modes[] = {COVEY_MODE_TRANSITION, COVEY_MODE_OBSERVE,
						COVEY_MODE_TRANSITION, COVEY_MODE_ENFORCE};
	struct dataplane *first = pair->sender.dataplane, *second = pair->receiver.dataplane;

	for (unsigned i = 0; i < RTE_DIM(modes); i++) {
		assert_int_equal(dataplane_group_mode(number % 2 ? first : second, 0, modes[i]), 0);
		assert_int_equal(dataplane_group_mode(number % 2 ? second : first, 0, modes[i]), 0);
	}
}

static void test_no_packet_is_lost_while_modes_change(void **state)
{
	struct dataplane_counters out, in;
	static struct pair pair;

	open_pair(&pair);
	install_both(&pair, LAB_SPI, 1);
	assert_int_equal(dataplane_sa_activate(pair.sender.dataplane, LAB_SPI, NULL), 0);
	run_under_traffic(&pair, change_modes);
	dataplane_read_counters(pair.sender.dataplane, &out);
	dataplane_read_counters(pair.receiver.dataplane, &in);
	assert_int_equal(pair.arrived, pair.sent);
	assert_int_equal(pair.altered, 0);
	assert_int_equal(in.clear_in, out.clear_out);
	assert_int_equal(in.decrypted_packets, out.encrypted_packets);
	assert_int_equal(out.clear_out + out.encrypted_packets, pair.sent);
	assert_true(out.clear_out > 0);
	assert_true(out.encrypted_packets > 0);
	close_pair(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_publication_under_traffic),
		cmocka_unit_test(test_no_packet_is_lost_while_modes_change),
	};

	return cmocka_run_group_tests(tests, lab_eal, NULL);
}
