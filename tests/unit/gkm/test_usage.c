/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What members report of their use, against limits small enough to reach.
 */

#include "world.h"

static const struct usage_limits limits = {.packets_soft = 1000,
					   .packets_hard = 2000,
					   .icv_failures_max = 100,
					   .packets_per_second = 1200};

static int begin(void **state)
{
	struct world *world = world_new();

	world->group->limits = limits;
	world_gather(world, C);
	world_pass(world, 5000);
	*state = world;
	return 0;
}

static enum usage_verdict report(struct world *world, size_t seat, uint64_t packets,
				 uint64_t failures)
{
	struct covey_error error = {.text = ""};
	enum usage_verdict verdict =
		usage_report(world->group, seat, group_active_sa(world->group)->spi, packets,
			     failures, world->now_ms, &error);

	assert_int_equal(verdict == USAGE_IMPOSSIBLE, error.text[0] != '\0');
	return verdict;
}

static void the_soft_limit_rekeys_once(void **state)
{
	struct world *world = *state;

	assert_int_equal(report(world, A, 999, 0), USAGE_FINE);
	assert_int_equal(report(world, B, 999, 0), USAGE_FINE);
	assert_int_equal(world_due(world), REKEY_NONE);
	assert_int_equal(report(world, A, 1000, 0), USAGE_PACKETS);
	assert_int_equal(world_due(world), REKEY_PACKETS);
	assert_int_equal(report(world, A, 1500, 0), USAGE_FINE);
	world_rekey(world);
	assert_int_equal(report(world, A, 1600, 0), USAGE_FINE);
	world_calm(world);
	assert_int_equal(world_due(world), REKEY_NONE);
	/* The new key is a new count; what the old one still does is not judged. */
	assert_int_equal(report(world, A, 900, 0), USAGE_FINE);
	assert_int_equal(world_due(world), REKEY_NONE);
}

static void a_shared_key_counts_all_senders(void **state)
{
	struct world *world = *state;

	world->group->limits.key_is_shared = true;
	assert_int_equal(report(world, A, 400, 0), USAGE_FINE);
	assert_int_equal(report(world, B, 400, 0), USAGE_FINE);
	assert_int_equal(report(world, C, 200, 0), USAGE_PACKETS);
	assert_int_equal(world_due(world), REKEY_PACKETS);
}

static void failures_count_together(void **state)
{
	struct world *world = *state;

	assert_int_equal(report(world, A, 0, 60), USAGE_FINE);
	assert_int_equal(report(world, A, 0, 60), USAGE_FINE);
	assert_int_equal(report(world, B, 0, 39), USAGE_FINE);
	assert_int_equal(world_due(world), REKEY_NONE);
	assert_int_equal(report(world, B, 0, 40), USAGE_FAILURES);
	assert_int_equal(world_due(world), REKEY_ICV_FAILURES);
}

/* How far the key is on its way to the limit: the one that has used it most, or all who share it.
 */
static void the_use_of_a_key(void **state)
{
	struct world *world = *state;
	const struct sa *sa = group_active_sa(world->group);

	assert_int_equal(usage_of_key(world->group, sa), 0);
	report(world, A, 300, 0);
	report(world, B, 200, 0);
	assert_int_equal(usage_of_key(world->group, sa), 300);
	group_lost(world->group, A);
	world_admit(world, A);
	report(world, A, 50, 0);
	assert_int_equal(usage_of_key(world->group, sa), 350);
	world->group->limits.key_is_shared = true;
	assert_int_equal(usage_of_key(world->group, sa), 550);
}

/* A restart must not let a key be used twice as much. */
static void registrations_add_up(void **state)
{
	struct world *world = *state;

	assert_int_equal(report(world, A, 600, 60), USAGE_FINE);
	group_lost(world->group, A);
	world_admit(world, A);
	assert_int_equal(report(world, A, 10, 1), USAGE_FINE);
	assert_int_equal(report(world, A, 399, 39), USAGE_FINE);
	assert_int_equal(report(world, A, 400, 39), USAGE_PACKETS);
	world_rekey(world);
	world_calm(world);
	assert_int_equal(report(world, B, 0, 60), USAGE_FINE);
	group_lost(world->group, B);
	world_admit(world, B);
	assert_int_equal(report(world, B, 0, 40), USAGE_FAILURES);
}

/* A retired SA has no usage to add up; the compiler's checks see who reaches for it. */
static void what_is_retired_does_not_count(void **state)
{
	struct world *world = *state;
	uint32_t first = group_active_sa(world->group)->spi;

	assert_int_equal(report(world, C, 600, 0), USAGE_FINE);
	world_rekey(world);
	world_calm(world);
	world_pass(world, DRAIN_MS);
	assert_int_equal(world_sa(world, first)->state, SA_RETIRED);
	group_lost(world->group, C);
	world_admit(world, C);
	assert_int_equal(report(world, C, 999, 0), USAGE_FINE);
}

static void counters_do_not_fall(void **state)
{
	struct world *world = *state;

	assert_int_equal(report(world, A, 500, 50), USAGE_FINE);
	assert_int_equal(report(world, A, 499, 50), USAGE_IMPOSSIBLE);
	assert_int_equal(report(world, A, 500, 49), USAGE_IMPOSSIBLE);
	assert_int_equal(report(world, A, 500, 50), USAGE_FINE);
	assert_int_equal(world_due(world), REKEY_NONE);
}

static void there_is_only_so_much_time(void **state)
{
	struct world *world = *state;

	world->group->limits.packets_soft = 2000;
	world->group->limits.icv_failures_max = 20000;
	/* 5 seconds old, and one for the way: 7200. */
	assert_int_equal(report(world, A, 0, 7201), USAGE_IMPOSSIBLE);
	assert_int_equal(report(world, A, 0, 7200), USAGE_FINE);
	assert_int_equal(report(world, A, 2001, 7200), USAGE_IMPOSSIBLE);
	world_rekey(world);
	world_calm(world);
	assert_int_equal(report(world, A, 1201, 0), USAGE_IMPOSSIBLE);
	assert_int_equal(report(world, A, 1200, 0), USAGE_FINE);
}

static void others_sas_are_not_judged(void **state)
{
	struct world *world = *state;
	struct covey_error error;

	assert_int_equal(usage_report(world->group, A, 9999, 5000, 5000, world->now_ms, &error),
			 USAGE_FINE);
	group_lost(world->group, A);
	assert_int_equal(report(world, A, 1000, 0), USAGE_FINE);
	assert_int_equal(world_due(world), REKEY_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_soft_limit_rekeys_once), TEST(a_shared_key_counts_all_senders),
		TEST(failures_count_together),    TEST(the_use_of_a_key),
		TEST(registrations_add_up),       TEST(what_is_retired_does_not_count),
		TEST(counters_do_not_fall),       TEST(there_is_only_so_much_time),
		TEST(others_sas_are_not_judged),
	};

	return cmocka_run_group_tests_name("gkm-usage", tests, NULL, NULL);
}
