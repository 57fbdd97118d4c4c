/* SPDX-License-Identifier: BSD-3-Clause */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quiet.h"

#define BURST 3

static void a_few_lines_in_each_interval(void **state)
{
	struct quiet quiet = {0};
	uint64_t unsaid = 99;

	for (size_t i = 0; i < BURST; i++) {
		assert_true(quiet_lets(&quiet, BURST, 5 + i, &unsaid));
		assert_int_equal(unsaid, 0);
	}
	unsaid = 99;
	for (size_t i = 0; i < 1000; i++)
		assert_false(quiet_lets(&quiet, BURST, 4 + QUIET_INTERVAL_MS, &unsaid));
	assert_int_equal(unsaid, 99);
	for (size_t i = 0; i < BURST; i++) {
		assert_true(quiet_lets(&quiet, BURST, 5 + QUIET_INTERVAL_MS, &unsaid));
		assert_int_equal(unsaid, i ? 0 : 1000);
	}
	assert_false(quiet_lets(&quiet, BURST, 5 + QUIET_INTERVAL_MS, &unsaid));
	assert_true(quiet_lets(&quiet, BURST, 5 + 9 * QUIET_INTERVAL_MS, &unsaid));
	assert_int_equal(unsaid, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_few_lines_in_each_interval),
	};

	return cmocka_run_group_tests_name("gkm-quiet", tests, NULL, NULL);
}
