/* SPDX-License-Identifier: BSD-3-Clause */

/* How long a host waits before it tries to reach the key manager again. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "backoff.h"

/* The longest wait that the protocol allows while attempts fail, as it stands there. */
#define CAP_MS 5000

static uint32_t highest(uint32_t bound)
{
	return bound - 1;
}

static uint32_t lowest(uint32_t bound)
{
	return 0;
}

static void test_waits_double_up_to_five_seconds(void **state)
{
	static const uint32_t expected[] = {200, 400, 800, 1600, 3200, 5000, 5000, 5000};
	struct backoff backoff = {0};

	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++)
		assert_int_equal(backoff_next(&backoff, highest), expected[i]);
	/* A key manager that is away for a day. */
	for (size_t i = 0; i < 86400; i++)
		assert_int_equal(backoff_next(&backoff, highest), CAP_MS);
}

/* From nothing up to the bound: hosts that lost it together do not come back together. */
static void test_waits_are_drawn_from_all_below(void **state)
{
	struct backoff backoff = {0};

	for (size_t i = 0; i < 10; i++)
		assert_int_equal(backoff_next(&backoff, lowest), 1);
	for (size_t i = 0; i < 1000; i++)
		assert_in_range(backoff_next(&backoff, arc4random_uniform), 1, CAP_MS);
}

static void test_a_sound_session_begins_anew(void **state)
{
	struct backoff backoff = {0};

	for (size_t i = 0; i < 10; i++)
		backoff_next(&backoff, highest);
	backoff_reset(&backoff);
	assert_int_equal(backoff_next(&backoff, highest), 200);
	assert_int_equal(backoff_next(&backoff, highest), 400);
}

/* A host is back before a key manager stops waiting for it, also where it has to try several. */
static void test_several_share_one_wait(void **state)
{
	struct backoff backoff = {0};

	assert_int_equal(backoff_share(&backoff, 4, highest), 50);
	assert_int_equal(backoff_share(&backoff, 4, highest), 50);
	for (size_t i = 0; i < 10; i++)
		backoff_raise(&backoff);
	assert_int_equal(backoff_share(&backoff, 8, highest), CAP_MS / 8);
	assert_int_equal(backoff_share(&backoff, 8, lowest), 1);
}

static void test_a_refusal_waits_half_a_minute_to_one_and_a_half(void **state)
{
	assert_int_equal(backoff_slow(lowest), 30000);
	assert_int_equal(backoff_slow(highest), 89999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waits_double_up_to_five_seconds),
		cmocka_unit_test(test_waits_are_drawn_from_all_below),
		cmocka_unit_test(test_a_sound_session_begins_anew),
		cmocka_unit_test(test_several_share_one_wait),
		cmocka_unit_test(test_a_refusal_waits_half_a_minute_to_one_and_a_half),
	};

	return cmocka_run_group_tests_name("host-backoff", tests, NULL, NULL);
}
