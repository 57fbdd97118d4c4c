/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two workers between two ports of two queues each, which are rings in memory: what reaches the
 * wrong worker leaves by the right one, once and in order, also when all were asleep, and when they
 * are told to stop.
 */
#include "dataplane.h"
#include "group_queries.h"
#include "lab.h"
#include "port.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <rte_eth_ring.h>
#include <rte_ring.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define IP_AT  14u
#define QUEUES 2u
/* More than there are buffers, many times over. */
#define PACKETS 20000u
#define BURST   32u
/* Seconds for what takes microseconds: the machine may be busy. */
#define PATIENCE 30

struct ends {
	struct rte_ring *in[QUEUES];  /* what the port receives */
	struct rte_ring *out[QUEUES]; /* what it sent */
	struct port *port;
};

struct scene {
	struct lab lab; /* its pool alone */
	struct ends fabric, host;
	struct dataplane *dataplane;
	struct reference_sa sa;
};

/* --- ports in memory ------------------------------------------------------------------------ */

static void make_rings(const char *name, const char *what, struct rte_ring **rings)
{
	for (unsigned i = 0; i < QUEUES; i++) {
		char text[RTE_RING_NAMESIZE];

		snprintf(text, sizeof(text), "%s-%s-%u", name, what, i);
		rings[i] = rte_ring_create(text, 1024, 0, RING_F_SP_ENQ | RING_F_SC_DEQ);
		assert_non_null(rings[i]);
	}
}

/* A device's name is its own for as long as the program runs. */
static void open_ends(const char *what, struct ends *ends)
{
	static unsigned made;
	char name[32], device[64];

	snprintf(name, sizeof(name), "%s%u", what, made++);
	make_rings(name, "in", ends->in);
	make_rings(name, "out", ends->out);
	assert_true(rte_eth_from_rings(name, ends->in, QUEUES, ends->out, QUEUES, 0) >= 0);
	snprintf(device, sizeof(device), "net_ring_%s", name);
	assert_int_equal(port_open(device, what, 0, lab_pool(), &ends->port, NULL), 0);
	assert_int_equal(ends->port->rx_count, QUEUES);
	assert_int_equal(ends->port->tx_count, QUEUES);
}

static void close_ends(struct ends *ends)
{
	struct rte_mbuf *packet;

	port_close(ends->port);
	for (unsigned i = 0; i < QUEUES; i++) {
		while (rte_ring_dequeue(ends->in[i], (void **)&packet) == 0)
			rte_pktmbuf_free(packet);
		while (rte_ring_dequeue(ends->out[i], (void **)&packet) == 0)
			rte_pktmbuf_free(packet);
		rte_ring_free(ends->in[i]);
		rte_ring_free(ends->out[i]);
	}
}

static void open_ports(struct scene *scene)
{
	memset(scene, 0, sizeof(*scene));
	open_ends("fabric", &scene->fabric);
	open_ends("host", &scene->host);
}

static void start(struct scene *scene)
{
	struct dataplane_config config = lab_config(false, COVEY_ENCAPSULATION_UDP);
	struct covey_roster_entry peer = lab_peer(false);
	struct covey_sa sa = lab_sa(LAB_SPI, 5);
	const uint32_t vni = LAB_VNI;

	config.fabric_port = scene->fabric.port;
	config.host_port = scene->host.port;
	assert_int_equal(dataplane_open(&config, &scene->dataplane, NULL), 0);
	assert_int_equal(dataplane_workers(scene->dataplane), 2);
	assert_int_equal(dataplane_group_set(scene->dataplane, 0, &vni, 1, NULL), 0);
	assert_int_equal(dataplane_sa_install(scene->dataplane, &sa, &peer, 1, NULL), 0);
	assert_int_equal(dataplane_start(scene->dataplane, NULL), 0);
	scene->lab.config = config;
	scene->sa = lab_reference(&scene->lab, &sa);
}

static void open_scene(struct scene *scene)
{
	open_ports(scene);
	start(scene);
}

static void close_scene(struct scene *scene)
{
	dataplane_close(scene->dataplane);
	close_ends(&scene->host);
	close_ends(&scene->fabric);
	assert_int_equal(lab_packets_out(), 0);
}

/* --- packets -------------------------------------------------------------------------------- */

static void feed(const struct scene *scene, unsigned queue, uint16_t window_id, unsigned counter)
{
	struct sample sample = lab_sample();
	uint8_t clear[REFERENCE_BYTES_MAX], wire[REFERENCE_BYTES_MAX];
	size_t len;

	sample.source = LAB_PEER;
	sample.payload_seed = counter;
	sample.payload_len = 64;
	len = reference_vxlan(&sample, clear);
	len = reference_vpe(&scene->sa,
			    (struct reference_iv){LAB_PEER, window_id, covey_esn(3, counter)},
			    clear, IP_AT, len, wire);
	assert_int_equal(rte_ring_enqueue(scene->fabric.in[queue], lab_packet(wire, len)), 0);
}

/* The next packet that the port has sent on this queue, in time. */
static struct rte_mbuf *next(const struct ends *ends, unsigned queue)
{
	time_t end = time(NULL) + PATIENCE;
	struct rte_mbuf *packet;

	while (rte_ring_dequeue(ends->out[queue], (void **)&packet) != 0) {
		if (time(NULL) > end)
			fail_msg("%s sent nothing on queue %u", ends->port->name, queue);
		sched_yield();
	}
	return packet;
}

static void expect(const struct scene *scene, unsigned queue, unsigned counter)
{
	struct rte_mbuf *packet = next(&scene->host, queue);
	struct sample sample = lab_sample();
	uint8_t clear[REFERENCE_BYTES_MAX];
	size_t len;

	sample.source = LAB_PEER;
	sample.payload_seed = counter;
	sample.payload_len = 64;
	len = reference_vxlan(&sample, clear);
	assert_int_equal(packet->pkt_len, len);
	assert_memory_equal(rte_pktmbuf_mtod(packet, uint8_t *), clear, len);
	rte_pktmbuf_free(packet);
}

static struct dataplane_counters counters_of(const struct scene *scene)
{
	struct dataplane_counters counters;

	dataplane_read_counters(scene->dataplane, &counters);
	return counters;
}

/* A worker counts what it has handed over when the other may have sent it already. */
static void expect_handed_over(const struct scene *scene, uint64_t packets)
{
	time_t end = time(NULL) + PATIENCE;

	while (counters_of(scene).handed_over < packets && time(NULL) <= end)
		sched_yield();
	assert_int_equal(counters_of(scene).handed_over, packets);
}

/* --- tests ---------------------------------------------------------------------------------- */

/* A window begins at the first worker and goes on at the second: it leaves by the first's queue. */
static void test_all_leave_by_their_owner(void **state)
{
	struct scene scene;
	unsigned counter = 1;

	open_scene(&scene);
	feed(&scene, 0, 7, counter);
	expect(&scene, 0, counter);
	while (counter < PACKETS) {
		for (unsigned i = 1; i <= BURST; i++)
			feed(&scene, 1, 7, counter + i);
		for (unsigned i = 1; i <= BURST; i++)
			expect(&scene, 0, counter + i);
		counter += BURST;
	}
	expect_handed_over(&scene, counter - 1);
	assert_int_equal(counters_of(&scene).decrypted_packets, counter);
	assert_true(dataplane_is_alive(scene.dataplane));
	close_scene(&scene);
}

/* Each of two windows at the other's worker: both hand over at once. */
static void test_both_hand_over(void **state)
{
	struct scene scene;

	open_scene(&scene);
	for (unsigned queue = 0; queue < QUEUES; queue++) {
		feed(&scene, queue, (uint16_t)queue, 1);
		expect(&scene, queue, 1);
	}
	for (unsigned counter = 2; counter < PACKETS / 10; counter++) {
		for (unsigned queue = 0; queue < QUEUES; queue++)
			feed(&scene, !queue, (uint16_t)queue, counter);
		for (unsigned queue = 0; queue < QUEUES; queue++)
			expect(&scene, queue, counter);
	}
	close_scene(&scene);
}

/* What was received before the stop is sent, wherever it was then; the rest is still to be read. */
static void test_a_stop_loses_nothing(void **state)
{
	for (unsigned round = 0; round < 50; round++) {
		struct scene scene;
		unsigned left;

		open_scene(&scene);
		feed(&scene, 0, 7, 1);
		expect(&scene, 0, 1);
		for (unsigned i = 0; i < 8 * BURST; i++)
			feed(&scene, 1, 7, 2 + i);
		rte_pktmbuf_free(next(&scene.host, 0));
		dataplane_close(scene.dataplane);
		scene.dataplane = NULL;
		left = rte_ring_count(scene.fabric.in[1]);
		assert_int_equal(rte_ring_count(scene.host.out[0]), 8 * BURST - 1 - left);
		close_scene(&scene);
	}
}

/* A queue that has read all of its packets in its first burst, and whose descriptor is silent then.
 */
static uint16_t give_in_hand(const struct port_queue *queue, struct rte_mbuf **packets,
			     uint16_t max)
{
	const uint8_t arp[60] = {[12] = 0x08, [13] = 0x06};
	unsigned *left = queue->own;
	uint16_t count = (uint16_t)RTE_MIN(*left, max);

	for (uint16_t i = 0; i < count; i++)
		packets[i] = lab_packet(arp, sizeof(arp));
	*left -= count;
	return count;
}

static bool has_in_hand(const struct port_queue *queue)
{
	return *(const unsigned *)queue->own > 0;
}

/*
 * What a queue has in hand is taken although poll(2) says that nothing waits. The worker's number
 * is not on the stack: the next test's variables would take its place, and ThreadSanitizer does not
 * see that the worker has ended by then.
 */
static void test_what_is_in_hand_is_taken(void **state)
{
	static unsigned in_hand = 10 * BURST;
	struct scene scene;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	open_ports(&scene);
	scene.host.port->rx[0] = (struct port_queue){
		.burst = give_in_hand,
		.has_more = has_in_hand,
		.own = &in_hand,
		.fd = ends[0],
		.by_call = true,
	};
	start(&scene);
	for (unsigned i = 0; i < 10 * BURST; i++)
		rte_pktmbuf_free(next(&scene.fabric, 0));
	close_scene(&scene);
	close(ends[0]);
	close(ends[1]);
}

static uint16_t give_nothing(const struct port_queue *queue, struct rte_mbuf **packets,
			     uint16_t max)
{
	(void)queue, (void)packets, (void)max;
	return 0;
}

static bool always_has_more(const struct port_queue *queue)
{
	(void)queue;
	return true;
}

static void count_flush(const struct port_queue *queue)
{
	__atomic_add_fetch((unsigned *)queue->own, 1, __ATOMIC_RELAXED);
}

/* What waits for more to leave with leaves in the end, although nothing comes of what is promised.
 */
static void test_what_is_kept_back_is_sent(void **state)
{
	static unsigned flushes; /* as in_hand above */
	time_t end = time(NULL) + PATIENCE;
	struct scene scene;

	open_ports(&scene);
	scene.host.port->rx[0].burst = give_nothing;
	scene.host.port->rx[0].has_more = always_has_more;
	scene.fabric.port->tx[0].flush = count_flush;
	scene.fabric.port->tx[0].own = &flushes;
	start(&scene);
	while (__atomic_load_n(&flushes, __ATOMIC_RELAXED) == 0 && time(NULL) <= end)
		sched_yield();
	assert_int_not_equal(__atomic_load_n(&flushes, __ATOMIC_RELAXED), 0);
	close_scene(&scene);
}

static void expect_query(const struct scene *scene, unsigned index)
{
	const struct group_query query = group_query(index);
	struct rte_mbuf *packet = next(&scene->host, 0);

	assert_int_equal(packet->pkt_len, query.len);
	assert_memory_equal(rte_pktmbuf_mtod(packet, uint8_t *), query.frame, query.len);
	rte_pktmbuf_free(packet);
}

/* They go to the host, and nowhere else. */
static void test_groups_are_asked_for(void **state)
{
	struct scene scene;
	unsigned asked = 0;

	open_scene(&scene);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(dataplane_query_groups(scene.dataplane, lab_pool()), 0);
		for (unsigned query = 0; query < GROUP_QUERIES; query++)
			expect_query(&scene, query);
	}
	/* Faster than it sends them, and in the middle of its end: none is lost in between. */
	for (unsigned i = 0; i < 100; i++)
		asked += dataplane_query_groups(scene.dataplane, lab_pool()) == 0;
	assert_true(asked > 0);
	for (unsigned queue = 0; queue < QUEUES; queue++)
		assert_true(rte_ring_empty(scene.fabric.out[queue]));
	assert_true(rte_ring_empty(scene.host.out[1]));
	close_scene(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_leave_by_their_owner),
		cmocka_unit_test(test_both_hand_over),
		cmocka_unit_test(test_a_stop_loses_nothing),
		cmocka_unit_test(test_what_is_in_hand_is_taken),
		cmocka_unit_test(test_what_is_kept_back_is_sent),
		cmocka_unit_test(test_groups_are_asked_for),
	};

	return cmocka_run_group_tests(tests, lab_eal_with_workers, NULL);
}
