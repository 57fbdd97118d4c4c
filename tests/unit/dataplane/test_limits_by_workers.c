/* SPDX-License-Identifier: BSD-3-Clause */
/* The packet limit is the host's: however many workers there are, and whichever of them sends. */
#include "lab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct limited {
	struct dataplane *dataplane;
	struct sa_record *record;
	unsigned workers;
};

static void open_sender(struct limited *sender, unsigned workers)
{
	struct dataplane_config config = lab_config(false, COVEY_ENCAPSULATION_UDP);
	struct covey_sa sa = lab_sa(LAB_SPI, 1);
	const uint32_t vni = LAB_VNI;

	assert_int_equal(dataplane_new(&config, workers, &sender->dataplane, NULL), 0);
	assert_int_equal(dataplane_group_set(sender->dataplane, 0, &vni, 1, NULL), 0);
	assert_int_equal(dataplane_sa_install(sender->dataplane, &sa, NULL, 0, NULL), 0);
	assert_int_equal(dataplane_sa_activate(sender->dataplane, LAB_SPI, NULL), 0);
	sender->record = sa_record_find(sender->dataplane, LAB_SPI);
	sender->workers = workers;
}

/* As if the worker had sent so many more before, taking its shares like every other packet. */
static void pretend_sent(struct limited *sender, unsigned worker, uint64_t packets)
{
	struct sa_tx_state *state = &sender->record->tx_states[worker];

	assert_int_equal(packets % SA_TX_SHARE, 0);
	assert_int_equal(state->packets, state->allowed);
	state->packets += packets;
	state->allowed += packets;
	sender->record->tx_shared += packets;
}

/* How many of count packets of one flow the worker may send. */
static uint64_t send_flow(struct limited *sender, unsigned worker, uint64_t count)
{
	const struct sa_tx *sa = sender->record->parts.tx;
	uint64_t sent = 0, esn;

	while (sent < count && sa_tx_next(sa, &sa->states[worker], 7, &esn))
		sent++;
	return sent;
}

/* The same through the burst: what it counts as dropped. */
static uint64_t burst_dropped(struct limited *sender, unsigned worker)
{
	struct rte_mbuf *packets[ENGINE_BURST_MAX];
	struct sample sample = lab_sample();
	uint8_t frame[REFERENCE_BYTES_MAX];
	struct dataplane_counters before, after;
	uint16_t sent;

	dataplane_read_counters(sender->dataplane, &before);
	for (unsigned i = 0; i < ENGINE_BURST_MAX; i++)
		packets[i] = lab_packet(frame, reference_vxlan(&sample, frame));
	sent = outbound_burst(dataplane_worker(sender->dataplane, worker), packets,
			      ENGINE_BURST_MAX);
	for (unsigned i = 0; i < sent; i++)
		rte_pktmbuf_free(packets[i]);
	dataplane_read_counters(sender->dataplane, &after);
	return after.drops[COVEY_DROP_OUT_LIMIT] - before.drops[COVEY_DROP_OUT_LIMIT];
}

static const unsigned worker_counts[] = {1, 2, 4, 16};

/* One flow, and so one worker, has the whole limit: far beyond where the rekey is asked for. */
static void test_one_flow_has_the_whole_limit(void **state)
{
	for (size_t i = 0; i < RTE_DIM(worker_counts); i++) {
		struct limited sender;

		open_sender(&sender, worker_counts[i]);
		pretend_sent(&sender, 0, COVEY_PACKETS_SOFT);
		assert_int_equal(burst_dropped(&sender, 0), 0);
		assert_int_equal(send_flow(&sender, 0, 2 * SA_TX_SHARE), 2 * SA_TX_SHARE);
		dataplane_close(sender.dataplane);
	}
}

/* To the last packet, and not one more. */
static void test_limit_is_exact(void **state)
{
	for (size_t i = 0; i < RTE_DIM(worker_counts); i++) {
		struct limited sender;

		open_sender(&sender, worker_counts[i]);
		pretend_sent(&sender, 0, COVEY_PACKETS_HARD - 2 * SA_TX_SHARE);
		assert_int_equal(send_flow(&sender, 0, 3 * SA_TX_SHARE), 2 * SA_TX_SHARE);
		assert_int_equal(burst_dropped(&sender, 0), ENGINE_BURST_MAX);
		dataplane_close(sender.dataplane);
	}
}

/* All workers together keep it too; what is left to one is what the others have not taken. */
static void test_all_together_keep_it(void **state)
{
	for (size_t i = 0; i < RTE_DIM(worker_counts); i++) {
		const unsigned workers = worker_counts[i];
		uint64_t all = COVEY_PACKETS_HARD - (workers + 1) * SA_TX_SHARE;
		struct limited sender;

		open_sender(&sender, workers);
		pretend_sent(&sender, workers - 1, all);
		for (unsigned worker = 0; worker < workers; worker++)
			all += send_flow(&sender, worker, SA_TX_SHARE / 2);
		for (unsigned worker = 0; worker < workers; worker++)
			all += send_flow(&sender, worker, 2 * SA_TX_SHARE);
		assert_int_equal(all, COVEY_PACKETS_HARD);
		for (unsigned worker = 0; worker < workers; worker++)
			assert_int_equal(burst_dropped(&sender, worker), ENGINE_BURST_MAX);
		dataplane_close(sender.dataplane);
	}
}

/* A share that a worker took outlives what is published anew: a higher epoch uses the same key. */
static void test_epochs_share_the_limit(void **state)
{
	struct covey_sa sa = lab_sa(LAB_SPI, 2);
	struct limited sender;

	open_sender(&sender, 2);
	pretend_sent(&sender, 0, COVEY_PACKETS_HARD - SA_TX_SHARE);
	assert_int_equal(send_flow(&sender, 1, 10), 10);
	assert_int_equal(dataplane_sa_install(sender.dataplane, &sa, NULL, 0, NULL), 0);
	assert_int_equal(send_flow(&sender, 0, 1), 0);
	assert_int_equal(send_flow(&sender, 1, SA_TX_SHARE), SA_TX_SHARE - 10);
	dataplane_close(sender.dataplane);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_flow_has_the_whole_limit),
		cmocka_unit_test(test_limit_is_exact),
		cmocka_unit_test(test_all_together_keep_it),
		cmocka_unit_test(test_epochs_share_the_limit),
	};

	return cmocka_run_group_tests(tests, lab_eal, NULL);
}
