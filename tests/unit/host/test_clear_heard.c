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

#define MAX 64

/* What was taken last. */
static struct effects_heard_all all;

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
	clear_heard_take(heard, MAX, &all);
	assert_int_equal(all.count, packets > 0);
	assert_false(all.incomplete);
	assert_true(packets_of(all.list, all.count, from, vni) == packets);
}

static void nobody(void **state)
{
	clear_heard_take(*state, 1, &all);
	assert_int_equal(all.count, 0);
	clear_heard_take(*state, 0, &all);
	assert_int_equal(all.count, 0);
	assert_false(all.incomplete);
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
	const size_t total = sizeof(senders) / sizeof(senders[0]);

	for (unsigned round = 1; round <= 3; round++) {
		/* Each has a rate of its own, and they come in another order each time. */
		for (size_t i = 0; i < total; i++) {
			size_t which = (i * 3 + round) % total;

			add(*state, senders[which].from, senders[which].vni,
			    (uint64_t)(which + 1) * 1000 * round);
		}
		clear_heard_take(*state, MAX, &all);
		assert_int_equal(all.count, total);
		for (size_t i = 0; i < total; i++)
			assert_true(packets_of(all.list, total, senders[i].from, senders[i].vni) ==
				    (i + 1) * 1000);
	}
}

/* As add_all() has numbered it. */
static size_t number_of(const struct effects_heard *sender)
{
	return (size_t)sender->address.bytes[2] * 256 + sender->address.bytes[3];
}

static void add_all(struct clear_heard *heard, size_t count, uint64_t packets)
{
	char from[32];

	for (size_t i = 0; i < count; i++) {
		snprintf(from, sizeof(from), "10.0.%zu.%zu", i / 256, i % 256);
		add(heard, from, 100, packets);
	}
}

/* Those for whom there is no room now come next time, with all their packets. It is not said that
 * they do not exist. */
static void more_than_there_is_room_for(void **state)
{
	static unsigned times[3 * MAX];
	static uint64_t told[3 * MAX];

	memset(times, 0, sizeof(times));
	memset(told, 0, sizeof(told));
	for (unsigned round = 1; round <= 6; round++) {
		unsigned seen[3 * MAX] = {0};

		add_all(*state, 3 * MAX, 10 * round);
		clear_heard_take(*state, MAX, &all);
		assert_int_equal(all.count, 3 * MAX);
		assert_false(all.incomplete);
		for (size_t i = 0; i < all.count; i++) {
			size_t which = number_of(&all.list[i]);

			assert_true(which < 3 * MAX);
			assert_int_equal(seen[which]++, 0);
			assert_int_equal(all.list[i].packets > 0, i < MAX);
			times[which] += i < MAX;
			told[which] += all.list[i].packets;
			assert_true(i >= MAX || told[which] == 10 * round);
		}
	}
	for (size_t i = 0; i < 3 * MAX; i++)
		assert_int_equal(times[i], 2);
}

/* The guard keeps no more. It is said that there was more, until all had room again. */
static void more_than_are_kept(void **state)
{
	add_all(*state, EFFECTS_HEARD_MAX + 10, 7);
	clear_heard_take(*state, EFFECTS_HEARD_MAX, &all);
	assert_int_equal(all.count, EFFECTS_HEARD_MAX);
	assert_true(all.incomplete);
	add_all(*state, EFFECTS_HEARD_MAX, 9);
	clear_heard_take(*state, 3, &all);
	assert_int_equal(all.count, EFFECTS_HEARD_MAX);
	assert_false(all.incomplete);
	assert_true(all.list[2].packets == 2);
	assert_true(all.list[3].packets == 0);
}

/* Once, and without a sender. */
static void more_than_can_be_read(void **state)
{
	clear_heard_incomplete(*state);
	clear_heard_take(*state, MAX, &all);
	assert_true(all.incomplete);
	assert_int_equal(all.count, 0);
	expect_one(*state, "10.0.0.1", 100, 0);
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
		test(more_than_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
