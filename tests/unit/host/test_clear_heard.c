/* SPDX-License-Identifier: BSD-3-Clause */

/* Who sends in clear since it was asked last: from counters that grow, and begin anew. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <clear_heard.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX     64
#define SENDERS 4096

static int set_up(void **state)
{
	*state = clear_heard_new();
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	clear_heard_free(*state);
	clear_heard_free(NULL);
	return 0;
}

static struct covey_addr address(const char *text)
{
	struct covey_addr address;

	assert_true(covey_addr_parse(text, &address));
	return address;
}

static void add(struct clear_heard *heard, const char *from, uint32_t vni, uint64_t packets)
{
	const struct covey_addr sender = address(from);

	clear_heard_add(heard, &sender, vni, packets);
}

/* How many packets of this sender are in the list; 0: it is not in it. */
static uint64_t packets_of(const struct effects_heard *list, size_t count, const char *from,
			   uint32_t vni)
{
	const struct covey_addr sender = address(from);
	uint64_t packets = 0;

	for (size_t i = 0; i < count; i++) {
		if (!covey_addr_equal(&list[i].address, &sender) || list[i].vni != vni)
			continue;
		assert_true(packets == 0 && list[i].packets > 0);
		packets = list[i].packets;
	}
	return packets;
}

/* All that there is now is this sender, or nothing. */
static void expect_one(struct clear_heard *heard, const char *from, uint32_t vni, uint64_t packets)
{
	struct effects_heard list[MAX];
	size_t count = clear_heard_take(heard, list, MAX);

	assert_int_equal(count, packets > 0);
	assert_true(packets_of(list, count, from, vni) == packets);
}

static void nobody(void **state)
{
	struct effects_heard list[1];

	assert_int_equal(clear_heard_take(*state, list, 1), 0);
	assert_int_equal(clear_heard_take(*state, list, 0), 0);
}

static void a_counter_that_grows(void **state)
{
	static const uint64_t counters[] = {5, 5, 6, 1000, 1000, UINT64_MAX, UINT64_MAX};
	uint64_t before = 0;

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		add(*state, "10.0.0.1", 100, counters[i]);
		expect_one(*state, "10.0.0.1", 100, counters[i] - before);
		before = counters[i];
	}
}

static void a_counter_that_begins_anew(void **state)
{
	add(*state, "10.0.0.1", 100, 50);
	expect_one(*state, "10.0.0.1", 100, 50);
	add(*state, "10.0.0.1", 100, 3);
	expect_one(*state, "10.0.0.1", 100, 3);
	add(*state, "10.0.0.1", 100, 4);
	expect_one(*state, "10.0.0.1", 100, 1);
	/* After silence, it is not there at all. */
	expect_one(*state, "10.0.0.1", 100, 0);
	add(*state, "10.0.0.1", 100, 9);
	expect_one(*state, "10.0.0.1", 100, 9);
	/* Without a packet it is as good as not there. */
	add(*state, "10.0.0.1", 100, 0);
	expect_one(*state, "10.0.0.1", 100, 0);
}

/* Also where the bytes of two addresses are the same. */
static void each_for_itself(void **state)
{
	static const struct {
		const char *from;
		uint32_t vni;
	} senders[] = {
		{"10.0.0.1", 100}, {"10.0.0.1", 101},     {"10.0.0.2", 100},
		{"a00:1::", 100}, /* 0a 00 00 01, and zeros */
		{"fd00::1", 100},  {"fd00::2", 0xffffff}, {"::", 0},
	};
	struct effects_heard list[MAX];
	const size_t all = sizeof(senders) / sizeof(senders[0]);

	for (unsigned round = 1; round <= 3; round++) {
		size_t count;

		/* Each has a rate of its own, and they come in another order each time. */
		for (size_t i = 0; i < all; i++) {
			size_t which = (i * 3 + round) % all;

			add(*state, senders[which].from, senders[which].vni,
			    (uint64_t)(which + 1) * 1000 * round);
		}
		count = clear_heard_take(*state, list, MAX);
		assert_int_equal(count, all);
		for (size_t i = 0; i < all; i++)
			assert_true(packets_of(list, count, senders[i].from, senders[i].vni) ==
				    (i + 1) * 1000);
	}
}

static void add_all(struct clear_heard *heard, size_t count, uint64_t packets)
{
	char from[32];

	for (size_t i = 0; i < count; i++) {
		snprintf(from, sizeof(from), "10.0.%zu.%zu", i / 256, i % 256);
		add(heard, from, 100, packets);
	}
}

/* Those for whom there is no room now come next time, with all their packets. */
static void more_than_there_is_room_for(void **state)
{
	static unsigned times[SENDERS];
	static uint64_t told[SENDERS];
	struct effects_heard list[MAX];

	memset(times, 0, sizeof(times));
	memset(told, 0, sizeof(told));
	for (unsigned round = 1; round <= 6; round++) {
		size_t count;

		add_all(*state, 3 * MAX, 10 * round);
		count = clear_heard_take(*state, list, MAX);
		assert_int_equal(count, MAX);
		for (size_t i = 0; i < count; i++) {
			size_t which =
				(size_t)list[i].address.bytes[2] * 256 + list[i].address.bytes[3];

			assert_true(which < 3 * MAX);
			times[which]++;
			told[which] += list[i].packets;
			assert_true(told[which] == 10 * round);
		}
	}
	for (size_t i = 0; i < 3 * MAX; i++)
		assert_int_equal(times[i], 2);
}

/* The guard keeps no more. Nothing is written where there is no room. */
static void more_than_are_kept(void **state)
{
	static struct effects_heard list[SENDERS + 10];

	add_all(*state, SENDERS + 10, 7);
	assert_int_equal(clear_heard_take(*state, list, SENDERS + 10), SENDERS);
	add_all(*state, SENDERS, 9);
	memset(list, 0, sizeof(list));
	assert_int_equal(clear_heard_take(*state, list, 3), 3);
	assert_true(list[2].packets == 2);
	assert_true(list[3].packets == 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		test(nobody),
		test(a_counter_that_grows),
		test(a_counter_that_begins_anew),
		test(each_for_itself),
		test(more_than_there_is_room_for),
		test(more_than_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
