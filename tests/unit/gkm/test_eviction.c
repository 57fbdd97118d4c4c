/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Eviction in the state machine: who is evicted is sent no SA any more, the group gets one without
 * it, and the one before ends when all others have switched.
 */

#include <errno.h>

#include "world.h"

/* At the least a switch is waited for so long. */
#define SWITCH_MS UINT64_C(2000)
/* And what was sent before it for so long. */
#define ON_THE_WAY_MS UINT64_C(100)

static int begin(void **state)
{
	struct world *world = world_new();

	world_gather(world, C);
	world_hush(world);
	world->evicts = true; /* as the realm does it */
	*state = world;
	return 0;
}

static void the_group_goes_on_without_it(void **state)
{
	struct world *world = *state;
	uint32_t spi;

	group_evict(world->group, C);
	world_settle(world);
	assert_int_equal(world_floor(world, C), 0);
	assert_int_equal(world_due(world), REKEY_EVICTION);
	spi = world_rekey(world);
	world_calm(world);
	assert_int_equal(world_count(world, SAID_INSTALL, C, 0), 0);
	assert_int_equal(world_count(world, SAID_ACTIVATE, A, spi), 1);
	assert_int_equal(world_count(world, SAID_ACTIVATE, B, spi), 1);
	world_pass(world, ON_THE_WAY_MS);
	assert_int_equal(world_sa(world, 256)->state, SA_RETIRED);
	assert_null(world_sa(world, 256)->tek);
	assert_int_equal(world_due(world), REKEY_NONE);
}

static void it_cannot_come_back(void **state)
{
	struct world *world = *state;
	uint16_t epoch = 0;

	group_evict(world->group, C);
	assert_int_equal(group_join(world->group, C, world, &epoch), -EACCES);
	assert_int_equal(epoch, 0);
	world_rekey(world);
	world_calm(world);
	world_pass(world, ON_THE_WAY_MS);
	assert_int_equal(world_count(world, SAID_INSTALL, C, 0), 0);
	group_readmit(world->group, C);
	assert_int_equal(world_join(world, C), 2);
	world_calm(world);
	/* Of what it was evicted from, it gets nothing. */
	assert_int_equal(world_count(world, SAID_INSTALL, C, 256), 0);
}

/* What one sent just before it switched must not be lost at another that switched first, nor on its
 * way. */
static void the_old_sa_lasts_until_all_have_switched(void **state)
{
	struct world *world = *state;

	group_evict(world->group, C);
	world_settle(world);
	world_rekey(world);
	world_settle(world);
	world_ack_rosters(world, A);
	world_ack_rosters(world, B);
	world_ack_sas(world, A);
	world_ack_sas(world, B);
	world_settle(world);
	assert_int_equal(world_count(world, SAID_ACTIVATE, A, 257), 1);
	assert_int_equal(world_count(world, SAID_ACTIVATE, B, 257), 1);
	assert_int_equal(world_count(world, SAID_DRAIN, A, 256), 0);
	world_say_switched(world, A);
	world_settle(world);
	assert_int_equal(world_sa(world, 256)->state, SA_DRAINING);
	assert_int_equal(world_count(world, SAID_DRAIN, A, 256), 0);
	world_say_switched(world, B);
	world_settle(world);
	assert_int_equal(world_sa(world, 256)->state, SA_DRAINING);
	assert_int_equal(group_deadline(world->group), world->now_ms + ON_THE_WAY_MS);
	world_pass(world, ON_THE_WAY_MS - 1);
	assert_int_equal(world_count(world, SAID_DRAIN, A, 256), 0);
	world_pass(world, 1);
	assert_int_equal(world_sa(world, 256)->state, SA_RETIRED);
	assert_int_equal(world_last(world, SAID_DRAIN, A, 256)->seconds, 0);
	assert_int_equal(world_last(world, SAID_DRAIN, B, 256)->seconds, 0);
}

static void a_stalled_member_does_not_keep_it(void **state)
{
	struct world *world = *state;

	group_evict(world->group, C);
	world_settle(world);
	world_rekey(world);
	world_settle(world);
	world_ack_sas(world, A);
	world_pass(world, DELAY_MS);
	assert_int_equal(group_active_sa(world->group)->spi, 257);
	/* A switched and says no more: it is not waited for without end either. */
	assert_int_equal(world_sa(world, 256)->state, SA_DRAINING);
	assert_int_equal(group_deadline(world->group), world->now_ms + SWITCH_MS);
	world_pass(world, SWITCH_MS);
	/* A deadline that has passed would have the caller come back again and again. */
	assert_int_equal(group_deadline(world->group), world->now_ms + ON_THE_WAY_MS);
	world_pass(world, ON_THE_WAY_MS - 1);
	assert_int_equal(world_sa(world, 256)->state, SA_DRAINING);
	world_pass(world, 1);
	assert_int_equal(world_sa(world, 256)->state, SA_RETIRED);
	assert_int_equal(world_last(world, SAID_DRAIN, B, 256)->seconds, 0);
}

/* Else the others would switch to a key that it has. */
static void what_it_was_sent_is_never_activated(void **state)
{
	struct world *world = *state;

	world_rekey(world);
	world_settle(world);
	group_evict(world->group, C);
	world_ack_sas(world, A);
	world_ack_sas(world, B);
	world_settle(world);
	assert_int_equal(world_sa(world, 257)->state, SA_RETIRED);
	assert_int_equal(group_active_sa(world->group)->spi, 256);
	assert_int_equal(world_last(world, SAID_DRAIN, A, 257)->seconds, 0);
	assert_int_equal(world_due(world), REKEY_EVICTION);
	world_rekey(world);
	world_calm(world);
	assert_int_equal(group_active_sa(world->group)->spi, 258);
}

static void one_that_was_kept_from_it_will_do(void **state)
{
	struct world *world = *state;

	group_lost(world->group, C);
	world->evicts = false;
	world_rekey(world);
	world_settle(world);
	group_evict(world->group, C);
	assert_int_equal(world_due(world), REKEY_NONE);
	world_calm(world);
	assert_int_equal(group_active_sa(world->group)->spi, 257);
	world_pass(world, ON_THE_WAY_MS);
	assert_int_equal(world_sa(world, 256)->state, SA_RETIRED);
	assert_int_equal(world_due(world), REKEY_NONE);
}

/* Whoever left may have kept the key. */
static void who_left_is_evicted_all_the_same(void **state)
{
	struct world *world = *state;

	group_left(world->group, C);
	world_calm(world);
	assert_int_equal(world_due(world), REKEY_NONE);
	group_evict(world->group, C);
	assert_int_equal(world_due(world), REKEY_EVICTION);
}

static void who_never_had_a_key_costs_none(void **state)
{
	struct world *world = *state;

	group_evict(world->group, D);
	world_settle(world);
	assert_int_equal(world_due(world), REKEY_NONE);
	group_readmit(world->group, D);
	world_admit(world, D);
	assert_int_equal(world_due(world), REKEY_NONE);
}

static void a_full_group_makes_room(void **state)
{
	struct world *world = *state;

	world->evicts = false;
	for (size_t i = 1; i < COVEY_SAS_PER_GROUP_MAX; i++) {
		world_rekey(world);
		world_calm(world);
	}
	world_pass(world, COVEY_DRAIN_MIN_MS);
	group_evict(world->group, C);
	world_settle(world);
	assert_int_equal(world_due(world), REKEY_EVICTION);
}

/* Not for its own good: the evicted one could go on being heard by it. */
static void who_is_away_is_not_waited_for(void **state)
{
	struct world *world = *state;

	group_lost(world->group, B);
	group_evict(world->group, C);
	world_rekey(world);
	world_calm(world);
	world_pass(world, ON_THE_WAY_MS);
	assert_int_equal(world_sa(world, 256)->state, SA_RETIRED);
}

/* The time for a stalled one and the time for a slow switch are one and the same. */
static void two_stalled_members_do_not_add_up(void **state)
{
	struct world *world = *state;

	group_evict(world->group, C);
	world_rekey(world);
	world_settle(world);
	world_ack_sas(world, A);
	world_ack_sas(world, B);
	world_pass(world, 1000);
	assert_int_equal(group_active_sa(world->group)->spi, 257);
	world_say_switched(world, B);
	world_pass(world, DELAY_MS - 1000);
	world_pass(world, ON_THE_WAY_MS - 1);
	assert_int_equal(world_sa(world, 256)->state, SA_DRAINING);
	world_pass(world, 1);
	assert_int_equal(world_sa(world, 256)->state, SA_RETIRED);
}

/* Kept for who is away, but the evicted one has its key. */
static void what_is_kept_for_another_ends(void **state)
{
	struct world *world = *state;

	world->evicts = false;
	group_lost(world->group, B);
	world_rekey(world);
	world_calm(world);
	world_pass(world, DELAY_MS);
	world_calm(world);
	world_pass(world, 2 * DRAIN_MS);
	assert_int_equal(world_sa(world, 256)->state, SA_DRAINING);
	group_evict(world->group, C);
	world_settle(world);
	assert_int_equal(world_sa(world, 256)->state, SA_RETIRED);
	assert_int_equal(world_last(world, SAID_DRAIN, A, 256)->seconds, 0);
}

/* Its members were told a longer time, and are told again. */
static void what_drains_already_ends(void **state)
{
	struct world *world = *state;

	world->evicts = false;
	world_rekey(world);
	world_calm(world);
	assert_int_equal(world_last(world, SAID_DRAIN, A, 256)->seconds, DRAIN_MS / 1000);
	world_pass(world, COVEY_DRAIN_MIN_MS);
	group_evict(world->group, C);
	world_settle(world);
	assert_int_equal(world_sa(world, 256)->state, SA_RETIRED);
	assert_int_equal(world_last(world, SAID_DRAIN, A, 256)->seconds, 0);
}

static void nobody_else_there(void **state)
{
	struct world *world = *state;

	group_lost(world->group, A);
	group_lost(world->group, B);
	group_evict(world->group, C);
	world_settle(world);
	assert_int_equal(world_due(world), REKEY_NONE);
	world_join(world, A);
	world_settle(world);
	assert_int_equal(world_due(world), REKEY_EVICTION);
}

/* --- keys in wrong hands ------------------------------------------------------------------- */

static void who_is_exposed_stays(void **state)
{
	struct world *world = *state;
	uint32_t spi;

	group_expose(world->group, C);
	world_settle(world);
	assert_int_equal(world_due(world), REKEY_EVICTION);
	spi = world_rekey(world);
	world_calm(world);
	world_assert_said(world, SAID_ACTIVATE, C, spi, 1);
	world_pass(world, ON_THE_WAY_MS);
	assert_int_equal(world_sa(world, 256)->state, SA_RETIRED);
	assert_int_equal(world_last(world, SAID_DRAIN, A, 256)->seconds, 0);
	assert_int_not_equal(world_floor(world, C), 0);
	assert_int_equal(world_due(world), REKEY_NONE);
}

static void what_is_exposed_is_never_activated(void **state)
{
	struct world *world = *state;

	world_rekey(world);
	world_settle(world);
	group_expose(world->group, C);
	for (size_t i = A; i <= C; i++)
		world_ack_sas(world, i);
	world_settle(world);
	assert_int_equal(world_sa(world, 257)->state, SA_RETIRED);
	assert_int_equal(world_due(world), REKEY_EVICTION);
	world_rekey(world);
	world_calm(world);
	assert_int_equal(group_active_sa(world->group)->spi, 258);
	assert_int_equal(world_count(world, SAID_ACTIVATE, C, 258), 1);
}

/* It was sent nothing. */
static void a_newcomer_exposes_nothing(void **state)
{
	struct world *world = *state;

	group_expose(world->group, D);
	world_settle(world);
	assert_int_equal(world_due(world), REKEY_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_group_goes_on_without_it),
		TEST(it_cannot_come_back),
		TEST(the_old_sa_lasts_until_all_have_switched),
		TEST(a_stalled_member_does_not_keep_it),
		TEST(what_it_was_sent_is_never_activated),
		TEST(one_that_was_kept_from_it_will_do),
		TEST(who_left_is_evicted_all_the_same),
		TEST(who_never_had_a_key_costs_none),
		TEST(a_full_group_makes_room),
		TEST(who_is_away_is_not_waited_for),
		TEST(two_stalled_members_do_not_add_up),
		TEST(what_is_kept_for_another_ends),
		TEST(what_drains_already_ends),
		TEST(nobody_else_there),
		TEST(who_is_exposed_stays),
		TEST(what_is_exposed_is_never_activated),
		TEST(a_newcomer_exposes_nothing),
	};

	return cmocka_run_group_tests_name("gkm-eviction", tests, NULL, NULL);
}
