/* SPDX-License-Identifier: BSD-3-Clause */
#include "windows.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <covey/limits.h>
#include <covey/wire.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct windows *make(void)
{
	struct windows *windows;

	assert_int_equal(windows_new(1024, NULL, 0, &windows), 0);
	return windows;
}

static struct window_id id_of(unsigned sender_id, unsigned window_id)
{
	return (struct window_id){(uint16_t)sender_id, (uint16_t)window_id};
}

/* As worker 0. NULL when there is no room. */
static struct replay *claim(struct windows *windows, struct window_id id)
{
	uint64_t cell = windows_claim(windows, id, 0);

	return cell == 0 ? NULL : windows_replay(windows, cell);
}

/* NULL when there is none. */
static struct replay *find(const struct windows *windows, struct window_id id)
{
	uint64_t cell = windows_find(windows, id);

	return cell == 0 ? NULL : windows_replay(windows, cell);
}

static void test_find_only_what_was_claimed(void **state)
{
	struct windows *windows = make();
	struct replay *replay;

	assert_null(find(windows, id_of(1, 0)));
	replay = claim(windows, id_of(1, 0));
	assert_non_null(replay);
	assert_int_equal(replay->highest, 0);
	assert_ptr_equal(find(windows, id_of(1, 0)), replay);
	assert_ptr_equal(claim(windows, id_of(1, 0)), replay);
	assert_null(find(windows, id_of(1, 1)));
	assert_null(find(windows, id_of(2, 0)));
	assert_int_equal(windows_count(windows), 1);
	windows_free(windows);
}

static void test_sender_zero_has_no_window(void **state)
{
	struct windows *windows = make();

	assert_null(claim(windows, id_of(0, 0)));
	assert_null(find(windows, id_of(0, 0)));
	assert_null(claim(windows, id_of(0, 5)));
	assert_int_equal(windows_count(windows), 0);
	windows_free(windows);
}

static void test_one_sender_is_bounded(void **state)
{
	struct windows *windows = make();

	for (unsigned i = 0; i < COVEY_REPLAY_WINDOWS_PER_SENDER_MAX; i++)
		assert_non_null(claim(windows, id_of(7, i * 3)));
	assert_null(claim(windows, id_of(7, 65535)));
	assert_non_null(claim(windows, id_of(7, 3)));
	assert_non_null(claim(windows, id_of(8, 65535)));
	windows_free(windows);
}

/* Fill to the brim, eight windows for each of 65,535 senders: all are found, each has its own
 * memory, and when none is left one more is refused. */
static void test_all_senders_are_bounded(void **state)
{
	struct windows *windows = make();
	struct window_id id;
	uint64_t highest;

	for (unsigned s = 1; s <= COVEY_SENDER_ID_MAX; s++)
		for (unsigned w = 0; w < 8; w++)
			replay_update(claim(windows, id_of(s, w << 12)), 1024,
				      (uint64_t)s << 32 | w);
	for (unsigned w = 8; windows_count(windows) < COVEY_REPLAY_WINDOWS_PER_SA_MAX; w++)
		replay_update(claim(windows, id_of(1, w << 12 | 1)), 1024, 1ull << 32 | w);
	assert_int_equal(windows_claim(windows, id_of(1, 1), 0), 0);
	assert_int_equal(windows_count(windows), COVEY_REPLAY_WINDOWS_PER_SA_MAX);
	assert_int_equal(windows_end(windows), COVEY_REPLAY_WINDOWS_PER_SA_MAX);
	for (unsigned i = 0; i < COVEY_REPLAY_WINDOWS_PER_SA_MAX; i++) {
		assert_true(windows_read(windows, i, &id, &highest));
		assert_int_equal(highest >> 32, id.sender_id);
		assert_int_equal(highest & 15, id.window_id >> 12 | (id.window_id & 1) << 3);
		assert_int_equal(find(windows, id)->highest, highest);
	}
	windows_free(windows);
}

/* Few senders with as many windows each as they may have: whole blocks of cells are full, and all
 * windows are found. */
static void test_full_blocks(void **state)
{
	const unsigned senders =
		COVEY_REPLAY_WINDOWS_PER_SA_MAX / COVEY_REPLAY_WINDOWS_PER_SENDER_MAX;
	struct windows *windows = make();

	for (unsigned s = 1; s <= senders; s++)
		for (unsigned w = 0; w < COVEY_REPLAY_WINDOWS_PER_SENDER_MAX; w++)
			assert_int_not_equal(windows_claim(windows, id_of(s, w), 0), 0);
	for (unsigned s = 1; s <= senders; s++)
		for (unsigned w = 0; w < COVEY_REPLAY_WINDOWS_PER_SENDER_MAX; w++)
			assert_int_equal(windows_find(windows, id_of(s, w)) >> 32,
					 windows_key(id_of(s, w)));
	windows_free(windows);
}

/* The cells of a sender's paths share cache lines; those of others do not follow from them. */
static void test_paths_are_neighbours(void **state)
{
	struct windows *windows = make();
	uint32_t block = windows_first(windows, windows_key(id_of(3, 32))) / WINDOWS_BLOCK;
	unsigned elsewhere = 0;

	for (unsigned path = 33; path < 48; path++)
		assert_int_equal(
			windows_first(windows, windows_key(id_of(3, path))) / WINDOWS_BLOCK, block);
	windows_expect(windows, 20);
	for (unsigned s = 4; s < 20; s++)
		elsewhere +=
			windows_first(windows, windows_key(id_of(s, 32))) / WINDOWS_BLOCK != block;
	assert_in_range(elsewhere, 14, 16);
	windows_free(windows);
}

/* With many senders the cells of paths are spread; but not any more when windows may be in use. */
static void test_many_senders(void **state)
{
	struct windows *few = make(), *many = make();
	unsigned near = 0;

	windows_expect(many, COVEY_ROSTER_MAX);
	for (unsigned path = 33; path < 48; path++)
		near += windows_first(many, windows_key(id_of(3, path))) / WINDOWS_BLOCK ==
			windows_first(many, windows_key(id_of(3, 32))) / WINDOWS_BLOCK;
	assert_in_range(near, 0, 1);
	windows_expect(few, 1);
	assert_non_null(claim(few, id_of(3, 33)));
	windows_expect(few, COVEY_ROSTER_MAX);
	assert_non_null(find(few, id_of(3, 33)));
	windows_free(few);
	windows_free(many);
}

/* --- several workers ------------------------------------------------------------------------ */

static void test_a_window_keeps_its_owner(void **state)
{
	struct windows *windows = make();
	uint64_t cell = windows_claim(windows, id_of(9, 77), 200);

	assert_int_equal(windows_owner(cell), 200);
	assert_int_equal(windows_find(windows, id_of(9, 77)), cell);
	for (unsigned owner = 0; owner < WINDOWS_OWNERS_MAX; owner++)
		assert_int_equal(windows_claim(windows, id_of(9, 77), owner), cell);
	assert_int_equal(windows_count(windows), 1);
	windows_free(windows);
}

#define RACERS 4
#define ROUNDS 4000

/* Threads that claim the same new windows at the same moment. */
struct race {
	struct windows *windows;
	pthread_barrier_t barrier;
	atomic_uint accepted[ROUNDS];
	atomic_uint passed_over;
};

struct racer {
	struct race *race;
	pthread_t thread;
	unsigned index;
};

/* One packet of a new window: its owner receives it, all others leave it to the owner. Half of the
 * windows have a floor. */
static void run_once(struct racer *racer, unsigned round)
{
	struct race *race = racer->race;
	struct window_id id = id_of(1 + round / 1000, round % 1000);
	uint64_t cell = windows_claim(race->windows, id, racer->index);
	struct replay *replay = windows_replay(race->windows, cell);

	if (windows_owner(cell) != racer->index) {
		atomic_fetch_add(&race->passed_over, 1);
		return;
	}
	if (replay->highest == (round % 2 ? covey_esn(1, 7) : 0) &&
	    replay_update(replay, 1024, covey_esn(1, 8)) == REPLAY_NEW &&
	    replay_update(replay, 1024, covey_esn(1, 8)) == REPLAY_SEEN)
		atomic_fetch_add(&race->accepted[round], 1);
}

static void *run_race(void *arg)
{
	struct racer *racer = arg;

	for (unsigned round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(&racer->race->barrier);
		run_once(racer, round);
	}
	return NULL;
}

static void start_race(struct race *race)
{
	static struct covey_floor floors[ROUNDS / 2];

	for (unsigned i = 0; i < ROUNDS / 2; i++) {
		unsigned round = 2 * i + 1;

		floors[i] = (struct covey_floor){.sender_id = (uint16_t)(1 + round / 1000),
						 .window_id = (uint16_t)(round % 1000),
						 .esn = covey_esn(1, 7)};
	}
	assert_int_equal(windows_new(1024, floors, ROUNDS / 2, &race->windows), 0);
	pthread_barrier_init(&race->barrier, NULL, RACERS);
}

/* Whoever comes first: each window gets one owner, and its packet is received once. */
static void test_one_of_several_claims_wins(void **state)
{
	static struct race race;
	struct racer racers[RACERS];
	struct window_id id;
	uint64_t highest;
	unsigned read = 0;

	start_race(&race);
	for (unsigned i = 0; i < RACERS; i++) {
		racers[i] = (struct racer){.race = &race, .index = i};
		assert_int_equal(pthread_create(&racers[i].thread, NULL, run_race, &racers[i]), 0);
	}
	for (unsigned i = 0; i < RACERS; i++)
		pthread_join(racers[i].thread, NULL);
	for (unsigned round = 0; round < ROUNDS; round++)
		assert_int_equal(race.accepted[round], 1);
	assert_int_equal(race.passed_over, (RACERS - 1) * ROUNDS);
	assert_int_equal(windows_count(race.windows), ROUNDS);
	/* A slot that lost is used again, so hardly more than one a worker is idle. */
	assert_in_range(windows_end(race.windows), ROUNDS, ROUNDS + RACERS);
	for (unsigned i = 0; i < windows_end(race.windows); i++)
		read += windows_read(race.windows, i, &id, &highest);
	assert_int_equal(read, ROUNDS);
	pthread_barrier_destroy(&race.barrier);
	windows_free(race.windows);
}

/* The limits hold whoever claims. */
static void test_limits_hold_for_all_workers(void **state)
{
	struct windows *windows = make();

	for (unsigned i = 0; i < COVEY_REPLAY_WINDOWS_PER_SENDER_MAX; i++)
		assert_int_not_equal(windows_claim(windows, id_of(7, i), i % 16), 0);
	for (unsigned owner = 0; owner < 16; owner++)
		assert_int_equal(windows_claim(windows, id_of(7, 60000), owner), 0);
	assert_int_equal(windows_count(windows), COVEY_REPLAY_WINDOWS_PER_SENDER_MAX);
	windows_free(windows);
}

/* Bytes of this process that are in memory. */
static long resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	long size, resident;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%ld %ld", &size, &resident), 2);
	fclose(file);
	return resident * sysconf(_SC_PAGESIZE);
}

/* Memory is backed as it is used: an SA with a window for each of a thousand senders has little. */
static void test_memory_follows_use(void **state)
{
	struct windows *windows = make();
	long before = resident_bytes(), after;

	for (unsigned s = 1; s <= 1000; s++)
		replay_update(claim(windows, id_of(s, s)), 1024, 5);
	after = resident_bytes();
	/* A page of the table for each, and 192 bytes of state. */
	assert_in_range(after - before, 100, 1000 * 4096 + (4 << 20));
	windows_free(windows);
}

/* --- floors --------------------------------------------------------------------------------- */

/* A window with a floor begins there; its neighbours begin empty. */
static void test_floors(void **state)
{
	const struct covey_floor floors[] = {
		{.sender_id = 2, .window_id = 0, .esn = covey_esn(1, 5000)},
		{.sender_id = 2, .window_id = 9, .esn = covey_esn(3, 10)},
		{.sender_id = 65535, .window_id = 65535, .esn = covey_esn(1, 1)},
	};
	struct windows *windows;
	struct replay *replay;

	assert_int_equal(windows_new(1024, floors, 3, &windows), 0);
	assert_int_equal(windows_count(windows), 0);
	assert_null(find(windows, id_of(2, 0)));
	replay = claim(windows, id_of(2, 0));
	assert_int_equal(replay->highest, floors[0].esn);
	for (unsigned i = 0; i < 5000; i++)
		assert_int_not_equal(replay_update(replay, 1024, floors[0].esn - i), REPLAY_NEW);
	assert_int_equal(replay_update(replay, 1024, floors[0].esn + 2), REPLAY_NEW);
	assert_int_equal(replay_update(replay, 1024, floors[0].esn), REPLAY_SEEN);
	assert_int_equal(replay_update(replay, 1024, floors[0].esn + 1), REPLAY_NEW);
	assert_int_equal(claim(windows, id_of(2, 0))->highest, floors[0].esn + 2);
	replay = claim(windows, id_of(2, 9));
	assert_int_equal(replay_update(replay, 1024, covey_esn(2, 999)), REPLAY_OLD);
	assert_int_equal(replay_update(replay, 1024, covey_esn(4, 1)), REPLAY_NEW);
	replay = claim(windows, id_of(65535, 65535));
	assert_int_equal(replay->highest, covey_esn(1, 1));
	assert_int_equal(claim(windows, id_of(2, 8))->highest, 0);
	assert_int_equal(claim(windows, id_of(3, 0))->highest, 0);
	assert_int_equal(claim(windows, id_of(1, 0))->highest, 0);
	windows_free(windows);
}

static int with_floors(struct covey_floor first, struct covey_floor second)
{
	const struct covey_floor floors[] = {first, second};
	struct windows *windows = NULL;
	int status = windows_new(1024, floors, 2, &windows);

	windows_free(windows);
	return status;
}

static void test_bad_floors(void **state)
{
	const struct covey_floor good = {.sender_id = 2, .window_id = 5, .esn = covey_esn(1, 1)};
	static struct covey_floor many[COVEY_FLOORS_PER_GROUP_MAX + 1];
	struct covey_floor other = good;
	struct windows *windows;

	other.window_id = 6;
	assert_int_equal(with_floors(good, other), 0);
	assert_int_equal(with_floors(other, good), -ERANGE);
	assert_int_equal(with_floors(good, good), -ERANGE);
	other.esn = 7; /* epoch 0 */
	assert_int_equal(with_floors(good, other), -ERANGE);
	other = good;
	other.sender_id = 0;
	assert_int_equal(with_floors(other, good), -ERANGE);
	for (unsigned i = 0; i < COVEY_FLOORS_PER_GROUP_MAX + 1; i++)
		many[i] = (struct covey_floor){.sender_id = (uint16_t)(1 + i / 64),
					       .window_id = (uint16_t)(i % 64),
					       .esn = covey_esn(1, 1 + i)};
	assert_int_equal(windows_new(64, many, COVEY_FLOORS_PER_GROUP_MAX + 1, &windows), -ERANGE);
	assert_int_equal(windows_new(64, many, COVEY_FLOORS_PER_GROUP_MAX, &windows), 0);
	assert_int_equal(claim(windows, id_of(500, 17))->highest, covey_esn(1, 1 + 499 * 64 + 17));
	windows_free(windows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find_only_what_was_claimed),
		cmocka_unit_test(test_sender_zero_has_no_window),
		cmocka_unit_test(test_one_sender_is_bounded),
		cmocka_unit_test(test_all_senders_are_bounded),
		cmocka_unit_test(test_full_blocks),
		cmocka_unit_test(test_paths_are_neighbours),
		cmocka_unit_test(test_many_senders),
		cmocka_unit_test(test_a_window_keeps_its_owner),
		cmocka_unit_test(test_one_of_several_claims_wins),
		cmocka_unit_test(test_limits_hold_for_all_workers),
		cmocka_unit_test(test_memory_follows_use),
		cmocka_unit_test(test_floors),
		cmocka_unit_test(test_bad_floors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
