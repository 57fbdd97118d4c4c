/* SPDX-License-Identifier: BSD-3-Clause */
/* Workers write no cache line that another writes: neither covey's code nor a library on its way.
 */
#include "lab.h"
#include "writes.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#define IP_AT   14u
#define WORKERS 3u
#define PACKETS 32u

/* What a worker does with its packets. */
struct turn {
	struct engine_worker *worker;
	uint16_t (*burst)(struct engine_worker *worker, struct rte_mbuf **packets, uint16_t count);
	struct rte_mbuf *packets[PACKETS];
	uint16_t done;
};

struct scene {
	struct lab lab;
	struct reference_sa sa;
	uint64_t esn;
};

static void open_scene(struct scene *scene)
{
	const struct dataplane_config config = lab_config(false, COVEY_ENCAPSULATION_UDP);
	const struct covey_sa sa = lab_sa(LAB_SPI, 5);
	const uint32_t vni = LAB_VNI;

	*scene = (struct scene){.lab.config = config, .esn = covey_esn(3, 0)};
	assert_int_equal(dataplane_new(&config, WORKERS, &scene->lab.dataplane, NULL), 0);
	assert_int_equal(dataplane_group_set(scene->lab.dataplane, 0, &vni, 1, NULL), 0);
	lab_install_active(&scene->lab, &sa);
	scene->sa = lab_reference(&scene->lab, &sa);
}

/* VXLAN, as it is until something is encrypted, and after all is decrypted. */
static void make_vxlan(unsigned i, uint8_t source, struct turn *turn)
{
	uint8_t frame[REFERENCE_BYTES_MAX];
	struct sample sample = lab_sample();

	sample.source = source;
	sample.source_port = (uint16_t)(i * 997);
	sample.payload_len = (uint16_t)(i * 40);
	turn->packets[i] = lab_packet(frame, reference_vxlan(&sample, frame));
}

static void make_outbound(struct scene *scene, unsigned index, struct turn *turn)
{
	turn->worker = dataplane_worker(scene->lab.dataplane, index);
	turn->burst = outbound_burst;
	for (unsigned i = 0; i < PACKETS; i++)
		make_vxlan(i, LAB_SELF, turn);
}

static void make_clear_inbound(struct scene *scene, unsigned index, struct turn *turn)
{
	turn->worker = dataplane_worker(scene->lab.dataplane, index);
	turn->burst = inbound_burst;
	for (unsigned i = 0; i < PACKETS; i++)
		make_vxlan(i, LAB_PEER, turn);
}

/* Of windows that this worker comes to own. */
static void make_inbound(struct scene *scene, unsigned index, struct turn *turn)
{
	uint8_t clear[REFERENCE_BYTES_MAX], wire[REFERENCE_BYTES_MAX];

	turn->worker = dataplane_worker(scene->lab.dataplane, index);
	turn->burst = inbound_burst;
	for (unsigned i = 0; i < PACKETS; i++) {
		struct reference_iv iv = {LAB_PEER, (uint16_t)(index * 16 + i % 4), ++scene->esn};
		struct sample sample = lab_sample();
		size_t len;

		sample.source = LAB_PEER;
		sample.payload_len = (uint16_t)(i * 40);
		len = reference_vxlan(&sample, clear);
		len = reference_vpe(&scene->sa, iv, clear, IP_AT, len, wire);
		turn->packets[i] = lab_packet(wire, len);
	}
}

static void run_turn(void *arg)
{
	struct turn *turn = arg;

	turn->done = turn->burst(turn->worker, turn->packets, PACKETS);
}

static void end_turn(struct turn *turn)
{
	assert_int_equal(turn->done, PACKETS);
	rte_pktmbuf_free_bulk(turn->packets, PACKETS);
}

typedef void make_turn(struct scene *scene, unsigned index, struct turn *turn);

/* Shares are taken and windows claimed in the first burst: no packet's work. So are the places of
 * those who send in clear. */
static void warm_up(struct scene *scene, make_turn *make)
{
	for (unsigned i = 0; i < WORKERS; i++) {
		struct turn turn;

		make(scene, i, &turn);
		run_turn(&turn);
		end_turn(&turn);
	}
}

static void expect_apart(const struct writes *a, const struct writes *b)
{
	for (size_t i = 0; i < a->count; i++)
		if (writes_has(b, a->lines[i]))
			fail_msg("two workers write to the cache line at %#lx",
				 a->lines[i] * WRITES_LINE);
}

/* written: how many cache lines each burst writes at least. */
static void check(make_turn *make, enum covey_mode mode, size_t written)
{
	struct writes *writes = calloc(WORKERS, sizeof(*writes));
	struct turn turns[WORKERS];
	struct scene scene;

	assert_non_null(writes);
	open_scene(&scene);
	assert_int_equal(dataplane_group_mode(scene.lab.dataplane, 0, mode), 0);
	warm_up(&scene, make);
	for (unsigned i = 0; i < WORKERS; i++)
		make(&scene, i, &turns[i]);
	for (unsigned i = 0; i < WORKERS; i++)
		writes_of(run_turn, &turns[i], &writes[i]);
	for (unsigned i = 0; i < WORKERS; i++) {
		assert_in_range(writes[i].count, written, WRITES_LINES_MAX - 1);
		for (unsigned other = 0; other < i; other++)
			expect_apart(&writes[i], &writes[other]);
		end_turn(&turns[i]);
	}
	lab_close(&scene.lab);
	free(writes);
}

static void test_encrypting(void **state)
{
	check(make_outbound, COVEY_MODE_ENFORCE, PACKETS);
}

static void test_decrypting(void **state)
{
	check(make_inbound, COVEY_MODE_ENFORCE, PACKETS);
}

/* A packet does not change. Counters do, and the place of who sent or receives it. */
static void test_leaving_in_clear(void **state)
{
	check(make_outbound, COVEY_MODE_OBSERVE, 2);
}

static void test_entering_in_clear(void **state)
{
	check(make_clear_inbound, COVEY_MODE_OBSERVE, 2);
}

/* --- that it can fail ---------------------------------------------------------------------- */

static void count_up(void *arg)
{
	(*(volatile unsigned *)arg)++;
}

static void test_a_shared_counter_is_seen(void **state)
{
	unsigned *shared = malloc(sizeof(*shared));
	static struct writes writes;

	writes_of(count_up, shared, &writes);
	assert_true(writes_has(&writes, (uintptr_t)shared / WRITES_LINE));
	free(shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encrypting),
		cmocka_unit_test(test_decrypting),
		cmocka_unit_test(test_leaving_in_clear),
		cmocka_unit_test(test_entering_in_clear),
		cmocka_unit_test(test_a_shared_counter_is_seen),
	};

	return cmocka_run_group_tests(tests, lab_eal, NULL);
}
