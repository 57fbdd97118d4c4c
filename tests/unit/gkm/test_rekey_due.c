/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * When a group gets its next SA: the interval, members that are away or late, rekeys that come
 * together, and where there is no room.
 */

#include "world.h"

#define HOUR_MS UINT64_C(3600000)

static int begin(void **state)
{
	struct world *world = world_new();

	world->interval_ms = HOUR_MS;
	world_gather(world, C);
	world_hush(world);
	*state = world;
	return 0;
}

static uint64_t deadline(const struct world *world)
{
	return rekey_deadline(world->group);
}

/* A whole rekey, all acknowledge. */
static void turn_over(struct world *world)
{
	world_rekey(world);
	world_calm(world);
	world_hush(world);
}

static void an_interval_ends(void **state)
{
	struct world *world = *state;

	assert_int_equal(deadline(world), 1000 + HOUR_MS);
	world_pass(world, HOUR_MS - 1);
	assert_int_equal(world_due(world), REKEY_NONE);
	world_pass(world, 1);
	assert_int_equal(world_due(world), REKEY_INTERVAL);
	world_rekey(world);
	assert_int_equal(world_due(world), REKEY_NONE);
	world_calm(world);
	assert_int_equal(world_due(world), REKEY_NONE);
	assert_int_equal(deadline(world), 1000 + 2 * HOUR_MS);
}

/* Its hard lifetime is another time, and longer. */
static void an_interval_that_nobody_serves_ends_nothing(void **state)
{
	struct world *world = *state;

	world_pass(world, 5 * HOUR_MS);
	assert_int_equal(group_active_sa(world->group)->spi, 256);
	assert_int_equal(world_due(world), REKEY_INTERVAL);
}

static void nobody_there_is_not_rekeyed(void **state)
{
	struct world *world = *state;

	for (size_t i = A; i <= C; i++)
		group_lost(world->group, i);
	world_pass(world, 22 * HOUR_MS);
	assert_int_equal(world_due(world), REKEY_NONE);
	assert_int_equal(deadline(world), UINT64_MAX);
	world_admit(world, A);
	assert_int_equal(world_due(world), REKEY_INTERVAL);
}

/* A control channel that is cut for longer than the interval costs no packet. */
static void who_is_away_is_waited_for(void **state)
{
	struct world *world = *state;

	group_lost(world->group, B);
	world_pass(world, 2 * HOUR_MS);
	assert_int_equal(world_due(world), REKEY_NONE);
	assert_int_equal(deadline(world), 1000 + LIFETIME_MS / 10 * 9);
	world_admit(world, B);
	assert_int_equal(world_due(world), REKEY_INTERVAL);
}

static void who_is_away_for_too_long_is_not(void **state)
{
	struct world *world = *state;

	group_lost(world->group, B);
	world_pass(world, LIFETIME_MS / 10 * 9);
	assert_int_equal(world_due(world), REKEY_INTERVAL);
	turn_over(world);
	/* It has no SA that counts any more: the next one does not wait. */
	world_pass(world, HOUR_MS);
	assert_int_equal(world_due(world), REKEY_INTERVAL);
}

/* A rekey for the interval, in which B's session ends before it acknowledged. */
static uint32_t lose_b_in_rekey(struct world *world)
{
	uint32_t spi;

	world->patient = true;
	spi = world_rekey(world);
	world_settle(world);
	world_ack_sas(world, A);
	world_ack_sas(world, C);
	world_pass(world, DELAY_MS - 1);
	group_lost(world->group, B);
	return spi;
}

static enum sa_state state_of(const struct world *world, uint32_t spi)
{
	return world_sa((struct world *)world, spi)->state;
}

/* Nor does one that is cut while an SA is being installed. */
static void who_goes_during_a_rekey_is_waited_for(void **state)
{
	struct world *world = *state;
	uint32_t spi = lose_b_in_rekey(world);

	world_pass(world, HOUR_MS);
	assert_int_equal(state_of(world, spi), SA_INSTALLING);
	assert_int_equal(world_count(world, SAID_ACTIVATE, A, spi), 0);
	world_join(world, B);
	world_pass(world, DELAY_MS - 1);
	assert_int_equal(state_of(world, spi), SA_INSTALLING);
	world_calm(world);
	assert_int_equal(state_of(world, spi), SA_ACTIVE);
	assert_int_equal(world_count(world, SAID_LATE, B, spi), 0);
}

static void who_goes_during_a_rekey_is_not_waited_for_too_long(void **state)
{
	struct world *world = *state;
	uint32_t spi = lose_b_in_rekey(world);

	world_pass(world, LIFETIME_MS / 10 * 9 - DELAY_MS);
	assert_int_equal(state_of(world, spi), SA_INSTALLING);
	world_pass(world, DELAY_MS + 1);
	assert_int_equal(state_of(world, spi), SA_ACTIVE);
}

/* No longer than the activation delay, that is, as for all. */
static void the_operator_does_not_wait_long_for_who_goes(void **state)
{
	struct world *world = *state;
	uint32_t spi = lose_b_in_rekey(world);

	world_settle(world);
	assert_false(rekey_want(world->group, REKEY_OPERATOR, world->now_ms));
	world_pass(world, DELAY_MS - 1);
	assert_int_equal(state_of(world, spi), SA_INSTALLING);
	world_pass(world, 1);
	assert_int_equal(state_of(world, spi), SA_ACTIVE);
}

static void a_newcomer_does_not_wait_long_for_who_goes(void **state)
{
	struct world *world = *state;
	uint32_t spi = lose_b_in_rekey(world);

	world->group->rekeys_on_join = true;
	world_settle(world);
	world_admit(world, D);
	assert_int_equal(state_of(world, spi), SA_INSTALLING);
	world_pass(world, DELAY_MS);
	assert_int_equal(state_of(world, spi), SA_ACTIVE);
}

static void an_eviction_does_not_wait_for_who_goes(void **state)
{
	struct world *world = *state;
	uint32_t spi;

	world->patient = true;
	spi = world_rekey(world);
	group_evict(world->group, C);
	world_settle(world);
	world_ack_sas(world, A);
	group_lost(world->group, B);
	world_settle(world);
	assert_int_equal(state_of(world, spi), SA_ACTIVE);
}

static void who_left_is_not_waited_for(void **state)
{
	struct world *world = *state;

	group_lost(world->group, B);
	group_left(world->group, B);
	world_pass(world, HOUR_MS);
	assert_int_equal(world_due(world), REKEY_INTERVAL);
}

static void who_is_away_does_not_stop_the_operator(void **state)
{
	struct world *world = *state;

	group_lost(world->group, B);
	assert_true(rekey_want(world->group, REKEY_OPERATOR, world->now_ms));
	assert_int_equal(world_due(world), REKEY_OPERATOR);
}

static void who_does_not_acknowledge_is_named_once(void **state)
{
	struct world *world = *state;
	uint32_t spi = world_rekey(world);

	world_settle(world);
	world_ack_sas(world, A);
	world_pass(world, DELAY_MS - 1);
	assert_int_equal(world_count(world, SAID_LATE, B, spi), 0);
	world_pass(world, 1);
	world_pass(world, 1);
	assert_int_equal(world_count(world, SAID_LATE, A, spi), 0);
	assert_int_equal(world_count(world, SAID_LATE, B, spi), 1);
	assert_int_equal(world_count(world, SAID_LATE, C, spi), 1);
	assert_int_equal(world_count(world, SAID_ACTIVATE, A, spi), 1);
	world_ack_sas(world, B);
	world_settle(world);
	assert_int_equal(world_count(world, SAID_ACTIVATE, B, spi), 1);
	assert_int_equal(world_count(world, SAID_LATE, B, spi), 1);
}

static void rekeys_are_drawn_together(void **state)
{
	struct world *world = *state;

	assert_true(rekey_want(world->group, REKEY_OPERATOR, world->now_ms + 500));
	assert_true(rekey_want(world->group, REKEY_OPERATOR, world->now_ms + 300));
	assert_int_equal(deadline(world), world->now_ms + 300);
	world_pass(world, 300);
	assert_int_equal(world_due(world), REKEY_OPERATOR);
	world_rekey(world);
	assert_int_equal(world_due(world), REKEY_NONE);
	/* Nobody sends on the new one yet. */
	assert_false(rekey_want(world->group, REKEY_OPERATOR, world->now_ms));
	world_calm(world);
	assert_int_equal(world_due(world), REKEY_NONE);
	assert_true(rekey_want(world->group, REKEY_OPERATOR, world->now_ms));
	assert_int_equal(world_due(world), REKEY_OPERATOR);
}

/* The one before is drained in its time, and not for the operator's impatience. */
static void a_full_group_waits_for_room(void **state)
{
	struct world *world = *state;

	for (size_t i = 1; i < COVEY_SAS_PER_GROUP_MAX; i++) {
		world_pass(world, 2000);
		turn_over(world);
	}
	assert_int_equal(group_live_sas(world->group), COVEY_SAS_PER_GROUP_MAX);
	assert_true(rekey_want(world->group, REKEY_OPERATOR, world->now_ms));
	assert_int_equal(world_due(world), REKEY_NONE);
	assert_int_equal(deadline(world), 1000 + 2000 + DRAIN_MS);
	world->now_ms = 1000 + 2000 + DRAIN_MS - 1;
	world_settle(world);
	assert_int_equal(world_due(world), REKEY_NONE);
	world_pass(world, 1);
	assert_int_equal(world_due(world), REKEY_OPERATOR);
}

/* What a member counts as held, at its clock: a drain ends up to a second later there. */
static void a_member_never_holds_too_many(void **state)
{
	struct world *world = *state;

	world->drain_ms = 400;
	for (size_t i = 0; i < 40; i++) {
		size_t held = 0;

		turn_over(world);
		if (group_live_sas(world->group) == COVEY_SAS_PER_GROUP_MAX)
			world_pass(world, 400);
		for (size_t j = 0; j < world->group->sa_count; j++)
			held += world->group->sas[j]->members[A] >= SA_MEMBER_SENT &&
				world->group->sas[j]->members[A] < SA_MEMBER_GONE;
		assert_true(held <= COVEY_SAS_PER_GROUP_MAX);
	}
}

/* Not even one that somebody away sends on, but rather the others. */
static void a_full_group_keeps_little(void **state)
{
	struct world *world = *state;

	group_lost(world->group, C);
	world_rekey(world);
	world_calm(world);
	world_pass(world, DELAY_MS);
	for (size_t i = 2; i < COVEY_SAS_PER_GROUP_MAX; i++)
		turn_over(world);
	assert_true(rekey_want(world->group, REKEY_OPERATOR, world->now_ms));
	world_pass(world, DRAIN_MS);
	assert_int_equal(world_due(world), REKEY_OPERATOR);
	assert_int_equal(world_sa(world, 256)->state, SA_DRAINING);
	assert_int_equal(group_live_sas(world->group), 2);
}

/* Seven members, each away since another SA, are more than there is room for. */
static void who_is_away_gives_way_in_the_end(void **state)
{
	struct world *world = *state;

	/* As if each had gone after another rekey: on all but the last there is one. */
	for (size_t i = 1; i < COVEY_SAS_PER_GROUP_MAX; i++)
		turn_over(world);
	group_lost(world->group, C);
	for (uint32_t i = 0; i < 4; i++) {
		struct member *member = &world->group->members[C + i];

		member->sends_from_spi = 256 + 2 * i;
		member->sends_to_spi = 256 + 2 * i + (i < 3);
	}
	for (size_t i = 0; i < world->group->sa_count; i++)
		if (world->group->sas[i]->state == SA_DRAINING)
			world->group->sas[i]->drain_by_ms = UINT64_MAX;
	/* Not because somebody comes. */
	world->group->wish = (struct rekey_wish){.reason = REKEY_PACKETS, .due_ms = world->now_ms};
	world_pass(world, DRAIN_MS);
	assert_int_equal(world_due(world), REKEY_NONE);
	assert_int_equal(deadline(world), world_sa(world, 263)->rekey_ms);
	assert_int_equal(world_sa(world, 256)->state, SA_DRAINING);
	assert_true(rekey_want(world->group, REKEY_OPERATOR, world->now_ms));
	world_settle(world);
	assert_true(world_due(world) != REKEY_NONE);
	assert_int_equal(world_sa(world, 256)->state, SA_RETIRED);
	assert_int_equal(group_live_sas(world->group), COVEY_SAS_PER_GROUP_MAX - 1);
}

static void a_missing_sa_is_due(void **state)
{
	struct world *world = *state;

	world_pass(world, LIFETIME_MS);
	assert_int_equal(world_due(world), REKEY_MISSING);
	assert_true(deadline(world) <= world->now_ms);
	world_rekey(world);
	assert_int_equal(world_due(world), REKEY_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_interval_ends),
		TEST(an_interval_that_nobody_serves_ends_nothing),
		TEST(nobody_there_is_not_rekeyed),
		TEST(who_is_away_is_waited_for),
		TEST(who_is_away_for_too_long_is_not),
		TEST(who_goes_during_a_rekey_is_waited_for),
		TEST(who_goes_during_a_rekey_is_not_waited_for_too_long),
		TEST(the_operator_does_not_wait_long_for_who_goes),
		TEST(a_newcomer_does_not_wait_long_for_who_goes),
		TEST(an_eviction_does_not_wait_for_who_goes),
		TEST(who_left_is_not_waited_for),
		TEST(who_is_away_does_not_stop_the_operator),
		TEST(who_does_not_acknowledge_is_named_once),
		TEST(rekeys_are_drawn_together),
		TEST(a_full_group_waits_for_room),
		TEST(a_member_never_holds_too_many),
		TEST(a_full_group_keeps_little),
		TEST(who_is_away_gives_way_in_the_end),
		TEST(a_missing_sa_is_due),
	};

	return cmocka_run_group_tests_name("gkm-rekey-due", tests, NULL, NULL);
}
