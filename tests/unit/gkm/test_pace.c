/* SPDX-License-Identifier: BSD-3-Clause */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pace.h"

static void rests_as_long_as_the_work_is_worth(void **state)
{
	static const struct {
		uint64_t took_us;
		uint64_t rest_us;
	} rows[] = {
		{0, 0},       {PACE_CHEAP_US - 1, 0},   {PACE_CHEAP_US, PACE_REST * PACE_CHEAP_US},
		{2000, 8000}, {25000, PACE_LONGEST_US}, {90000000, PACE_LONGEST_US},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pace pace = {0};
		uint64_t ended_us = 5000 + rows[i].took_us;

		assert_int_equal(pace_wait_us(&pace, 5000), 0);
		pace_did(&pace, 5000, ended_us);
		assert_int_equal(pace_wait_us(&pace, ended_us), rows[i].rest_us);
		assert_int_equal(pace_wait_us(&pace, ended_us + rows[i].rest_us), 0);
		assert_int_equal(pace_wait_us(&pace, ended_us + rows[i].rest_us + 1), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rests_as_long_as_the_work_is_worth),
	};

	return cmocka_run_group_tests_name("gkm-pace", tests, NULL, NULL);
}
