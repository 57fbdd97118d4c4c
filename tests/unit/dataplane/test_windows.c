/* SPDX-License-Identifier: BSD-3-Clause */
#include "windows.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <covey/limits.h>
#include <covey/wire.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

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

static void test_find_only_what_was_inserted(void **state)
{
	struct windows *windows = make();
	struct replay *replay;

	assert_null(windows_find(windows, id_of(1, 0)));
	replay = windows_insert(windows, id_of(1, 0));
	assert_non_null(replay);
	assert_int_equal(replay->highest, 0);
	assert_ptr_equal(windows_find(windows, id_of(1, 0)), replay);
	assert_ptr_equal(windows_insert(windows, id_of(1, 0)), replay);
	assert_null(windows_find(windows, id_of(1, 1)));
	assert_null(windows_find(windows, id_of(2, 0)));
	assert_int_equal(windows_count(windows), 1);
	windows_free(windows);
}

static void test_sender_zero_has_no_window(void **state)
{
	struct windows *windows = make();

	assert_null(windows_insert(windows, id_of(0, 0)));
	assert_null(windows_find(windows, id_of(0, 0)));
	assert_null(windows_insert(windows, id_of(0, 5)));
	assert_int_equal(windows_count(windows), 0);
	windows_free(windows);
}

static void test_one_sender_is_bounded(void **state)
{
	struct windows *windows = make();

	for (unsigned i = 0; i < COVEY_REPLAY_WINDOWS_PER_SENDER_MAX; i++)
		assert_non_null(windows_insert(windows, id_of(7, i * 3)));
	assert_null(windows_insert(windows, id_of(7, 65535)));
	assert_non_null(windows_insert(windows, id_of(7, 3)));
	assert_non_null(windows_insert(windows, id_of(8, 65535)));
	windows_free(windows);
}

/* Fill to the brim: all are found, each has its own memory, one more is refused. */
static void test_all_senders_are_bounded(void **state)
{
	struct windows *windows = make();
	unsigned per_sender = 64, senders = COVEY_REPLAY_WINDOWS_PER_SA_MAX / per_sender;
	struct window_id id;
	uint64_t highest;

	for (unsigned s = 1; s <= senders; s++)
		for (unsigned w = 0; w < per_sender; w++) {
			struct replay *replay = windows_insert(windows, id_of(s, w << 10));

			assert_non_null(replay);
			replay_update(replay, 1024, (uint64_t)s << 32 | w);
		}
	assert_null(windows_insert(windows, id_of(senders + 1, 0)));
	assert_int_equal(windows_count(windows), COVEY_REPLAY_WINDOWS_PER_SA_MAX);
	for (unsigned i = 0; i < COVEY_REPLAY_WINDOWS_PER_SA_MAX; i++) {
		windows_read(windows, i, &id, &highest);
		assert_int_equal(highest, (uint64_t)id.sender_id << 32 | id.window_id >> 10);
		assert_int_equal(windows_find(windows, id)->highest, highest);
	}
	windows_free(windows);
}

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
	assert_null(windows_find(windows, id_of(2, 0)));
	replay = windows_insert(windows, id_of(2, 0));
	assert_int_equal(replay->highest, floors[0].esn);
	for (unsigned i = 0; i < 5000; i++)
		assert_int_not_equal(replay_update(replay, 1024, floors[0].esn - i), REPLAY_NEW);
	assert_int_equal(replay_update(replay, 1024, floors[0].esn + 2), REPLAY_NEW);
	assert_int_equal(replay_update(replay, 1024, floors[0].esn), REPLAY_SEEN);
	assert_int_equal(replay_update(replay, 1024, floors[0].esn + 1), REPLAY_NEW);
	assert_int_equal(windows_insert(windows, id_of(2, 0))->highest, floors[0].esn + 2);
	replay = windows_insert(windows, id_of(2, 9));
	assert_int_equal(replay_update(replay, 1024, covey_esn(2, 999)), REPLAY_OLD);
	assert_int_equal(replay_update(replay, 1024, covey_esn(4, 1)), REPLAY_NEW);
	replay = windows_insert(windows, id_of(65535, 65535));
	assert_int_equal(replay->highest, covey_esn(1, 1));
	assert_int_equal(windows_insert(windows, id_of(2, 8))->highest, 0);
	assert_int_equal(windows_insert(windows, id_of(3, 0))->highest, 0);
	assert_int_equal(windows_insert(windows, id_of(1, 0))->highest, 0);
	windows_free(windows);
}

static int with_floors(struct covey_floor first, struct covey_floor second)
{
	const struct covey_floor floors[] = {first, second};
	struct windows *windows = NULL;
	int error = windows_new(1024, floors, 2, &windows);

	windows_free(windows);
	return error;
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
	assert_int_equal(windows_insert(windows, id_of(500, 17))->highest,
			 covey_esn(1, 1 + 499 * 64 + 17));
	windows_free(windows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find_only_what_was_inserted),
		cmocka_unit_test(test_sender_zero_has_no_window),
		cmocka_unit_test(test_one_sender_is_bounded),
		cmocka_unit_test(test_all_senders_are_bounded),
		cmocka_unit_test(test_floors),
		cmocka_unit_test(test_bad_floors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
