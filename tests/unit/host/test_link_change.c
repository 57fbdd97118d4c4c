/* SPDX-License-Identifier: BSD-3-Clause */

/* What is a loss for a port, what can be put right, and how often. */

#include <link_change.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct link_state sound = {
	.there = true,
	.name = "eth1",
	.mtu = 1600,
	.rx_queues = 4,
	.program = 17,
	.up = true,
	.running = true,
};

static const struct link_needs all = {.mtu = true, .af_xdp = true}, none;

struct row {
	struct link_state now;
	enum link_change of_all;  /* a fabric's AF_XDP */
	enum link_change of_none; /* covey0 itself */
	const char *text;         /* in what a person reads; NULL: nothing */
};

static void test_changes(void **state)
{
	struct row rows[] = {
		{sound, LINK_SAME, LINK_SAME, NULL},
		{sound, LINK_SAME, LINK_SAME, NULL},
		{sound, LINK_LOST, LINK_LOST, "eth1 is gone"},
		{sound, LINK_LOST, LINK_LOST, "eth1 was replaced"},
		{sound, LINK_LOST, LINK_LOST, "eth1 was renamed to eth9"},
		{sound, LINK_LOST, LINK_SAME, "eth1 has an MTU of 1500 now, and had 1600"},
		{sound, LINK_LOST, LINK_SAME, "eth1 has 8 receive queues now, and had 4"},
		{sound, LINK_LOST, LINK_SAME, "eth1 has 1 receive queues now, and had 4"},
		{sound, LINK_LOST, LINK_SAME, "another XDP program, number 18, on interface eth1"},
		{sound, LINK_PROGRAM_OFF, LINK_SAME, "took covey's XDP program off interface eth1"},
	};

	rows[1].now.running = rows[1].now.up = false; /* it may come back */
	rows[2].now.there = false;
	rows[3].now.there = false;
	rows[3].now.name_taken = true;
	strcpy(rows[4].now.name, "eth9");
	rows[5].now.mtu = 1500;
	rows[6].now.rx_queues = 8;
	rows[7].now.rx_queues = 1;
	rows[8].now.program = 18;
	rows[9].now.program = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct covey_error what = {.text = ""};

		assert_int_equal(link_change_find(&sound, &rows[i].now, &none, &what),
				 rows[i].of_none);
		assert_int_equal(link_change_find(&sound, &rows[i].now, &all, &what),
				 rows[i].of_all);
		if (rows[i].text)
			assert_non_null(strstr(what.text, rows[i].text));
	}
}

/* AF_PACKET needs no program, and reads all queues of an interface by itself. */
static void test_af_packet(void **state)
{
	const struct link_needs needs = {.mtu = true};
	struct link_state now = sound;
	struct covey_error what;

	now.program = 0;
	now.rx_queues = 1;
	assert_int_equal(link_change_find(&sound, &now, &needs, &what), LINK_SAME);
}

/* Somebody takes it off as soon as he sees it: for an hour. */
static void test_repairs_are_bounded(void **state)
{
	struct repairs repairs = {0};
	const uint64_t start = 1000000;
	uint64_t now = start;
	unsigned done = 0;

	assert_int_equal(repairs_wait(&repairs, now), 0);
	while (now < start + 3600 * 1000) {
		uint64_t wait = repairs_wait(&repairs, now);

		assert_true(wait <= REPAIR_WAIT_MAX_MS);
		if (wait == 0) {
			repairs_note(&repairs, now);
			done++;
			assert_true(repairs_wait(&repairs, now) >= REPAIR_WAIT_MIN_MS);
		}
		now += wait ? wait : 10;
	}
	assert_in_range(done, 50, 70);
}

static void test_repairs_in_detail(void **state)
{
	static const uint64_t waits[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
	struct repairs repairs = {0};
	uint64_t now = 5; /* the clock began when the machine did */

	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		assert_int_equal(repairs_wait(&repairs, now), 0);
		repairs_note(&repairs, now);
		assert_int_equal(repairs_wait(&repairs, now), waits[i]);
		assert_int_equal(repairs_wait(&repairs, now + 400), waits[i] - 400);
		now += waits[i];
	}
	now += REPAIR_QUIET_MS;
	assert_int_equal(repairs_wait(&repairs, now), 0);
	repairs_note(&repairs, now);
	assert_int_equal(repairs_wait(&repairs, now), 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_af_packet),
		cmocka_unit_test(test_repairs_are_bounded),
		cmocka_unit_test(test_repairs_in_detail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
