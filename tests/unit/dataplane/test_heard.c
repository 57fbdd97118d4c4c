/* SPDX-License-Identifier: BSD-3-Clause */
/* Who sends in clear: the table of a worker by itself, and the list that is made of all. */
#include "heard.h"
#include "modes_lab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define KEPT   1000u
#define LIST   4096u
#define NO_ONE COVEY_DROP_COUNT

/* --- the table ------------------------------------------------------------------------------ */

static struct heard *new_table(unsigned seed)
{
	static struct keyed_hash secret;
	struct heard *heard;

	srandom(seed);
	for (unsigned i = 0; i < RTE_DIM(secret.key); i++)
		secret.key[i] =
			(uint64_t)random() << 42 ^ (uint64_t)random() << 21 ^ (uint64_t)random();
	heard = heard_new(&secret, KEPT);
	assert_non_null(heard);
	return heard;
}

static struct heard_key key_of(uint32_t number)
{
	uint8_t address[4];

	memcpy(address, &number, sizeof(address));
	return heard_key_of(address, false, LAB_VNI, false);
}

static bool note(struct heard *heard, uint32_t number, uint64_t now)
{
	struct heard_key key = key_of(number);

	return heard_note(heard, &key, COVEY_DROP_IN_CLEAR_VXLAN, now);
}

/* How many packets the table has of it; 0 when it is not there. It may not be there twice. */
static uint64_t packets_of(const struct heard *heard, const struct heard_key *key)
{
	struct heard_place place;
	uint64_t packets = 0;

	for (uint32_t i = 0; i < HEARD_PLACES; i++)
		if (heard_read(heard, i, &place) && heard_same(&place.key, key)) {
			assert_int_equal(packets, 0);
			packets = place.packets;
		}
	return packets;
}

static void test_address_vni_and_direction_have_places_of_their_own(void **state)
{
	static const uint8_t address[16] = {10, 0, 0, 1}, last[16] = {10, [15] = 1};
	const struct heard_key keys[] = {
		heard_key_of(address, false, 100, false), heard_key_of(address, false, 101, false),
		heard_key_of(address, false, 100, true),  heard_key_of(address, true, 100, false),
		heard_key_of(last, true, 100, false),     heard_key_of(last, false, 0xffffff, true),
	};
	struct heard *heard = new_table(1);

	for (unsigned i = 0; i < RTE_DIM(keys); i++)
		for (unsigned times = 0; times <= i; times++)
			assert_true(heard_note(heard, &keys[i], NO_ONE, 1));
	for (unsigned i = 0; i < RTE_DIM(keys); i++)
		assert_int_equal(packets_of(heard, &keys[i]), i + 1);
	assert_int_equal(heard_vni(&keys[5]), 0xffffff);
	assert_true(heard_is_outbound(&keys[5]));
	assert_false(heard_is_ipv6(&keys[5]));
	assert_true(heard_is_ipv6(&keys[4]));
	heard_free(heard);
}

static uint32_t count_places(const struct heard *heard, uint64_t packets)
{
	struct heard_place place;
	uint32_t count = 0;

	for (uint32_t i = 0; i < HEARD_PLACES; i++)
		if (heard_read(heard, i, &place)) {
			assert_int_equal(place.packets, packets);
			count++;
		}
	return count;
}

/* Whatever the secret is. And each is found again. */
static void test_half_of_all_places_are_used_before_there_is_none(void **state)
{
	for (unsigned seed = 0; seed < 20; seed++) {
		struct heard *heard = new_table(seed);

		for (uint32_t i = 0; i < HEARD_PLACES / 2; i++)
			assert_true(note(heard, i, 1));
		for (uint32_t i = 0; i < HEARD_PLACES / 2; i++)
			assert_true(note(heard, i, 2));
		assert_int_equal(count_places(heard, 2), HEARD_PLACES / 2);
		heard_free(heard);
	}
}

/* Those who are there keep their places and counts, however many others come. */
static void test_a_flood_takes_nobodys_place(void **state)
{
	const struct heard_key key = key_of(7);
	struct heard *heard = new_table(2);
	uint32_t none = 0;

	for (uint32_t i = 0; i < 100000; i++) {
		assert_true(note(heard, 7, i / 100));
		none += !note(heard, 1000 + i, i / 100);
	}
	assert_int_equal(packets_of(heard, &key), 100000);
	assert_in_range(none, 100000 - HEARD_PLACES, 100000);
	heard_free(heard);
}

static void test_old_places_are_given_away(void **state)
{
	const struct heard_key first = key_of(0), last = key_of(999999);
	struct heard *heard = new_table(3);

	for (uint32_t i = 0; i < 100000; i++)
		note(heard, i, 500);
	assert_int_equal(packets_of(heard, &first), 1);
	assert_false(note(heard, 999999, 500 + KEPT));
	assert_int_equal(packets_of(heard, &last), 0);
	/* A clock that is a little behind makes nothing old. */
	assert_false(note(heard, 999999, 499));
	assert_true(note(heard, 999999, 500 + KEPT + 1));
	assert_int_equal(packets_of(heard, &last), 1);
	for (uint32_t i = 0; i < 100000; i++)
		note(heard, 2000000 + i, 500 + KEPT + 1);
	assert_int_equal(packets_of(heard, &first), 0);
	heard_free(heard);
}

/* --- reading while the worker writes -------------------------------------------------------- */

struct race {
	struct heard *heard;
	atomic_bool stop;
};

/* Each place changes hands all the time. A key's three words belong together. */
static void *write_all(void *arg)
{
	struct race *race = arg;
	cpu_set_t everywhere;

	/* EAL holds its thread, and what that starts, on one core. */
	memset(&everywhere, 0xff, sizeof(everywhere));
	sched_setaffinity(0, sizeof(everywhere), &everywhere);
	for (uint64_t i = 1; !atomic_load(&race->stop); i++) {
		struct heard_key key = {.words = {i, ~i, i & 0xffffff}};

		heard_note(race->heard, &key, NO_ONE, i * (KEPT + 1));
	}
	return NULL;
}

static void test_a_reader_never_sees_half_of_a_key(void **state)
{
	static const struct keyed_hash same = {0}; /* all keys have the same row */
	struct race race = {.heard = heard_new(&same, KEPT)};
	struct heard_place place;
	pthread_t thread;
	unsigned seen = 0;

	assert_int_equal(pthread_create(&thread, NULL, write_all, &race), 0);
	while (seen < 500000) {
		for (uint32_t i = 0; i < HEARD_ROW; i++) {
			if (!heard_read(race.heard, i, &place))
				continue;
			seen++;
			assert_int_equal(place.key.words[1], ~place.key.words[0]);
			assert_int_equal(place.key.words[2], place.key.words[0] & 0xffffff);
			assert_int_equal(place.packets, 1);
		}
	}
	atomic_store(&race.stop, true);
	pthread_join(thread, NULL);
	heard_free(race.heard);
}

/* --- the list ------------------------------------------------------------------------------- */

static const struct dataplane_heard *find(const struct dataplane_heard *list, size_t count,
					  bool outbound, struct covey_addr peer)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].outbound == outbound && covey_addr_equal(&list[i].peer, &peer))
			return &list[i];
	fail_msg("it is not in the list");
	return NULL;
}

static void test_the_list_says_who_and_what_enforce_would_do(void **state)
{
	static struct dataplane_heard list[LIST];
	const struct dataplane_heard *in, *out;
	struct result result;
	struct lab lab;

	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		modes_lab_over(ipv6, COVEY_ENCAPSULATION_UDP);
		open_lab(&lab, false);
		set_mode(&lab, 0, COVEY_MODE_OBSERVE);
		assert_int_equal(dataplane_read_heard(lab.dataplane, list, LIST), 0);
		run_clear(&lab, true, LAB_VNI, &result);
		run_clear(&lab, false, LAB_VNI, &result);
		dataplane_sa_remove(lab.dataplane, LAB_SPI);
		run_clear(&lab, true, LAB_VNI, &result);
		/* These pass not, or not in clear. */
		run_clear(&lab, false, OTHER_VNI, &result);
		run_clear(&lab, false, UNKNOWN_VNI, &result);
		run_clear(&lab, true, OTHER_VNI, &result);
		assert_int_equal(dataplane_read_heard(lab.dataplane, list, LIST), 2);
		in = find(list, 2, false, lab_address(ipv6, LAB_PEER));
		assert_int_equal(in->vni, LAB_VNI);
		assert_int_equal(in->packets, 1);
		assert_int_equal(in->would_drop, 1);
		assert_int_equal(in->reason, COVEY_DROP_IN_CLEAR_VXLAN);
		assert_in_range(in->seen_ms, 0, 59999);
		out = find(list, 2, true, lab_address(ipv6, 0xc8));
		assert_int_equal(out->vni, LAB_VNI);
		assert_int_equal(out->packets, 2);
		assert_int_equal(out->would_drop, 1);
		assert_int_equal(out->reason, COVEY_DROP_OUT_NO_SA);
		assert_int_equal(dataplane_read_heard(lab.dataplane, list, 1), 1);
		assert_int_equal(dataplane_read_heard(lab.dataplane, list, 0), 0);
		lab_close(&lab);
	}
}

static void send_to(struct dataplane *dataplane, unsigned worker, uint8_t source)
{
	struct sample sample = lab_sample();
	uint8_t frame[REFERENCE_BYTES_MAX];
	struct rte_mbuf *packet;

	sample.source = source;
	packet = lab_packet(frame, reference_vxlan(&sample, frame));
	assert_int_equal(inbound_burst(dataplane_worker(dataplane, worker), &packet, 1), 1);
	rte_pktmbuf_free(packet);
}

static void test_the_list_adds_up_what_workers_have_heard(void **state)
{
	const struct dataplane_config config = lab_config(false, COVEY_ENCAPSULATION_UDP);
	const uint32_t vni = LAB_VNI;
	struct dataplane_heard list[8];
	struct dataplane *dataplane;

	assert_int_equal(dataplane_new(&config, 2, &dataplane, NULL), 0);
	assert_int_equal(dataplane_group_set(dataplane, 0, &vni, 1, NULL), 0);
	assert_int_equal(dataplane_group_mode(dataplane, 0, COVEY_MODE_TRANSITION), 0);
	send_to(dataplane, 0, 2);
	send_to(dataplane, 1, 2);
	send_to(dataplane, 1, 2);
	send_to(dataplane, 1, 3);
	assert_int_equal(dataplane_read_heard(dataplane, list, 8), 2);
	assert_int_equal(find(list, 2, false, lab_address(false, 2))->packets, 3);
	assert_int_equal(find(list, 2, false, lab_address(false, 2))->would_drop, 3);
	assert_int_equal(find(list, 2, false, lab_address(false, 3))->packets, 1);
	dataplane_close(dataplane);
}

/* From more addresses than there are places: the packets pass all the same, and are counted. */
static void test_who_finds_no_place_is_counted(void **state)
{
	static struct dataplane_heard list[LIST];
	struct sample sample = lab_sample();
	uint8_t frame[REFERENCE_BYTES_MAX];
	struct result result;
	struct lab lab;
	size_t len, count;

	modes_lab_over(false, COVEY_ENCAPSULATION_UDP);
	open_lab(&lab, false);
	set_mode(&lab, 0, COVEY_MODE_TRANSITION);
	sample.source = LAB_PEER;
	len = reference_vxlan(&sample, frame);
	for (uint32_t i = 0; i < 2 * HEARD_PLACES; i++) {
		frame[L2 + 13] = (uint8_t)(i >> 8);
		frame[L2 + 14] = (uint8_t)i;
		run_bytes(&lab, false, frame, len, &result);
		assert_int_equal(result.passed, 1);
	}
	count = dataplane_read_heard(lab.dataplane, list, LIST);
	assert_in_range(count, HEARD_PLACES * 3 / 4, HEARD_PLACES);
	assert_int_equal(result.counters.clear_in, 2 * HEARD_PLACES);
	assert_int_equal(result.counters.unheard, 2 * HEARD_PLACES - count);
	lab_close(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_address_vni_and_direction_have_places_of_their_own),
		cmocka_unit_test(test_half_of_all_places_are_used_before_there_is_none),
		cmocka_unit_test(test_a_flood_takes_nobodys_place),
		cmocka_unit_test(test_old_places_are_given_away),
		cmocka_unit_test(test_a_reader_never_sees_half_of_a_key),
		cmocka_unit_test(test_the_list_says_who_and_what_enforce_would_do),
		cmocka_unit_test(test_the_list_adds_up_what_workers_have_heard),
		cmocka_unit_test(test_who_finds_no_place_is_counted),
	};

	return cmocka_run_group_tests(tests, lab_eal, NULL);
}
