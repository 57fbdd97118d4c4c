/* SPDX-License-Identifier: BSD-3-Clause */
/* An IV never repeats under a key, whatever the control thread does to SAs. */
#include "lab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define SPIS       3u
#define OPERATIONS 3000u
#define SEEN_BITS  18u
#define VPE_AT     42u

/* SPI and IV of every packet sent: 16 bytes of its header. */
static uint8_t seen[1u << SEEN_BITS][16];
static unsigned seen_count;

static void note(const uint8_t *quadruple)
{
	static const uint8_t empty[16];
	uint64_t hash = 1469598103934665603u;
	uint32_t at;

	for (unsigned i = 0; i < 16; i++)
		hash = (hash ^ quadruple[i]) * 1099511628211u;
	at = (uint32_t)(hash >> (64 - SEEN_BITS));
	while (memcmp(seen[at], empty, 16) != 0) {
		if (memcmp(seen[at], quadruple, 16) == 0)
			fail_msg("SPI and IV used again after %u packets", seen_count);
		at = (at + 1) & ((1u << SEEN_BITS) - 1);
	}
	memcpy(seen[at], quadruple, 16);
	seen_count++;
}

/* Send count frames; return how many left, noting each one's IV and the last one's ESN. */
static unsigned send_from(struct engine_worker *worker, unsigned count, uint64_t *ret_esn)
{
	struct rte_mbuf *packets[ENGINE_BURST_MAX];
	struct sample sample = lab_sample();
	uint8_t frame[REFERENCE_BYTES_MAX];
	unsigned sent;

	for (unsigned i = 0; i < count; i++) {
		sample.source_port = (uint16_t)rand();
		sample.traffic_class = (uint8_t)rand();
		sample.multicast = rand() & 1;
		packets[i] = lab_packet(frame, reference_vxlan(&sample, frame));
	}
	sent = outbound_burst(worker, packets, (uint16_t)count);
	for (unsigned i = 0; i < sent; i++) {
		const uint8_t *vpe = rte_pktmbuf_mtod_offset(packets[i], const uint8_t *, VPE_AT);

		note(vpe);
		*ret_esn = covey_vpe_esn((const struct covey_vpe_header *)vpe);
		rte_pktmbuf_free(packets[i]);
	}
	return sent;
}

static void forget_seen(void)
{
	memset(seen, 0, sizeof(seen));
	seen_count = 0;
}

/* One step of what a host may be told to do, at random. */
static void operate(struct lab *lab, uint16_t *epochs)
{
	uint32_t index = (uint32_t)rand() % SPIS, spi = LAB_SPI + index;
	struct covey_roster_entry peer = lab_peer(false);
	struct covey_sa sa;

	switch (rand() % 6) {
	case 0:
		sa = lab_sa(spi, (uint16_t)(epochs[index] + rand() % 2));
		if (dataplane_sa_install(lab->dataplane, &sa, &peer, 1, NULL) == 0)
			epochs[index] = sa.epoch;
		break;
	case 1:
	case 2:
		dataplane_sa_activate(lab->dataplane, spi, NULL);
		break;
	case 3:
		dataplane_sa_drain(lab->dataplane, spi, NULL);
		break;
	case 4:
		dataplane_roster_set(lab->dataplane, spi, &peer, (unsigned)rand() & 1, NULL);
		break;
	default:
		/* Removed: comes back with a higher epoch only, as a new registration gives it. */
		if (rand() % 8 == 0) {
			dataplane_sa_remove(lab->dataplane, spi);
			epochs[index]++;
		}
	}
}

static void test_random_operations(void **state)
{
	struct dataplane_config config = lab_config(false, COVEY_ENCAPSULATION_UDP);
	uint16_t epochs[SPIS] = {1, 1, 1};
	struct lab lab;
	uint64_t esn;

	forget_seen();
	lab_open(&lab, &config);
	for (unsigned i = 0; i < OPERATIONS; i++) {
		operate(&lab, epochs);
		send_from(lab.worker, 1 + (unsigned)rand() % 32, &esn);
	}
	assert_true(seen_count > OPERATIONS);
	lab_close(&lab);
}

/* The first of an epoch is counter 1; a draining SA that is activated again goes on. */
static void test_epochs_and_activation(void **state)
{
	struct dataplane_config config = lab_config(false, COVEY_ENCAPSULATION_UDP);
	struct covey_sa first = lab_sa(LAB_SPI, 1), second = lab_sa(LAB_SPI + 1, 1);
	struct lab lab;
	uint64_t esn = 0;

	config.paths = 1;
	memset(config.class_by_dscp, 0, sizeof(config.class_by_dscp));
	forget_seen();
	lab_open(&lab, &config);
	lab_install_active(&lab, &first);
	assert_int_equal(send_from(lab.worker, 64, &esn), 64);
	lab_install_active(&lab, &second);
	assert_int_equal(send_from(lab.worker, 64, &esn), 64);
	assert_int_equal(covey_esn_epoch(esn), 1);
	assert_int_equal(dataplane_sa_activate(lab.dataplane, first.spi, NULL), 0);
	assert_int_equal(send_from(lab.worker, 64, &esn), 64);
	assert_true((esn & COVEY_ESN_COUNTER_MAX) > 32);
	first.epoch = 9;
	assert_int_equal(dataplane_sa_install(lab.dataplane, &first, NULL, 0, NULL), 0);
	assert_int_equal(send_from(lab.worker, 1, &esn), 1);
	assert_int_equal(esn, covey_esn(9, 1));
	lab_close(&lab);
}

/* What is listed of our windows accounts for every packet: each starts at counter 1. */
static void check_windows_listed(const struct dataplane *dataplane)
{
	static struct dataplane_window_status windows[2048];
	size_t count = dataplane_read_windows(dataplane, windows, RTE_DIM(windows));
	uint64_t packets = 0;

	assert_true(count <= RTE_DIM(windows));
	for (size_t i = 0; i < count; i++) {
		assert_true(windows[i].sending);
		packets += windows[i].esn & COVEY_ESN_COUNTER_MAX;
	}
	assert_int_equal(packets, seen_count);
}

#define WORKERS 5u

/* In each window, one worker has sent at the most. */
static void check_windows_apart(const struct dataplane *dataplane, const struct sa_record *record)
{
	for (unsigned id = 0; id < 65536; id++) {
		unsigned writers = 0;

		for (unsigned i = 0; i < dataplane->engine.worker_count; i++)
			writers += record->tx_states[i].esn[id] != 0;
		assert_in_range(writers, 0, 1);
	}
}

/* Several workers send the same flows on one SA: a WindowID belongs to one of them, so their
 * counters may be equal and no IV is. */
static void test_several_workers(void **state)
{
	struct dataplane_config config = lab_config(false, COVEY_ENCAPSULATION_UDP);
	struct covey_sa sa = lab_sa(LAB_SPI, 1);
	struct dataplane_sa_status status;
	const uint32_t vni = LAB_VNI;
	struct dataplane *dataplane;
	uint64_t esn;

	forget_seen();
	assert_int_equal(dataplane_new(&config, WORKERS, &dataplane, NULL), 0);
	assert_int_equal(dataplane_group_set(dataplane, 0, &vni, 1, NULL), 0);
	assert_int_equal(dataplane_sa_install(dataplane, &sa, NULL, 0, NULL), 0);
	assert_int_equal(dataplane_sa_activate(dataplane, LAB_SPI, NULL), 0);
	for (unsigned i = 0; i < 200; i++)
		assert_int_equal(send_from(dataplane_worker(dataplane, i % WORKERS), 32, &esn), 32);
	assert_int_equal(dataplane_read_sas(dataplane, &status, 1), 1);
	assert_int_equal(status.packets_sent, 200 * 32);
	check_windows_listed(dataplane);
	check_windows_apart(dataplane, sa_record_find(dataplane, LAB_SPI));
	dataplane_close(dataplane);
}

/* The last ESN of an epoch is used once, then the window stops; a higher epoch goes on. */
static void test_end_of_an_epoch(void **state)
{
	struct dataplane_config config = lab_config(false, COVEY_ENCAPSULATION_UDP);
	struct covey_sa sa = lab_sa(LAB_SPI, COVEY_EPOCH_MAX - 1);
	struct sa_record *record;
	struct lab lab;
	uint64_t esn = 0;

	forget_seen();
	lab_open(&lab, &config);
	lab_install_active(&lab, &sa);
	record = sa_record_find(lab.dataplane, LAB_SPI);
	for (unsigned i = 0; i < 65536; i++)
		record->tx_states[0].esn[i] = covey_esn(sa.epoch, COVEY_ESN_COUNTER_MAX - 1);
	assert_true(send_from(lab.worker, 64, &esn) > 0);
	assert_int_equal(esn, covey_esn(sa.epoch, COVEY_ESN_COUNTER_MAX));
	for (unsigned i = 0; i < 100; i++)
		send_from(lab.worker, 64, &esn);
	assert_int_equal(send_from(lab.worker, 64, &esn), 0);
	sa.epoch++;
	assert_int_equal(dataplane_sa_install(lab.dataplane, &sa, NULL, 0, NULL), 0);
	assert_int_equal(send_from(lab.worker, 64, &esn), 64);
	assert_int_equal(covey_esn_epoch(esn), COVEY_EPOCH_MAX);
	lab_close(&lab);
}

/* The hard limit counts all windows and epochs of the SA, because all use one key. */
static void test_packet_limit(void **state)
{
	struct dataplane_config config = lab_config(false, COVEY_ENCAPSULATION_UDP);
	struct covey_sa sa = lab_sa(LAB_SPI, 1);
	struct sa_record *record;
	struct lab lab;
	uint64_t esn;

	forget_seen();
	lab_open(&lab, &config);
	lab_install_active(&lab, &sa);
	record = sa_record_find(lab.dataplane, LAB_SPI);
	record->tx_states[0].packets = COVEY_PACKETS_HARD - 40;
	record->tx_states[0].allowed = record->tx_shared = COVEY_PACKETS_HARD;
	assert_int_equal(send_from(lab.worker, 30, &esn), 30);
	sa.epoch = 2;
	assert_int_equal(dataplane_sa_install(lab.dataplane, &sa, NULL, 0, NULL), 0);
	assert_int_equal(send_from(lab.worker, 30, &esn), 10);
	assert_int_equal(send_from(lab.worker, 30, &esn), 0);
	lab_close(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_operations),
		cmocka_unit_test(test_epochs_and_activation),
		cmocka_unit_test(test_several_workers),
		cmocka_unit_test(test_end_of_an_epoch),
		cmocka_unit_test(test_packet_limit),
	};

	return cmocka_run_group_tests(tests, lab_eal, NULL);
}
