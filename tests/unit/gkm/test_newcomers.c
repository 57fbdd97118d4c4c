/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Rekey on join: who is new gets no key of the past, and waits for one of its own; who comes back
 * is not new.
 */

#include "world.h"

enum { A, B, C, D };

#define QUIET_MS UINT64_C(200)
#define WAIT_MS  UINT64_C(2000)

static int begin(void **state)
{
	struct world *world = world_new();

	world->group->rekeys_on_join = true;
	*state = world;
	return 0;
}

static int end(void **state)
{
	world_free(*state);
	return 0;
}

static enum rekey_reason due(const struct world *world)
{
	return rekey_due(world->group, world->now_ms);
}

static void a_first_one_needs_no_rekey(void **state)
{
	struct world *world = *state;

	world_join(world, A);
	world_calm(world);
	assert_int_equal(world_count(world, SAID_ACTIVATE, A, 256), 1);
	world_pass(world, WAIT_MS);
	assert_int_equal(due(world), REKEY_NONE);
}

static void a_newcomer_gets_no_sa_of_the_past(void **state)
{
	struct world *world = *state;
	uint32_t spi;

	world_join(world, A);
	world_calm(world);
	world_join(world, B);
	world_calm(world);
	assert_int_equal(world_count(world, SAID_INSTALL, B, 0), 0);
	world_pass(world, QUIET_MS - 1);
	assert_int_equal(due(world), REKEY_NONE);
	assert_int_equal(rekey_deadline(world->group), world->now_ms + 1);
	world_pass(world, 1);
	assert_int_equal(due(world), REKEY_JOIN);
	spi = world_rekey(world);
	world_calm(world);
	assert_int_equal(world_count(world, SAID_INSTALL, B, spi), 1);
	assert_int_equal(world_count(world, SAID_INSTALL, B, 0), 1);
	assert_int_equal(world_count(world, SAID_ACTIVATE, B, spi), 1);
	assert_int_equal(world_count(world, SAID_ACTIVATE, A, spi), 1);
	world_pass(world, WAIT_MS);
	assert_int_equal(due(world), REKEY_NONE);
}

static void what_nobody_sends_on_yet_has_no_past(void **state)
{
	struct world *world = *state;
	uint32_t spi;

	world_join(world, A);
	world_calm(world);
	spi = world_rekey(world);
	world_settle(world);
	world_join(world, B);
	world_calm(world);
	assert_int_equal(world_count(world, SAID_INSTALL, B, 0), 1);
	assert_int_equal(world_count(world, SAID_ACTIVATE, B, spi), 1);
	world_pass(world, WAIT_MS);
	assert_int_equal(due(world), REKEY_NONE);
}

/* It is waited for like everybody else. */
static void the_next_sa_waits_for_the_newcomer(void **state)
{
	struct world *world = *state;
	uint32_t spi;

	world_join(world, A);
	world_calm(world);
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

	world_join(world, A);
	world_calm(world);
	for (size_t i = B; i <= D; i++) {
		world_join(world, i);
		world_settle(world);
		world_pass(world, QUIET_MS - 1);
		assert_int_equal(due(world), REKEY_NONE);
	}
	world_pass(world, 1);
	assert_int_equal(due(world), REKEY_JOIN);
	world_rekey(world);
	world_calm(world);
	assert_int_equal(due(world), REKEY_NONE);
	for (size_t i = A; i <= D; i++)
		assert_int_equal(world_count(world, SAID_ACTIVATE, i, 257), 1);
}

static void a_stream_of_newcomers_is_not_awaited_for_ever(void **state)
{
	struct world *world = *state;
	uint64_t began_ms;

	world_join(world, A);
	world_calm(world);
	began_ms = world->now_ms;
	/* Some leave again, or there would not be enough seats for a stream. */
	for (size_t i = 0; due(world) == REKEY_NONE; i++) {
		if (world->group->members[B + i % 4].session)
			group_left(world->group, B + i % 4);
		world_settle(world);
		world_join(world, B + i % 4);
		world_pass(world, QUIET_MS - 1);
		assert_true(world->now_ms < began_ms + 2 * WAIT_MS);
	}
	assert_true(world->now_ms >= began_ms + QUIET_MS);
}

static void who_comes_back_is_not_new(void **state)
{
	struct world *world = *state;

	world_join(world, A);
	world_join(world, B);
	world_calm(world);
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
	assert_int_equal(due(world), REKEY_NONE);
}

/* The GKM was restarted, and this one is slow to come back. */
static void who_was_bound_before_is_not_new(void **state)
{
	struct world *world = *state;

	assert_int_equal(group_restore(world->group, A, 1), 0);
	assert_int_equal(group_restore(world->group, B, 2), 0);
	assert_int_equal(group_restore(world->group, C, 3), 0);
	group_evict(world->group, C);
	world_join(world, A);
	world_calm(world);
	world_pass(world, DELAY_MS);
	assert_int_equal(world_count(world, SAID_ACTIVATE, A, 256), 1);
	world_join(world, B);
	world_calm(world);
	assert_int_equal(world_count(world, SAID_ACTIVATE, B, 256), 1);
	/* Who was evicted meanwhile is, when it is readmitted. */
	group_readmit(world->group, C);
	world_join(world, C);
	world_calm(world);
	assert_int_equal(world_count(world, SAID_INSTALL, C, 0), 0);
	world_pass(world, WAIT_MS);
	assert_int_equal(due(world), REKEY_JOIN);
}

static void who_left_is_new_again(void **state)
{
	struct world *world = *state;

	world_join(world, A);
	world_join(world, B);
	world_calm(world);
	group_left(world->group, B);
	world_settle(world);
	world_hush(world);
	world_join(world, B);
	world_calm(world);
	assert_int_equal(world_count(world, SAID_INSTALL, B, 0), 0);
	world_pass(world, QUIET_MS);
	assert_int_equal(due(world), REKEY_JOIN);
}

static void a_newcomer_that_is_gone_needs_none(void **state)
{
	struct world *world = *state;

	world_join(world, A);
	world_calm(world);
	world_join(world, B);
	world_settle(world);
	group_left(world->group, B);
	world_pass(world, WAIT_MS);
	assert_int_equal(due(world), REKEY_NONE);
}

/* What the operator asked for is not lost with the newcomer. */
static void other_reasons_stay(void **state)
{
	struct world *world = *state;

	world_join(world, A);
	world_calm(world);
	assert_true(rekey_want(world->group, REKEY_OPERATOR, world->now_ms + 100));
	world_join(world, B);
	world_settle(world);
	group_left(world->group, B);
	world_pass(world, 100);
	assert_int_equal(due(world), REKEY_OPERATOR);
}

static void a_full_group_makes_room_for_a_newcomer(void **state)
{
	struct world *world = *state;

	world_join(world, A);
	world_calm(world);
	for (size_t i = 1; i < COVEY_SAS_PER_GROUP_MAX; i++) {
		world_rekey(world);
		world_calm(world);
	}
	assert_int_equal(group_live_sas(world->group), COVEY_SAS_PER_GROUP_MAX);
	world_join(world, B);
	world_settle(world);
	world_pass(world, 999);
	assert_int_equal(due(world), REKEY_NONE);
	assert_int_equal(rekey_deadline(world->group), world->now_ms + 1);
	world_pass(world, 1);
	assert_int_equal(due(world), REKEY_JOIN);
}

static void without_it_a_joiner_gets_what_there_is(void **state)
{
	struct world *world = *state;

	world->group->rekeys_on_join = false;
	world_join(world, A);
	world_calm(world);
	world_join(world, B);
	world_calm(world);
	assert_int_equal(world_count(world, SAID_ACTIVATE, B, 256), 1);
	world_pass(world, WAIT_MS);
	assert_int_equal(due(world), REKEY_NONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_first_one_needs_no_rekey),
		TEST(a_newcomer_gets_no_sa_of_the_past),
		TEST(what_nobody_sends_on_yet_has_no_past),
		TEST(the_next_sa_waits_for_the_newcomer),
		TEST(who_come_together_share_one),
		TEST(a_stream_of_newcomers_is_not_awaited_for_ever),
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
