/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Rosters: what a generation says, in how many parts, and that a reader who applies all of them
 * knows what the key manager knows.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "roster.h"

#define SEATS 3000

/* A member that applies what it reads. */
struct reader {
	uint16_t floors[COVEY_SENDER_ID_MAX + 1]; /* 0: not in the roster */
	uint64_t generation;
	size_t parts;
	bool complete;
};

static const struct covey_addr vtep = {.family = AF_INET, .bytes = {10, 0, 0, 1}};

static void read_part(const struct roster_part *part, void *arg)
{
	struct reader *reader = arg;

	assert_true(part->set_count + part->removed_count <= COVEY_ROSTER_ENTRIES_PER_MESSAGE);
	if (part->full)
		memset(reader->floors, 0, sizeof(reader->floors));
	for (size_t i = 0; i < part->removed_count; i++) {
		assert_int_not_equal(reader->floors[part->removed[i]], 0);
		reader->floors[part->removed[i]] = 0;
	}
	for (size_t i = 0; i < part->set_count; i++)
		reader->floors[part->set[i]->sender_id] = part->set[i]->epoch_floor;
	reader->generation = part->generation;
	reader->complete = !part->more;
	reader->parts++;
}

struct fixture {
	struct group_roster roster;
	struct reader reader;
};

static int begin(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	*state = fixture;
	return fixture ? roster_init(&fixture->roster, SEATS) : -1;
}

static int end(void **state)
{
	struct fixture *fixture = *state;

	roster_free(&fixture->roster);
	free(fixture);
	return 0;
}

static void set(struct fixture *fixture, size_t seat, uint16_t sender_id, uint16_t epoch)
{
	roster_set(&fixture->roster, seat, sender_id, epoch, &vtep, "spiffe://f/host/a");
}

static bool publish(struct fixture *fixture)
{
	fixture->reader.parts = 0;
	return roster_publish(&fixture->roster, read_part, &fixture->reader);
}

static void nothing_new_is_no_generation(void **state)
{
	struct fixture *fixture = *state;

	assert_false(publish(fixture));
	assert_int_equal(fixture->roster.generation, 1);
	set(fixture, 0, 5, 1);
	assert_true(publish(fixture));
	assert_int_equal(fixture->reader.generation, 2);
	assert_false(publish(fixture));
}

static void the_empty_roster_is_one_message(void **state)
{
	struct fixture *fixture = *state;

	roster_full(&fixture->roster, read_part, &fixture->reader);
	assert_int_equal(fixture->reader.parts, 1);
	assert_int_equal(fixture->reader.generation, 1);
	assert_true(fixture->reader.complete);
}

static void floors_never_fall(void **state)
{
	struct fixture *fixture = *state;

	set(fixture, 0, 5, 7);
	set(fixture, 0, 5, 3);
	publish(fixture);
	assert_int_equal(fixture->reader.floors[5], 7);
}

static void removed_before_it_was_told_is_not_told(void **state)
{
	struct fixture *fixture = *state;

	set(fixture, 0, 5, 1);
	roster_remove(&fixture->roster, 0);
	assert_false(publish(fixture));
}

static void removed_and_set_again(void **state)
{
	struct fixture *fixture = *state;

	set(fixture, 0, 5, 1);
	publish(fixture);
	roster_remove(&fixture->roster, 0);
	set(fixture, 1, 5, 2);
	publish(fixture);
	assert_int_equal(fixture->reader.floors[5], 2);
	roster_remove(&fixture->roster, 1);
	set(fixture, 1, 5, 3);
	roster_remove(&fixture->roster, 1);
	publish(fixture);
	assert_int_equal(fixture->reader.floors[5], 0);
}

static void another_sender_id_removes_the_first(void **state)
{
	struct fixture *fixture = *state;

	set(fixture, 0, 5, 4);
	publish(fixture);
	set(fixture, 0, 6, 1);
	publish(fixture);
	assert_int_equal(fixture->reader.floors[5], 0);
	assert_int_equal(fixture->reader.floors[6], 1);
}

/* {entries, parts} around the edges of a message. */
static void long_rosters_come_in_parts(void **state)
{
	static const size_t cases[][2] = {{1, 1},    {1023, 1}, {1024, 1}, {1025, 2},
					  {2048, 2}, {2049, 3}, {3000, 3}};
	struct fixture *fixture = *state;
	size_t there = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (; there < cases[i][0]; there++)
			set(fixture, there, (uint16_t)(there + 1), 1);
		publish(fixture);
		fixture->reader.parts = 0;
		roster_full(&fixture->roster, read_part, &fixture->reader);
		assert_int_equal(fixture->reader.parts, cases[i][1]);
		assert_true(fixture->reader.complete);
	}
	for (size_t i = 0; i < SEATS; i++)
		roster_remove(&fixture->roster, i);
	publish(fixture);
	assert_int_equal(fixture->reader.parts, 3);
	for (size_t i = 0; i <= COVEY_SENDER_ID_MAX; i++)
		assert_int_equal(fixture->reader.floors[i], 0);
}

static void a_reader_of_changes_knows_all(void **state)
{
	struct fixture *fixture = *state;
	struct reader *whole = calloc(1, sizeof(*whole));

	assert_non_null(whole);
	srandom(7);
	for (size_t i = 0; i < 20000; i++) {
		size_t seat = (size_t)random() % 16;

		if (random() % 3)
			set(fixture, seat, (uint16_t)(1 + seat + 16 * (random() % 2)),
			    (uint16_t)(1 + i / 4));
		else
			roster_remove(&fixture->roster, seat);
		if (random() % 4 == 0) {
			publish(fixture);
			roster_full(&fixture->roster, read_part, whole);
			assert_memory_equal(whole->floors, fixture->reader.floors,
					    sizeof(whole->floors));
		}
	}
	free(whole);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_new_is_no_generation),
		TEST(the_empty_roster_is_one_message),
		TEST(floors_never_fall),
		TEST(removed_before_it_was_told_is_not_told),
		TEST(removed_and_set_again),
		TEST(another_sender_id_removes_the_first),
		TEST(long_rosters_come_in_parts),
		TEST(a_reader_of_changes_knows_all),
	};

	return cmocka_run_group_tests_name("gkm-roster", tests, NULL, NULL);
}
