/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Rekey on join: who is new gets no key of the past, and waits for one of its own; who comes back
 * is not new.
 */

#include "world.h"

#define QUIET_MS UINT64_C(200)
#define WAIT_MS  UINT64_C(2000)
#define CROWD    12000

static int begin(void **state)
{
	struct world *world = world_new();

	world->group->rekeys_on_join = true;
	*state = world;
	return 0;
}

static void a_first_one_needs_no_rekey(void **state)
{
	struct world *world = *state;

	world_admit(world, A);
	assert_int_equal(world_count(world, SAID_ACTIVATE, A, 256), 1);
	world_pass(world, WAIT_MS);
	assert_int_equal(world_due(world), REKEY_NONE);
}

static void a_newcomer_gets_no_sa_of_the_past(void **state)
{
	struct world *world = *state;
	uint32_t spi;

	world_admit(world, A);
	world_admit(world, B);
	assert_int_equal(world_count(world, SAID_INSTALL, B, 0), 0);
	world_pass(world, QUIET_MS - 1);
	assert_int_equal(world_due(world), REKEY_NONE);
	assert_int_equal(rekey_deadline(world->group), world->now_ms + 1);
	world_pass(world, 1);
	assert_int_equal(world_due(world), REKEY_JOIN);
	spi = world_rekey(world);
	world_calm(world);
	assert_int_equal(world_count(world, SAID_INSTALL, B, spi), 1);
	assert_int_equal(world_count(world, SAID_INSTALL, B, 0), 1);
	assert_int_equal(world_count(world, SAID_ACTIVATE, B, spi), 1);
	assert_int_equal(world_count(world, SAID_ACTIVATE, A, spi), 1);
	world_pass(world, WAIT_MS);
	assert_int_equal(world_due(world), REKEY_NONE);
}

static void what_nobody_sends_on_yet_has_no_past(void **state)
{
	struct world *world = *state;
	uint32_t spi;

	world_admit(world, A);
	spi = world_rekey(world);
	world_settle(world);
	world_admit(world, B);
	assert_int_equal(world_count(world, SAID_INSTALL, B, 0), 1);
	assert_int_equal(world_count(world, SAID_ACTIVATE, B, spi), 1);
	world_pass(world, WAIT_MS);
	assert_int_equal(world_due(world), REKEY_NONE);
}

/* It is waited for like everybody else. */
static void the_next_sa_waits_for_the_newcomer(void **state)
{
	struct world *world = *state;
	uint32_t spi;

	world_admit(world, A);
	world_join(world, B);
	world_pass(world, 0);
	world_pass(world, QUIET_MS);
	spi = world_rekey(world);
	world_settle(world);
	world_ack_sas(world, A);
	world_settle(world);
	assert_int_equal(world_sa(world, spi)->state, SA_INSTALLING);
	world_ack_sas(world, B);
	world_settle(world);
	assert_int_equal(world_sa(world, spi)->state, SA_ACTIVE);
}

static void who_come_together_share_one(void **state)
{
	struct world *world = *state;

	world_admit(world, A);
	for (size_t i = B; i <= D; i++) {
		world_join(world, i);
		world_settle(world);
		world_pass(world, QUIET_MS - 1);
		assert_int_equal(world_due(world), REKEY_NONE);
	}
	world_pass(world, 1);
	assert_int_equal(world_due(world), REKEY_JOIN);
	world_rekey(world);
	world_calm(world);
	assert_int_equal(world_due(world), REKEY_NONE);
	world_assert_said(world, SAID_ACTIVATE, D, 257, 1);
}

static void a_stream_of_newcomers_is_not_awaited_for_ever(void **state)
{
	struct world *world = *state;
	uint64_t began_ms;

	world_admit(world, A);
	began_ms = world->now_ms;
	/* Some leave again, or there would not be enough seats for a stream. */
	for (size_t i = 0; world_due(world) == REKEY_NONE; i++) {
		if (world->group->members[B + i % 4].session)
			group_left(world->group, B + i % 4);
		world_settle(world);
		world_join(world, B + i % 4);
		world_pass(world, QUIET_MS - 1);
		assert_true(world->now_ms < began_ms + 2 * WAIT_MS);
	}
	assert_true(world->now_ms >= began_ms + QUIET_MS);
}

/* --- many ---------------------------------------------------------------------------------- */

static void said_roster(const struct member *to, const struct roster_part *part, void *arg)
{
}

static void said_install(const struct member *to, const struct sa *sa, uint32_t lifetime_s,
			 void *arg)
{
}

static void said_sa(const struct member *to, const struct sa *sa, void *arg)
{
}

static void said_drain(const struct member *to, const struct sa *sa, uint32_t drain_s, void *arg)
{
}

static void said_changed(const struct sa *sa, void *arg)
{
}

static struct group *new_crowd(void)
{
	static const struct group_output output = {.roster = said_roster,
						   .install = said_install,
						   .activate = said_sa,
						   .drain = said_drain,
						   .changed = said_changed};
	struct group *group;

	assert_int_equal(group_new(CROWD, DELAY_MS, &output, &group), 0);
	group->rekeys_on_join = true;
	for (size_t i = 0; i < CROWD; i++) {
		group->members[i].identity = "spiffe://example/host/one-of-many";
		group->members[i].sender_id = (uint16_t)(i + 1);
	}
	return group;
}

static void begin_sa(struct group *group, uint32_t spi, uint64_t now_ms)
{
	const uint8_t tek[16] = {1};
	const struct sa_timing timing = {.begin_ms = now_ms,
					 .activation_delay_ms = DELAY_MS,
					 .drain_delay_ms = DRAIN_MS,
					 .hard_lifetime_ms = LIFETIME_MS};

	assert_int_equal(group_begin_sa(group, spi, tek, sizeof(tek), &timing), 0);
}

static void come(struct group *group, size_t from, size_t to)
{
	uint16_t epoch;

	for (size_t i = from; i < to; i++)
		assert_int_equal(group_join(group, i, group, &epoch), 0);
}

/* So many have the active SA, and so many more wait from now on. */
static struct group *crowd_waits(size_t members, size_t newcomers, uint64_t now_ms)
{
	struct group *group = new_crowd();

	come(group, 0, 1);
	begin_sa(group, 256, 0);
	come(group, 1, members);
	group_settle(group, 0);
	for (size_t i = 0; i < members; i++)
		assert_int_equal(group_sa_acked(group, i, 256), 0);
	group_settle(group, now_ms);
	assert_non_null(group_active_sa(group));
	assert_int_equal(rekey_due(group, now_ms), REKEY_NONE);
	come(group, members, members + newcomers);
	group_settle(group, now_ms);
	return group;
}

static void a_lone_newcomer_of_a_large_group_waits_no_longer(void **state)
{
	struct group *group = crowd_waits(10000, 1, 1000);

	assert_int_equal(rekey_due(group, 1000 + QUIET_MS - 1), REKEY_NONE);
	assert_int_equal(rekey_due(group, 1000 + QUIET_MS), REKEY_JOIN);
	group_free(group);
}

/* The more have come, the longer a pause must be to be the end. */
static void a_pause_in_a_storm_is_not_its_end(void **state)
{
	struct group *group = crowd_waits(1000, 600, 1000);

	assert_int_equal(rekey_due(group, 1000 + 599), REKEY_NONE);
	assert_int_equal(rekey_due(group, 1000 + 600), REKEY_JOIN);
	group_free(group);
	group = crowd_waits(1000, 6000, 1000);
	assert_int_equal(rekey_due(group, 1000 + JOIN_QUIET_MAX_MS - 1), REKEY_NONE);
	assert_int_equal(rekey_due(group, 1000 + JOIN_QUIET_MAX_MS), REKEY_JOIN);
	group_free(group);
}

/* One every 100 ms, for ever: how long the first waits. */
static uint64_t longest_wait_ms(size_t members)
{
	struct group *group = crowd_waits(members, 1, 0);
	uint64_t now_ms = 0;

	for (size_t i = members + 1; rekey_due(group, now_ms) == REKEY_NONE; i++) {
		now_ms += 100;
		come(group, i, i + 1);
		group_settle(group, now_ms);
	}
	group_free(group);
	return now_ms;
}

static void the_longest_wait_grows_with_the_group_to_a_bound(void **state)
{
	assert_int_equal(longest_wait_ms(100), WAIT_MS);
	assert_int_equal(longest_wait_ms(4000), 2100); /* 2.01 s, in steps of 0.1 s */
	assert_in_range(longest_wait_ms(8000), 4000, 4100);
	assert_int_equal(longest_wait_ms(11000), JOIN_WAIT_MAX_MS);
	assert_int_equal(rekey_wave_wait_ms(65535), JOIN_WAIT_MAX_MS);
	assert_int_equal(rekey_wave_quiet_ms(65535), JOIN_QUIET_MAX_MS);
}

/* --- who is new ---------------------------------------------------------------------------- */

static void who_comes_back_is_not_new(void **state)
{
	struct world *world = *state;

	world_gather(world, B);
	group_lost(world->group, B);
	world_rekey(world);
	world_calm(world);
	world_hush(world);
	assert_int_equal(world_join(world, B), 2);
	world_calm(world);
	/* Also the SA that began while it was away, and the one that drains. */
	assert_int_equal(world_count(world, SAID_INSTALL, B, 256), 1);
	assert_int_equal(world_count(world, SAID_INSTALL, B, 257), 1);
	assert_int_equal(world_count(world, SAID_ACTIVATE, B, 257), 1);
	world_pass(world, WAIT_MS);
	assert_int_equal(world_due(world), REKEY_NONE);
}

/* The GKM was restarted, and this one is slow to come back. */
static void who_was_bound_before_is_not_new(void **state)
{
	struct world *world = *state;

	assert_int_equal(group_restore(world->group, A, 1), 0);
	assert_int_equal(group_restore(world->group, B, 2), 0);
	assert_int_equal(group_restore(world->group, C, 3), 0);
	group_evict(world->group, C);
	world_admit(world, A);
	world_pass(world, DELAY_MS);
	assert_int_equal(world_count(world, SAID_ACTIVATE, A, 256), 1);
	world_admit(world, B);
	assert_int_equal(world_count(world, SAID_ACTIVATE, B, 256), 1);
	/* Who was evicted meanwhile is, when it is readmitted. */
	group_readmit(world->group, C);
	world_admit(world, C);
	assert_int_equal(world_count(world, SAID_INSTALL, C, 0), 0);
	world_pass(world, WAIT_MS);
	assert_int_equal(world_due(world), REKEY_JOIN);
}

static void who_left_is_new_again(void **state)
{
	struct world *world = *state;

	world_gather(world, B);
	group_left(world->group, B);
	world_settle(world);
	world_hush(world);
	world_admit(world, B);
	assert_int_equal(world_count(world, SAID_INSTALL, B, 0), 0);
	world_pass(world, QUIET_MS);
	assert_int_equal(world_due(world), REKEY_JOIN);
}

static void a_newcomer_that_is_gone_needs_none(void **state)
{
	struct world *world = *state;

	world_admit(world, A);
	world_join(world, B);
	world_settle(world);
	group_left(world->group, B);
	world_pass(world, WAIT_MS);
	assert_int_equal(world_due(world), REKEY_NONE);
}

/* What the operator asked for is not lost with the newcomer. */
static void other_reasons_stay(void **state)
{
	struct world *world = *state;

	world_admit(world, A);
	assert_true(rekey_want(world->group, REKEY_OPERATOR, world->now_ms + 100));
	world_join(world, B);
	world_settle(world);
	group_left(world->group, B);
	world_pass(world, 100);
	assert_int_equal(world_due(world), REKEY_OPERATOR);
}

static void a_full_group_makes_room_for_a_newcomer(void **state)
{
	struct world *world = *state;

	world_admit(world, A);
	for (size_t i = 1; i < COVEY_SAS_PER_GROUP_MAX; i++) {
		world_rekey(world);
		world_calm(world);
	}
	assert_int_equal(group_live_sas(world->group), COVEY_SAS_PER_GROUP_MAX);
	world_join(world, B);
	world_settle(world);
	world_pass(world, 999);
	assert_int_equal(world_due(world), REKEY_NONE);
	assert_int_equal(rekey_deadline(world->group), world->now_ms + 1);
	world_pass(world, 1);
	assert_int_equal(world_due(world), REKEY_JOIN);
}

static void without_it_a_joiner_gets_what_there_is(void **state)
{
	struct world *world = *state;

	world->group->rekeys_on_join = false;
	world_admit(world, A);
	world_admit(world, B);
	assert_int_equal(world_count(world, SAID_ACTIVATE, B, 256), 1);
	world_pass(world, WAIT_MS);
	assert_int_equal(world_due(world), REKEY_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_first_one_needs_no_rekey),
		TEST(a_newcomer_gets_no_sa_of_the_past),
		TEST(what_nobody_sends_on_yet_has_no_past),
		TEST(the_next_sa_waits_for_the_newcomer),
		TEST(who_come_together_share_one),
		TEST(a_stream_of_newcomers_is_not_awaited_for_ever),
		TEST(a_lone_newcomer_of_a_large_group_waits_no_longer),
		TEST(a_pause_in_a_storm_is_not_its_end),
		TEST(the_longest_wait_grows_with_the_group_to_a_bound),
		TEST(who_comes_back_is_not_new),
		TEST(who_was_bound_before_is_not_new),
		TEST(who_left_is_new_again),
		TEST(a_newcomer_that_is_gone_needs_none),
		TEST(other_reasons_stay),
		TEST(a_full_group_makes_room_for_a_newcomer),
		TEST(without_it_a_joiner_gets_what_there_is),
	};

	return cmocka_run_group_tests_name("gkm-newcomers", tests, NULL, NULL);
}
