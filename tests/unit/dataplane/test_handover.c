/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets that reach a worker which does not own their window: handed over, once, in order. */
#include "lab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#define IP_AT      14u
#define VPE_AT     42u
#define HEADER_LEN 32u

/* A dataplane of two workers that receives from the peer. */
struct pair {
	struct lab lab;
	struct engine_worker *workers[2];
	struct reference_sa sa;
};

static void open_pair(struct pair *pair)
{
	const struct dataplane_config config = lab_config(false, COVEY_ENCAPSULATION_UDP);
	const struct covey_sa sa = lab_sa(LAB_SPI, 5);
	const uint32_t vni = LAB_VNI;

	memset(pair, 0, sizeof(*pair));
	pair->lab.config = config;
	assert_int_equal(dataplane_new(&config, 2, &pair->lab.dataplane, NULL), 0);
	assert_int_equal(dataplane_group_set(pair->lab.dataplane, 0, &vni, 1, NULL), 0);
	lab_install_active(&pair->lab, &sa);
	for (unsigned i = 0; i < 2; i++)
		pair->workers[i] = dataplane_worker(pair->lab.dataplane, i);
	pair->sa = lab_reference(&pair->lab, &sa);
}

/* Nothing is left behind, whatever was on its way. */
static void close_pair(struct pair *pair)
{
	lab_close(&pair->lab);
	assert_int_equal(lab_packets_out(), 0);
}

static struct dataplane_counters counters_of(const struct pair *pair)
{
	struct dataplane_counters counters;

	dataplane_read_counters(pair->lab.dataplane, &counters);
	return counters;
}

/* A packet of the peer's in this window. Its clear text begins HEADER_LEN after VPE_AT. */
static struct rte_mbuf *make(const struct pair *pair, uint16_t window_id, uint64_t esn)
{
	struct sample sample = lab_sample();
	uint8_t clear[REFERENCE_BYTES_MAX], wire[REFERENCE_BYTES_MAX];
	size_t len;

	sample.source = LAB_PEER;
	sample.payload_seed = (uint32_t)esn;
	len = reference_vxlan(&sample, clear);
	len = reference_vpe(&pair->sa, (struct reference_iv){LAB_PEER, window_id, esn}, clear,
			    IP_AT, len, wire);
	return lab_packet(wire, len);
}

/* The same packet as a worker leaves it that decrypted it and was second to claim its window. */
static struct rte_mbuf *make_decrypted(const struct pair *pair, uint16_t window_id, uint64_t esn)
{
	struct rte_mbuf *packet = make(pair, window_id, esn);
	struct sample sample = lab_sample();
	uint8_t clear[REFERENCE_BYTES_MAX];
	size_t len;

	sample.source = LAB_PEER;
	sample.payload_seed = (uint32_t)esn;
	len = reference_vxlan(&sample, clear);
	memcpy(rte_pktmbuf_mtod_offset(packet, uint8_t *, VPE_AT + HEADER_LEN), clear + IP_AT,
	       len - IP_AT);
	return packet;
}

/* How many of the packets passed; all are freed. */
static unsigned receive(struct engine_worker *worker, struct rte_mbuf **packets, unsigned count)
{
	unsigned passed = inbound_burst(worker, packets, (uint16_t)count);

	rte_pktmbuf_free_bulk(packets, passed);
	return passed;
}

static unsigned receive_one(struct engine_worker *worker, struct rte_mbuf *packet)
{
	return receive(worker, &packet, 1);
}

/* What others handed over, up to max, through the bursts. */
static unsigned take(struct engine_worker *worker, unsigned from, struct rte_mbuf **packets,
		     unsigned max)
{
	uint64_t authenticated;
	unsigned count = handover_take(&worker->handover, from, packets, max, &authenticated);

	return inbound_burst_handed_over(worker, packets, (uint16_t)count, authenticated);
}

static unsigned take_and_free(struct engine_worker *worker, unsigned from)
{
	struct rte_mbuf *packets[64];
	unsigned passed = take(worker, from, packets, 64);

	rte_pktmbuf_free_bulk(packets, passed);
	return passed;
}

static uint64_t epoch_esn(unsigned counter)
{
	return covey_esn(3, counter);
}

/* --- to the owner --------------------------------------------------------------------------- */

static void test_one_packet_through_both_workers_passes_once(void **state)
{
	struct dataplane_counters counters;
	struct pair pair;

	open_pair(&pair);
	assert_int_equal(receive_one(pair.workers[0], make(&pair, 7, epoch_esn(1))), 1);
	assert_int_equal(receive_one(pair.workers[1], make(&pair, 7, epoch_esn(1))), 0);
	counters = counters_of(&pair);
	assert_int_equal(counters.handed_over, 1);
	assert_int_equal(counters.drops[COVEY_DROP_IN_REPLAY_SEEN], 0);
	assert_int_equal(take_and_free(pair.workers[0], 1), 0);
	counters = counters_of(&pair);
	assert_int_equal(counters.drops[COVEY_DROP_IN_REPLAY_SEEN], 1);
	assert_int_equal(counters.decrypted_packets, 1);
	assert_int_equal(counters.handed_over, 1);
	close_pair(&pair);
}

/* All that reach the wrong worker pass at the right one, in their order, among others of its own.
 */
static void test_order_is_kept(void **state)
{
	struct rte_mbuf *packets[64];
	struct pair pair;

	open_pair(&pair);
	assert_int_equal(receive_one(pair.workers[1], make(&pair, 7, epoch_esn(1))), 1);
	assert_int_equal(receive_one(pair.workers[0], make(&pair, 8, epoch_esn(1))), 1);
	for (unsigned burst = 0; burst < 3; burst++) {
		for (unsigned i = 0; i < 64; i++)
			packets[i] = make(&pair, i % 3 ? 7 : 8, epoch_esn(2 + burst * 64 + i));
		assert_int_equal(receive(pair.workers[0], packets, 64), 22);
	}
	assert_int_equal(counters_of(&pair).handed_over, 3 * 42);
	for (unsigned burst = 0; burst < 3; burst++) {
		unsigned passed = take(pair.workers[1], 0, packets, 42), at = 0;

		assert_int_equal(passed, 42);
		for (unsigned i = 0; i < 64; i++) {
			struct sample sample = lab_sample();
			uint8_t clear[REFERENCE_BYTES_MAX];
			size_t len;

			if (i % 3 == 0)
				continue;
			sample.source = LAB_PEER;
			sample.payload_seed = (uint32_t)epoch_esn(2 + burst * 64 + i);
			len = reference_vxlan(&sample, clear);
			assert_int_equal(packets[at]->pkt_len, len);
			assert_memory_equal(rte_pktmbuf_mtod(packets[at], uint8_t *), clear, len);
			at++;
		}
		rte_pktmbuf_free_bulk(packets, passed);
	}
	assert_int_equal(take_and_free(pair.workers[1], 0), 0);
	close_pair(&pair);
}

/* What does not authenticate is handed over as it is, and refused where it would be anyway. */
static void test_forgeries_are_refused_by_the_owner(void **state)
{
	struct rte_mbuf *packet;
	struct pair pair;

	open_pair(&pair);
	assert_int_equal(receive_one(pair.workers[1], make(&pair, 7, epoch_esn(1))), 1);
	packet = make(&pair, 7, epoch_esn(2));
	rte_pktmbuf_mtod_offset(packet, uint8_t *, VPE_AT)[16] ^= 1;
	assert_int_equal(receive_one(pair.workers[0], packet), 0);
	assert_int_equal(take_and_free(pair.workers[1], 0), 0);
	assert_int_equal(counters_of(&pair).drops[COVEY_DROP_IN_ICV], 1);
	close_pair(&pair);
}

/* Forged packets of a window that does not exist claim none and are nobody's. */
static void test_forgeries_own_nothing(void **state)
{
	struct rte_mbuf *packet;
	struct pair pair;

	open_pair(&pair);
	packet = make(&pair, 7, epoch_esn(1));
	rte_pktmbuf_mtod_offset(packet, uint8_t *, VPE_AT)[16] ^= 1;
	assert_int_equal(receive_one(pair.workers[0], packet), 0);
	assert_int_equal(receive_one(pair.workers[1], make(&pair, 7, epoch_esn(1))), 1);
	assert_int_equal(receive_one(pair.workers[1], make(&pair, 7, epoch_esn(2))), 1);
	assert_int_equal(counters_of(&pair).handed_over, 0);
	close_pair(&pair);
}

/* --- authenticated by another worker --------------------------------------------------------- */

static void hand_over(struct engine_worker *worker, struct rte_mbuf *packet, bool authenticated)
{
	handover_mark(&worker->handover, 0, 1, authenticated);
	handover_send(&worker->handover, &packet);
	assert_null(packet);
}

/* Decrypted once, by who came second to its window: passes at the owner, and only once. */
static void test_decrypted_packets_pass_once(void **state)
{
	struct rte_mbuf *packets[64];
	struct sample sample = lab_sample();
	uint8_t clear[REFERENCE_BYTES_MAX];
	struct pair pair;
	size_t len;

	open_pair(&pair);
	assert_int_equal(receive_one(pair.workers[1], make(&pair, 7, epoch_esn(1))), 1);
	hand_over(pair.workers[0], make_decrypted(&pair, 7, epoch_esn(2)), true);
	hand_over(pair.workers[0], make(&pair, 7, epoch_esn(2)), false);
	assert_int_equal(take(pair.workers[1], 0, packets, 64), 1);
	sample.source = LAB_PEER;
	sample.payload_seed = (uint32_t)epoch_esn(2);
	len = reference_vxlan(&sample, clear);
	assert_memory_equal(rte_pktmbuf_mtod(packets[0], uint8_t *), clear, len);
	rte_pktmbuf_free(packets[0]);
	assert_int_equal(counters_of(&pair).drops[COVEY_DROP_IN_REPLAY_SEEN], 1);
	close_pair(&pair);
}

/* All is checked again but the tag: here its SA is gone, or its sender. */
static void test_decrypted_packets_are_checked_again(void **state)
{
	struct pair pair;

	open_pair(&pair);
	hand_over(pair.workers[0], make_decrypted(&pair, 7, epoch_esn(2)), true);
	assert_int_equal(dataplane_roster_set(pair.lab.dataplane, LAB_SPI, NULL, 0, NULL), 0);
	assert_int_equal(take_and_free(pair.workers[1], 0), 0);
	assert_int_equal(counters_of(&pair).drops[COVEY_DROP_IN_NOT_ON_ROSTER], 1);
	hand_over(pair.workers[0], make_decrypted(&pair, 7, epoch_esn(3)), true);
	dataplane_sa_remove(pair.lab.dataplane, LAB_SPI);
	assert_int_equal(take_and_free(pair.workers[1], 0), 0);
	assert_int_equal(counters_of(&pair).drops[COVEY_DROP_IN_UNKNOWN_SPI], 1);
	close_pair(&pair);
}

/*
 * A packet in clear that a port delivers is not taken for a decrypted one, whatever its flags and
 * other fields are: not at its own worker, not by way of another, and not after a decrypted one
 * stood at the same place of the burst before.
 */
static void test_ports_cannot_say_authenticated(void **state)
{
	struct pair pair;

	open_pair(&pair);
	assert_int_equal(receive_one(pair.workers[1], make(&pair, 7, epoch_esn(1))), 1);
	hand_over(pair.workers[0], make_decrypted(&pair, 7, epoch_esn(2)), true);
	assert_int_equal(take_and_free(pair.workers[1], 0), 1);
	for (unsigned i = 0; i < 2; i++) {
		struct rte_mbuf *packet = make_decrypted(&pair, 7, epoch_esn(3));

		packet->ol_flags |= ~RTE_MBUF_F_INDIRECT & ~RTE_MBUF_F_EXTERNAL;
		memset(packet->dynfield1, 0xff, sizeof(packet->dynfield1));
		packet->hash.fdir.hi = packet->hash.fdir.lo = UINT32_MAX;
		assert_int_equal(receive_one(pair.workers[i], packet), 0);
	}
	assert_int_equal(counters_of(&pair).handed_over, 2);
	assert_int_equal(counters_of(&pair).drops[COVEY_DROP_IN_ICV], 1);
	assert_int_equal(take_and_free(pair.workers[1], 0), 0);
	assert_int_equal(counters_of(&pair).drops[COVEY_DROP_IN_ICV], 2);
	assert_int_equal(counters_of(&pair).decrypted_packets, 2);
	close_pair(&pair);
}

/* --- limits --------------------------------------------------------------------------------- */

/* What does not fit is dropped, for that reason; the rest arrives. */
static void test_full(void **state)
{
	struct dataplane_counters counters;
	struct rte_mbuf *packet;
	struct pair pair;
	unsigned sent = 0;

	open_pair(&pair);
	assert_int_equal(receive_one(pair.workers[1], make(&pair, 7, epoch_esn(1))), 1);
	/* One packet many times over: the pool is smaller than the ring. */
	packet = make(&pair, 7, epoch_esn(2));
	do {
		rte_mbuf_refcnt_update(packet, 1);
		hand_over(pair.workers[0], packet, false);
		sent++;
		counters = counters_of(&pair);
	} while (counters.drops[COVEY_DROP_IN_HANDOVER_FULL] == 0 && sent <= HANDOVER_PACKETS);
	assert_int_equal(sent, HANDOVER_PACKETS);
	assert_int_equal(counters.handed_over, HANDOVER_PACKETS - 1);
	assert_int_equal(counters.drops[COVEY_DROP_IN_HANDOVER_FULL], 1);
	rte_pktmbuf_free(packet);
	close_pair(&pair);
}

/* --- sleeping ------------------------------------------------------------------------------- */

static bool is_woken(const struct engine_worker *worker)
{
	struct pollfd fd = {.fd = handover_fd(&worker->handover), .events = POLLIN};

	return poll(&fd, 1, 0) == 1;
}

static void test_who_sleeps_is_woken(void **state)
{
	struct pair pair;

	open_pair(&pair);
	hand_over(pair.workers[0], make(&pair, 7, epoch_esn(1)), false);
	assert_false(is_woken(pair.workers[1])); /* it is awake */
	assert_false(handover_sleeps(&pair.workers[1]->handover));
	handover_woken(&pair.workers[1]->handover);
	assert_int_equal(take_and_free(pair.workers[1], 0), 1);
	assert_true(handover_sleeps(&pair.workers[1]->handover));
	assert_false(is_woken(pair.workers[1]));
	hand_over(pair.workers[0], make(&pair, 7, epoch_esn(2)), false);
	assert_true(is_woken(pair.workers[1]));
	assert_false(is_woken(pair.workers[0]));
	handover_woken(&pair.workers[1]->handover);
	assert_false(is_woken(pair.workers[1]));
	assert_int_equal(take_and_free(pair.workers[1], 0), 1);
	close_pair(&pair);
}

/* --- two threads ---------------------------------------------------------------------------- */

#define ROUNDS 1000u
#define COPIES 4u

/* In each round both workers get copies of the same packets, the first of their windows. */
struct race {
	struct pair pair;
	atomic_uint step; /* what all may do now: 2 * round to receive, one more to take */
	atomic_uint done; /* in all steps, by both */
	struct rte_mbuf *packets[2][COPIES];
	atomic_uint passed;
};

struct racer {
	struct race *race;
	pthread_t thread;
	unsigned index;
};

/* Spins: both shall begin in the same moment. */
static void await(const atomic_uint *counter, unsigned value)
{
	for (unsigned turn = 1; atomic_load(counter) < value; turn++)
		if (turn % 4096 == 0)
			sched_yield();
}

/* EAL bound the thread that started it to one processor. */
static void use_all_processors(void)
{
	cpu_set_t all;

	memset(&all, 0xff, sizeof(all));
	sched_setaffinity(0, sizeof(all), &all);
}

static void *run_race(void *arg)
{
	struct racer *racer = arg;
	struct race *race = racer->race;
	struct engine_worker *worker = race->pair.workers[racer->index];

	use_all_processors();
	for (unsigned round = 1; round <= ROUNDS; round++) {
		await(&race->step, 2 * round);
		atomic_fetch_add(&race->passed,
				 receive(worker, race->packets[racer->index], COPIES));
		atomic_fetch_add(&race->done, 1);
		await(&race->step, 2 * round + 1);
		atomic_fetch_add(&race->passed, take_and_free(worker, !racer->index));
		atomic_fetch_add(&race->done, 1);
	}
	return NULL;
}

/* Two packets of one window, four copies of each; each worker gets another one first. */
static void run_round(struct race *race, unsigned round)
{
	const struct sa_rx_state *states =
		sa_record_find(race->pair.lab.dataplane, LAB_SPI)->rx_states;
	uint64_t before = states[0].packets;

	for (unsigned i = 0; i < 2; i++)
		for (unsigned copy = 0; copy < COPIES; copy++)
			race->packets[i][copy] =
				make(&race->pair, (uint16_t)round, epoch_esn(1 + (copy + i) % 2));
	atomic_store(&race->passed, 0);
	atomic_store(&race->step, 2 * round);
	await(&race->done, 4 * round - 2);
	atomic_store(&race->step, 2 * round + 1);
	await(&race->done, 4 * round);
	assert_int_equal(race->passed, 2);
	/* Both by the same worker, whose window it is. */
	assert_int_equal((states[0].packets - before) % 2, 0);
}

static void test_one_of_two_threads_receives_it(void **state)
{
	static struct race race;
	struct racer racers[2];

	open_pair(&race.pair);
	for (unsigned i = 0; i < 2; i++) {
		racers[i] = (struct racer){.race = &race, .index = i};
		assert_int_equal(pthread_create(&racers[i].thread, NULL, run_race, &racers[i]), 0);
	}
	for (unsigned round = 1; round <= ROUNDS; round++)
		run_round(&race, round);
	for (unsigned i = 0; i < 2; i++)
		pthread_join(racers[i].thread, NULL);
	assert_int_equal(counters_of(&race.pair).decrypted_packets, 2 * ROUNDS);
	close_pair(&race.pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_packet_through_both_workers_passes_once),
		cmocka_unit_test(test_order_is_kept),
		cmocka_unit_test(test_forgeries_are_refused_by_the_owner),
		cmocka_unit_test(test_forgeries_own_nothing),
		cmocka_unit_test(test_decrypted_packets_pass_once),
		cmocka_unit_test(test_decrypted_packets_are_checked_again),
		cmocka_unit_test(test_ports_cannot_say_authenticated),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_who_sleeps_is_woken),
		cmocka_unit_test(test_one_of_two_threads_receives_it),
	};

	return cmocka_run_group_tests(tests, lab_eal, NULL);
}
