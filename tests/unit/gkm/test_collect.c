/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Many members that return one after the other share generations of the roster; few wait for
 * nothing.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "group.h"

#define SEATS 400
#define GAP   (SEATS / GROUP_PUBLISH_PER_MS)

struct crowd {
	struct group *group;
	uint64_t now_ms;
	size_t whole[SEATS];
	size_t changes[SEATS];
	size_t entries[SEATS]; /* in the last part */
	size_t installs[SEATS];
};

static size_t seat_of(const struct crowd *crowd, const struct member *member)
{
	return (size_t)(member - crowd->group->members);
}

static void on_roster(const struct member *to, const struct roster_part *part, void *arg)
{
	struct crowd *crowd = arg;
	size_t seat = seat_of(crowd, to);

	assert_false(part->more);
	(part->whole ? crowd->whole : crowd->changes)[seat]++;
	crowd->entries[seat] = part->set_count;
}

static void on_install(const struct member *to, const struct sa *sa, uint32_t lifetime_s, void *arg)
{
	struct crowd *crowd = arg;

	/* Whoever gets a key knows who sends with it. */
	assert_int_equal(crowd->whole[seat_of(crowd, to)], 1);
	crowd->installs[seat_of(crowd, to)]++;
}

static void on_activate(const struct member *to, const struct sa *sa, void *arg)
{
}

static void on_drain(const struct member *to, const struct sa *sa, uint32_t drain_s, void *arg)
{
}

static void on_changed(const struct sa *sa, void *arg)
{
}

static int begin(void **state)
{
	static const uint8_t tek[32] = {1};
	const struct sa_timing timing = {.begin_ms = 1000, .hard_lifetime_ms = 86400000};
	struct crowd *crowd = calloc(1, sizeof(*crowd));
	const struct group_output output = {.roster = on_roster,
					    .install = on_install,
					    .activate = on_activate,
					    .drain = on_drain,
					    .changed = on_changed,
					    .arg = crowd};

	assert_non_null(crowd);
	crowd->now_ms = 1000;
	assert_int_equal(group_new(SEATS, 10000, &output, &crowd->group), 0);
	for (size_t i = 0; i < SEATS; i++) {
		crowd->group->members[i].identity = "spiffe://f/host/a";
		crowd->group->members[i].may_send = true;
		crowd->group->members[i].vtep.family = AF_INET;
		assert_int_equal(group_bind(crowd->group, i, (uint16_t)(i + 1)), 0);
	}
	assert_int_equal(group_begin_sa(crowd->group, 256, tek, sizeof(tek), &timing), 0);
	*state = crowd;
	return 0;
}

static int end(void **state)
{
	struct crowd *crowd = *state;

	group_free(crowd->group);
	free(crowd);
	return 0;
}

static void settle(struct crowd *crowd)
{
	group_settle(crowd->group, crowd->now_ms);
}

static void join(struct crowd *crowd, size_t seat)
{
	uint16_t epoch;

	crowd->whole[seat] = 0;
	assert_int_equal(group_join(crowd->group, seat, crowd, &epoch), 0);
}

/* It can receive, so it is to be listed. */
static void acknowledge(struct crowd *crowd, size_t seat)
{
	assert_int_equal(group_sa_acked(crowd->group, seat, 256), 0);
}

static void all_come(struct crowd *crowd)
{
	for (size_t i = 0; i < SEATS; i++)
		join(crowd, i);
	settle(crowd);
	for (size_t i = 0; i < SEATS; i++)
		acknowledge(crowd, i);
	settle(crowd);
	assert_int_equal(crowd->changes[0], 1);
	assert_int_equal(crowd->entries[0], SEATS);
	assert_int_equal(crowd->group->roster.changes, 0);
}

static void returns(struct crowd *crowd, size_t seat)
{
	group_lost(crowd->group, seat);
	join(crowd, seat);
	settle(crowd);
}

static void changes_are_collected(void **state)
{
	struct crowd *crowd = *state;

	all_come(crowd);
	crowd->now_ms += GAP;
	returns(crowd, 1);
	returns(crowd, 2);
	acknowledge(crowd, 1);
	/* The first after a while is published at once. */
	settle(crowd);
	assert_int_equal(crowd->changes[0], 2);
	assert_int_equal(crowd->entries[0], 1);
	acknowledge(crowd, 2);
	settle(crowd);
	crowd->now_ms += GAP - 1;
	settle(crowd);
	assert_int_equal(crowd->changes[0], 2);
	assert_int_equal(group_deadline(crowd->group), crowd->now_ms + 1);
	crowd->now_ms++;
	settle(crowd);
	assert_int_equal(crowd->changes[0], 3);
	assert_int_equal(crowd->entries[0], 1);
	assert_int_equal(crowd->group->roster.changes, 0);
}

static void who_comes_meanwhile_gets_it_with_the_changes(void **state)
{
	struct crowd *crowd = *state;
	size_t installs;

	all_come(crowd);
	returns(crowd, 1);
	acknowledge(crowd, 1);
	settle(crowd);
	installs = crowd->installs[2];
	returns(crowd, 2);
	assert_int_equal(crowd->whole[2], 0);
	assert_int_equal(crowd->installs[2], installs);
	crowd->now_ms += GAP;
	settle(crowd);
	assert_int_equal(crowd->whole[2], 1);
	assert_int_equal(crowd->entries[2], SEATS);
	assert_int_equal(crowd->installs[2], installs + 1);
	/* The changes are in it, and not sent to it again. */
	assert_int_equal(crowd->group->members[2].sent_generation, crowd->group->roster.generation);
}

static void few_wait_for_nothing(void **state)
{
	struct crowd *crowd = *state;

	for (size_t i = 0; i < GROUP_PUBLISH_PER_MS - 1; i++)
		join(crowd, i);
	settle(crowd);
	for (size_t i = 1; i < GROUP_PUBLISH_PER_MS - 1; i++) {
		acknowledge(crowd, i);
		settle(crowd);
		assert_int_equal(crowd->changes[0], i);
	}
}

/* In one of many groups: while the others tell very many members, few wait as these. */
static void few_wait_when_many_groups_publish(void **state)
{
	struct crowd *crowd = *state;
	struct publishing all = {0};

	crowd->group->publishing = &all;
	for (size_t i = 0; i < 4; i++)
		join(crowd, i);
	settle(crowd);
	acknowledge(crowd, 1);
	settle(crowd);
	assert_int_equal(crowd->changes[0], 1);
	assert_int_equal(publishing_lately(&all), 4);
	publishing_add(&all, 1000 * GROUP_PUBLISH_PER_MS, crowd->now_ms);
	acknowledge(crowd, 2);
	settle(crowd);
	crowd->now_ms += GROUP_PUBLISH_GAP_MAX_MS - 1;
	acknowledge(crowd, 3);
	settle(crowd);
	assert_int_equal(crowd->changes[0], 1);
	crowd->now_ms++;
	settle(crowd);
	assert_int_equal(crowd->changes[0], 2);
	assert_int_equal(crowd->entries[0], 2);
	/* A second later it is forgotten. */
	crowd->now_ms += 2 * PUBLISHING_LATELY_MS;
	for (size_t i = 4; i < 6; i++) {
		join(crowd, i);
		settle(crowd);
		acknowledge(crowd, i);
		settle(crowd);
		assert_int_equal(crowd->changes[0], i - 1);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(changes_are_collected),
		TEST(who_comes_meanwhile_gets_it_with_the_changes),
		TEST(few_wait_for_nothing),
		TEST(few_wait_when_many_groups_publish),
	};

	return cmocka_run_group_tests_name("gkm-collect", tests, NULL, NULL);
}
