/* SPDX-License-Identifier: BSD-3-Clause */
#include "windows.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <covey/limits.h>
#include <stdbool.h>
#include <stdlib.h>

static struct windows *make(void)
{
	struct windows *windows;

	assert_int_equal(windows_new(1024, &windows), 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find_only_what_was_inserted),
		cmocka_unit_test(test_sender_zero_has_no_window),
		cmocka_unit_test(test_one_sender_is_bounded),
		cmocka_unit_test(test_all_senders_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
