/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A host's session that takes the place of another: what raises an alarm, and what does not.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "succession.h"

static void who_succeeds_whom(void **state)
{
	static const struct {
		uint64_t first, second, silent_ms;
		enum succession expected;
		uint64_t previous;
	} cases[] = {
		/* Back after a cut, whether the old connection was heard of just now or not. */
		{7, 7, 0, SUCCESSION_SAME, 0},
		{7, 7, 9000, SUCCESSION_SAME, 0},
		{UINT64_MAX, UINT64_MAX, UINT64_MAX, SUCCESSION_SAME, 0},
		/* Two programs. */
		{7, 8, 0, SUCCESSION_TWO, 0},
		{7, 8, COVEY_HEARTBEAT_SECONDS * 1000, SUCCESSION_TWO, 0},
		{7, 8, SUCCESSION_HEARD_MS, SUCCESSION_TWO, 0},
		/* A power cut, and the host has started again. */
		{7, 8, SUCCESSION_HEARD_MS + 1, SUCCESSION_SILENT, 0},
		/* Killed, and started again: it knows which program it was. */
		{7, 8, 0, SUCCESSION_NEXT, 7},
		{7, 8, SUCCESSION_HEARD_MS + 1, SUCCESSION_NEXT, 7},
		{7, 8, 0, SUCCESSION_TWO, 6},
		{0, 8, 0, SUCCESSION_TWO, 0},
		/* To say nothing is no way around the alarm. */
		{0, 0, 0, SUCCESSION_TWO, 0},
		{7, 0, 0, SUCCESSION_TWO, 0},
		{0, 7, 0, SUCCESSION_TWO, 0},
		{0, 0, SUCCESSION_HEARD_MS + 1, SUCCESSION_SILENT, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(succession(cases[i].first, cases[i].second, cases[i].previous,
					    cases[i].silent_ms),
				 cases[i].expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_succeeds_whom),
	};

	return cmocka_run_group_tests_name("gkm-succession", tests, NULL, NULL);
}
