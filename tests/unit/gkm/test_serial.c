/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * How far members are believed that a state file is older than what they know.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "serial.h"

#define JUMP ((uint32_t)COVEY_SPI_JUMP_MAX)

static void what_the_file_gave_out_is_fine(void **state)
{
	const struct serial serial = {0};

	assert_int_equal(serial_judge(&serial, 256, 0), SERIAL_FINE);
	assert_int_equal(serial_judge(&serial, 256, 255), SERIAL_FINE);
	assert_int_equal(serial_judge(&serial, 300, 299), SERIAL_FINE);
	assert_int_equal(serial_judge(&serial, (uint64_t)UINT32_MAX + 1, UINT32_MAX), SERIAL_FINE);
}

static void a_later_one_means_an_older_file(void **state)
{
	const struct serial serial = {0};

	assert_int_equal(serial_judge(&serial, 256, 256), SERIAL_BEHIND);
	assert_int_equal(serial_judge(&serial, 300, 300 + JUMP - 1), SERIAL_BEHIND);
	assert_int_equal(serial_judge(&serial, 300, 300 + JUMP), SERIAL_ABSURD);
	assert_int_equal(serial_judge(&serial, 256, UINT32_MAX), SERIAL_ABSURD);
}

/* However often they say so, and however many they are: all the SPIs are 4,096 such jumps. */
static void all_members_together_are_believed_so_far(void **state)
{
	struct serial serial = {0};
	uint64_t next = 256;

	for (size_t i = 0; i < 100000; i++) {
		uint32_t held = (uint32_t)next + 4999;

		if (serial_judge(&serial, next, held) != SERIAL_BEHIND)
			continue;
		serial.skipped += held - next + 1;
		next = (uint64_t)held + 1;
	}
	assert_in_range(next, 256 + JUMP - 5000, 256 + JUMP);
	assert_int_equal(serial_judge(&serial, next, (uint32_t)next - 1), SERIAL_FINE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_file_gave_out_is_fine),
		cmocka_unit_test(a_later_one_means_an_older_file),
		cmocka_unit_test(all_members_together_are_believed_so_far),
	};

	return cmocka_run_group_tests_name("gkm-serial", tests, NULL, NULL);
}
