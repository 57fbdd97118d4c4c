/* SPDX-License-Identifier: BSD-3-Clause */
/* The search for what a path carries, and when it is made: against paths that lose packets, too. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <string.h>

#include "path_search.h"
#include "path_times.h"

#define MIN 78

/* --- a path that is played -------------------------------------------------------------------- */

static struct {
	uint32_t carries; /* the longest probe */
	uint32_t loss;    /* of 1,000 packets */
	uint64_t state;   /* of what is drawn */
	unsigned runs, probes;
} path;

static uint32_t draw(uint32_t bound)
{
	path.state = path.state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(path.state >> 33) % bound;
}

static uint32_t lowest(uint32_t bound)
{
	return 0;
}

static uint32_t highest(uint32_t bound)
{
	return bound - 1;
}

static void check_lengths(const struct path_search *search)
{
	assert_in_range(search->count, 1, COVEY_PROBES_PER_RUN_MAX);
	for (size_t i = 0; i < search->count; i++) {
		assert_in_range(search->lengths[i], search->min, search->full);
		if (i > 0)
			assert_true(search->lengths[i] > search->lengths[i - 1]);
	}
	assert_int_equal(search->lengths[search->count - 1], search->full);
}

static enum path_search_state run(struct path_search *search)
{
	uint32_t arrived = 0;

	path_search_next(search, draw);
	check_lengths(search);
	for (size_t i = 0; i < search->count; i++)
		if (search->lengths[i] <= path.carries && draw(1000) >= path.loss)
			arrived |= 1u << i;
	path.runs++;
	path.probes += (unsigned)search->count;
	return path_search_learn(search, (1u << search->count) - 1, arrived);
}

static enum path_search_state find(uint32_t full, uint32_t known, uint32_t *ret_passes)
{
	enum path_search_state state = PATH_SEARCH_GOES_ON;
	struct path_search search;

	path.runs = path.probes = 0;
	path_search_begin(&search, MIN, full, known);
	while (state == PATH_SEARCH_GOES_ON) {
		state = run(&search);
		assert_true(path.runs <= PATH_SEARCH_RUNS_MAX);
	}
	*ret_passes = search.passes;
	return state;
}

/* --- the search ------------------------------------------------------------------------------- */

static void test_full(void **state)
{
	uint32_t passes;

	path.carries = 9216;
	path.loss = 0;
	for (uint32_t full = MIN + 1; full <= 9216; full += 13) {
		assert_int_equal(find(full, 0, &passes), PATH_SEARCH_FULL);
		assert_int_equal(path.runs, 1);
		assert_true(path.probes <= 5);
	}
	/* A path that was too small carries all now. */
	assert_int_equal(find(1540, 1340, &passes), PATH_SEARCH_FULL);
	assert_int_equal(path.runs, 1);
}

static void test_each_limit(void **state)
{
	static const uint32_t fulls[] = {1440, 1540, 8940, 9216};
	uint32_t passes;

	path.loss = 0;
	for (size_t i = 0; i < 4; i++) {
		for (path.carries = MIN + 64; path.carries < fulls[i]; path.carries++) {
			assert_int_equal(find(fulls[i], 0, &passes), PATH_SEARCH_LIMIT);
			assert_int_equal(passes, path.carries);
			assert_true(path.runs <= 7);
			assert_true(path.probes <= 70);
			/* Once it is known, little is needed to see that it is still so. */
			assert_int_equal(find(fulls[i], path.carries, &passes), PATH_SEARCH_LIMIT);
			assert_true(path.runs <= (path.carries + 4 > fulls[i] ? 4 : 1));
			assert_true(path.probes <= 8);
		}
	}
}

static void test_changes(void **state)
{
	uint32_t passes;

	path.loss = 0;
	path.carries = 1200;
	assert_int_equal(find(1540, 1340, &passes), PATH_SEARCH_LIMIT);
	assert_int_equal(passes, 1200);
	path.carries = 1400;
	assert_int_equal(find(1540, 1340, &passes), PATH_SEARCH_LIMIT);
	assert_int_equal(passes, 1400);
	path.carries = 0;
	assert_int_equal(find(1540, 1340, &passes), PATH_SEARCH_NOTHING);
	assert_int_equal(find(1540, 0, &passes), PATH_SEARCH_NOTHING);
}

/* Of 100 packets 5 are lost: no wrong answer, and few that are none. */
static void test_loss(void **state)
{
	unsigned full = 0, limits = 0, others = 0;
	uint32_t passes;

	path.state = 1;
	path.loss = 50;
	for (unsigned i = 0; i < 20000; i++) {
		enum path_search_state found;

		path.carries = i % 2 ? 1540 : 1240 + i % 300;
		found = find(1540, 0, &passes);
		if (found == PATH_SEARCH_FULL) {
			assert_int_equal(path.carries, 1540);
			full++;
		} else if (found == PATH_SEARCH_LIMIT) {
			assert_int_not_equal(path.carries, 1540);
			/* The limit, or a little less when all of the last were lost. */
			assert_in_range(passes, path.carries - 4, path.carries);
			limits += passes == path.carries;
		} else {
			others++;
		}
	}
	assert_int_equal(full + others >= 10000, true);
	assert_true(full > 9950);
	assert_true(limits > 9800);
	assert_true(others < 20);
}

/* An interface that lets no long packet out has sent none. */
static void test_not_sent(void **state)
{
	struct path_search search;

	path_search_begin(&search, MIN, 1540, 0);
	path_search_next(&search, draw);
	assert_int_equal(path_search_learn(&search, 1, 1), PATH_SEARCH_UNSURE);
}

/* --- when ------------------------------------------------------------------------------------- */

/* What all hosts of a fabric ask the key manager for in a second, after a power cut and later. */
static void test_pace(void **state)
{
	for (size_t hosts = 10; hosts <= 10000; hosts *= 10) {
		const double gap = (double)(path_times_gap(hosts - 1, lowest) +
					    path_times_gap(hosts - 1, highest)) /
				   2000;
		const double next = (double)(path_times_next(hosts - 1, lowest) +
					     path_times_next(hosts - 1, highest)) /
				    2000;

		assert_true((double)hosts / gap <= 101);
		assert_true((double)hosts * (double)(hosts - 1) / next <=
			    (double)hosts * 60 / 3600 + 1);
	}
	assert_in_range(path_times_next(2, lowest), PATH_TIMES_HOUR / 2, PATH_TIMES_HOUR / 2);
	assert_in_range(path_times_next(2, highest), PATH_TIMES_HOUR, 3 * PATH_TIMES_HOUR / 2);
	assert_true(path_times_again(0, highest) < 2000);
	assert_true(path_times_again(UINT32_MAX, highest) <= 3 * PATH_TIMES_AGAIN_MAX / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full),     cmocka_unit_test(test_each_limit),
		cmocka_unit_test(test_changes),  cmocka_unit_test(test_loss),
		cmocka_unit_test(test_not_sent), cmocka_unit_test(test_pace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
