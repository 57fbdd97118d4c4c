/* SPDX-License-Identifier: BSD-3-Clause */

/* What fails each second for an hour, how many lines it writes. */

#include <lasting_fault.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_said_at_the_beginning_and_now_and_then(void **state)
{
	const uint64_t start = 5; /* the clock began when the machine did */
	struct lasting_fault fault = {0};
	unsigned lines = 0;

	for (uint64_t now = start; now < start + 3600 * 1000; now += 1000)
		lines += lasting_fault_note(&fault, now);
	assert_int_equal(lines, 3600 * 1000 / LASTING_FAULT_REST_MS);
	assert_int_equal(fault.times, 3600);
}

static void test_the_first_one_is_always_said(void **state)
{
	struct lasting_fault fault = {0};

	assert_true(lasting_fault_note(&fault, 0));
	assert_false(lasting_fault_note(&fault, LASTING_FAULT_REST_MS - 1));
	assert_true(lasting_fault_note(&fault, LASTING_FAULT_REST_MS));
	assert_int_equal(lasting_fault_end(&fault), 3);
	/* Another one, even at once. */
	assert_true(lasting_fault_note(&fault, LASTING_FAULT_REST_MS + 1));
	assert_int_equal(fault.times, 1);
}

static void test_the_end_is_said_once(void **state)
{
	struct lasting_fault fault = {0};

	assert_int_equal(lasting_fault_end(&fault), 0);
	lasting_fault_note(&fault, 7);
	assert_int_equal(lasting_fault_end(&fault), 1);
	assert_int_equal(lasting_fault_end(&fault), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_said_at_the_beginning_and_now_and_then),
		cmocka_unit_test(test_the_first_one_is_always_said),
		cmocka_unit_test(test_the_end_is_said_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
