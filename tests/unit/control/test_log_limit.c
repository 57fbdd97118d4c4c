/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A flood of events from one peer is few lines and a count, and costs others none of theirs.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <covey/limits.h>
#include <stdio.h>
#include <string.h>

#include "log_limit.h"

#define SECOND UINT64_C(1000)

static const char joins[] = "%s joins";
static const char alarms[] = "ALARM: %s";

/* What was said of what was not. */
static struct {
	unsigned summaries;
	uint64_t count;
	uint64_t during_ms;
	enum log_level level;
	char text[LOG_LIMIT_TEXT_MAX + 1];
} said;

static void note(const struct log_summary *summary, void *arg)
{
	said.summaries++;
	said.count += summary->count;
	said.during_ms = summary->during_ms;
	said.level = summary->level;
	snprintf(said.text, sizeof(said.text), "%s", summary->text);
}

static int begin(void **state)
{
	memset(&said, 0, sizeof(said));
	*state = log_limit_new();
	return *state ? 0 : -1;
}

static int end(void **state)
{
	log_limit_free(*state);
	return 0;
}

/* How many of n lines are let through. */
static unsigned flood(struct log_limit *limit, const char *who, const char *kind, unsigned n,
		      uint64_t now_ms)
{
	unsigned let = 0;
	char text[64];

	for (unsigned i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "ALARM: %s, number %u", who, i);
		let += log_limit_lets(limit, LOG_LEVEL_ERROR, who, kind, text, now_ms);
	}
	return let;
}

static void an_alarm_is_counted_when_it_is_not_said(void **state)
{
	struct log_limit *limit = *state;

	assert_int_equal(flood(limit, "hv1", alarms, 3003, 5 * SECOND), LOG_LIMIT_BURST);
	log_limit_summarise(limit, 14 * SECOND, note, NULL);
	assert_int_equal(said.summaries, 0);
	log_limit_summarise(limit, 15 * SECOND, note, NULL);
	assert_int_equal(said.summaries, 1);
	assert_int_equal(said.count, 2998);
	assert_int_equal(said.during_ms, 10 * SECOND);
	assert_int_equal(said.level, LOG_LEVEL_ERROR);
	assert_string_equal(said.text, "ALARM: hv1, number 3002");
	/* Once. */
	log_limit_summarise(limit, 16 * SECOND, note, NULL);
	assert_int_equal(said.summaries, 1);
}

static void a_flood_that_lasts_is_a_line_in_each_interval(void **state)
{
	struct log_limit *limit = *state;
	unsigned let = 0;

	for (unsigned i = 0; i < 100; i++) {
		let += flood(limit, "hv1", alarms, 1000, i * SECOND);
		log_limit_summarise(limit, i * SECOND, note, NULL);
	}
	assert_int_equal(let, LOG_LIMIT_BURST);
	assert_int_equal(said.summaries, 9);
	log_limit_summarise(limit, UINT64_MAX, note, NULL);
	assert_int_equal(said.count + let, 100 * 1000);
	/* When it is over, all is as before. */
	log_limit_summarise(limit, 120 * SECOND, note, NULL);
	log_limit_summarise(limit, 130 * SECOND, note, NULL);
	assert_int_equal(log_limit_count(limit), 0);
	assert_int_equal(flood(limit, "hv1", alarms, 9, 131 * SECOND), LOG_LIMIT_BURST);
}

static void each_has_its_own(void **state)
{
	struct log_limit *limit = *state;

	assert_int_equal(flood(limit, "hv1", alarms, 1000, 0), LOG_LIMIT_BURST);
	assert_int_equal(flood(limit, "hv2", alarms, 1, 0), 1);
	assert_int_equal(flood(limit, "hv1", joins, 1, 0), 1);
	assert_int_equal(flood(limit, "hv1", alarms, 1, 0), 0);
}

static void what_is_rare_is_always_said(void **state)
{
	struct log_limit *limit = *state;

	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(flood(limit, "hv1", joins, 1, i * 3 * SECOND), 1);
	log_limit_summarise(limit, UINT64_MAX, note, NULL);
	assert_int_equal(said.summaries, 0);
}

static void there_is_room_for_so_many(void **state)
{
	struct log_limit *limit = *state;
	char who[32];

	for (unsigned i = 0; i < COVEY_LOG_PEERS_MAX; i++) {
		snprintf(who, sizeof(who), "hv%u", i);
		assert_int_equal(flood(limit, who, joins, 1, 0), 1);
	}
	assert_int_equal(log_limit_count(limit), COVEY_LOG_PEERS_MAX);
	/* The rest counts together. */
	for (unsigned i = 0; i < 100; i++) {
		snprintf(who, sizeof(who), "late%u", i);
		assert_int_equal(flood(limit, who, joins, 1, 0), i < LOG_LIMIT_BURST);
	}
	assert_int_equal(log_limit_count(limit), COVEY_LOG_PEERS_MAX + 1);
	log_limit_summarise(limit, UINT64_MAX, note, NULL);
	assert_int_equal(said.count, 100 - LOG_LIMIT_BURST);
	log_limit_summarise(limit, UINT64_MAX, note, NULL);
	assert_int_equal(log_limit_count(limit), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_alarm_is_counted_when_it_is_not_said),
		TEST(a_flood_that_lasts_is_a_line_in_each_interval),
		TEST(each_has_its_own),
		TEST(what_is_rare_is_always_said),
		TEST(there_is_room_for_so_many),
	};

	return cmocka_run_group_tests_name("control-log-limit", tests, NULL, NULL);
}
