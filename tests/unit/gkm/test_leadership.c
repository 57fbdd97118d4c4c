/* SPDX-License-Identifier: BSD-3-Clause */

/* Which of two key managers goes on. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "leadership.h"

/* Each prevails over all that come after it. */
static const struct claim by_rank[] = {
	{.leads = true, .generation = 3, .led_ms = 0, .instance = 1},
	{.leads = true, .generation = 2, .led_ms = 9000, .instance = 1},
	{.leads = true, .generation = 2, .led_ms = 8000, .instance = 7},
	{.leads = true, .generation = 2, .led_ms = 8000, .instance = 6},
	{.leads = false, .generation = UINT64_MAX, .led_ms = 0, .instance = 1},
	{.leads = false, .generation = 5, .led_ms = 0, .instance = 9},
	{.leads = false, .generation = 5, .led_ms = 0, .instance = 8},
};

/* Whoever of them asks the other. */
static void exactly_one_of_two_goes_on(void **state)
{
	const size_t count = sizeof(by_rank) / sizeof(by_rank[0]);

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++)
			if (i != j)
				assert_int_equal(claim_prevails(&by_rank[i], &by_rank[j]), i < j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exactly_one_of_two_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
