/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * How much one member can make the others do by what it says, or does not say: rekeys, SAs that
 * end, and the time that a newcomer waits.
 */

#include "world.h"

#define SECOND_MS UINT64_C(1000)

static const struct usage_limits limits = {.packets_soft = 100000,
					   .packets_hard = 200000,
					   .icv_failures_max = 1000,
					   .packets_per_second = 1200};

static int begin(void **state)
{
	struct world *world = world_new();

	world->group->limits = limits;
	world->group->rekeys_on_join = true;
	/* They are there before the first SA is active, and so no newcomers. */
	world_gather(world, D);
	world_pass(world, 5 * SECOND_MS);
	*state = world;
	return 0;
}

static uint32_t active_spi(const struct world *world)
{
	return group_active_sa(world->group)->spi;
}

/* As realm.c: settle, and begin what is due. */
static bool serve(struct world *world)
{
	bool due;

	world_settle(world);
	due = world_due(world) != REKEY_NONE;
	if (due)
		world_rekey(world);
	world_settle(world);
	return due;
}

static void answer(struct world *world, size_t seat)
{
	world_ack_rosters(world, seat);
	world_ack_sas(world, seat);
	world_say_switched(world, seat);
}

/* Time passes by tenths of seconds; those in the mask answer. Returns how many rekeys begin. */
static unsigned pass(struct world *world, uint64_t ms, unsigned answering)
{
	unsigned rekeys = 0;

	for (uint64_t at = 0; at < ms; at += 100) {
		world->now_ms += 100;
		rekeys += serve(world);
		for (size_t i = A; i <= F; i++)
			if (answering & 1u << i)
				answer(world, i);
		world_settle(world);
		world_hush(world);
	}
	return rekeys;
}

#define ALL (1u << A | 1u << B | 1u << C | 1u << D | 1u << E)

static void come_anew(struct world *world, size_t seat)
{
	if (world->group->members[seat].session)
		group_left(world->group, seat);
	world_join(world, seat);
}

static void who_leaves_and_joins_causes_few_rekeys(void **state)
{
	struct world *world = *state;
	unsigned rekeys = 0;

	for (unsigned i = 0; i < 25; i++) {
		come_anew(world, D);
		rekeys += pass(world, SECOND_MS, ALL);
	}
	assert_int_equal(rekeys, COVEY_REKEYS_PER_MEMBER_MAX);
	/* It is served in the end, and another one at once. */
	assert_int_equal(group_active_sa(world->group)->members[D], SA_MEMBER_BARRED);
	come_anew(world, E);
	assert_int_equal(pass(world, SECOND_MS, ALL), 1);
	assert_int_equal(group_active_sa(world->group)->members[E], SA_MEMBER_ACTIVE);
	/* With that one it gets a key as well, and has caused none. */
	assert_int_equal(group_active_sa(world->group)->members[D], SA_MEMBER_ACTIVE);
	come_anew(world, D);
	assert_int_equal(pass(world, DRAIN_MS, ALL), 1);
	assert_int_equal(group_active_sa(world->group)->members[D], SA_MEMBER_ACTIVE);
}

/* B's control channel is cut: it has a session, hears and says nothing, and sends on. */
static void what_a_cut_member_sends_on_stays(void **state)
{
	struct world *world = *state;
	unsigned answering = ALL & ~(1u << B);
	uint32_t first = active_spi(world);
	unsigned rekeys = 0;

	for (unsigned i = 0; i < 300; i++) {
		come_anew(world, D);
		/* C takes part, but does not say that it has switched. */
		for (unsigned j = 0; j < 10; j++) {
			rekeys += pass(world, 100, answering & ~(1u << C));
			world_ack_rosters(world, C);
			world_ack_sas(world, C);
		}
		assert_int_not_equal(world_sa(world, first)->state, SA_RETIRED);
	}
	assert_true(rekeys > COVEY_SAS_PER_GROUP_MAX);
	/* And there is room for who is new. */
	group_left(world->group, D);
	come_anew(world, E);
	pass(world, 2 * DELAY_MS, answering);
	assert_int_equal(group_active_sa(world->group)->members[E], SA_MEMBER_ACTIVE);
	assert_int_equal(world_sa(world, first)->state, SA_DRAINING);
}

static void who_acknowledges_nothing_delays_once(void **state)
{
	struct world *world = *state;
	uint64_t came_ms = world->now_ms;

	come_anew(world, E);
	while (!group_active_sa(world->group) ||
	       group_active_sa(world->group)->members[E] != SA_MEMBER_ACTIVE) {
		pass(world, 100, ALL & ~(1u << B));
		assert_true(world->now_ms < came_ms + DELAY_MS + SECOND_MS);
	}
	/* As long as an SA waits for who is late. */
	assert_true(world->now_ms >= came_ms + DELAY_MS);
}

static enum usage_verdict report(struct world *world, size_t seat, uint64_t packets,
				 uint64_t failures)
{
	struct covey_error error;

	return usage_report(world->group, seat, active_spi(world), packets, failures, world->now_ms,
			    &error);
}

static void what_one_member_claims_causes_few_rekeys(void **state)
{
	struct world *world = *state;
	unsigned rekeys = 0;

	for (unsigned i = 0; i < 25; i++) {
		report(world, B, 0, limits.icv_failures_max);
		rekeys += pass(world, SECOND_MS, ALL);
	}
	assert_int_equal(rekeys, COVEY_REKEYS_PER_MEMBER_MAX);
	/* What others see as well is no claim of one. */
	assert_int_equal(report(world, A, 0, limits.icv_failures_max), USAGE_FINE);
	rekeys = pass(world, DRAIN_MS, ALL);
	assert_int_equal(rekeys, 1);
	assert_int_equal(report(world, A, 0, limits.icv_failures_max / 2), USAGE_FINE);
	assert_int_equal(report(world, C, 0, limits.icv_failures_max / 2), USAGE_FAILURES);
	assert_int_equal(pass(world, SECOND_MS, ALL), 1);
}

/* Nor does it use up what the group has for failures that several see. */
static void what_several_see_does_not_wait_for_a_liar(void **state)
{
	struct world *world = *state;

	for (unsigned i = 0; i < COVEY_REKEYS_PER_MEMBER_MAX; i++) {
		report(world, B, 0, limits.icv_failures_max);
		assert_int_equal(pass(world, SECOND_MS, ALL), 1);
	}
	assert_int_equal(report(world, A, 0, limits.icv_failures_max / 2), USAGE_FINE);
	assert_int_equal(report(world, C, 0, limits.icv_failures_max / 2), USAGE_FAILURES);
	assert_int_equal(pass(world, SECOND_MS, ALL), 1);
}

static void a_used_up_key_as_well(void **state)
{
	struct world *world = *state;
	unsigned rekeys = 0;

	world->group->limits.packets_soft = 1000;
	for (unsigned i = 0; i < 25; i++) {
		report(world, B, limits.packets_soft / 100, 0);
		rekeys += pass(world, SECOND_MS, ALL);
	}
	assert_int_equal(rekeys, COVEY_REKEYS_PER_MEMBER_MAX);
}

static void a_claim_needs_time(void **state)
{
	struct world *world = *state;
	uint64_t between = limits.packets_per_second * COVEY_HEARTBEAT_SECONDS;

	world->group->limits.icv_failures_max = 1000000;
	pass(world, 100 * SECOND_MS, ALL);
	assert_int_equal(report(world, A, 100, 100), USAGE_FINE);
	assert_int_equal(report(world, A, 100, 100 + between + 1), USAGE_IMPOSSIBLE);
	assert_int_equal(report(world, A, 100 + between + 1, 100), USAGE_IMPOSSIBLE);
	assert_int_equal(report(world, A, 100 + between, 100 + between), USAGE_FINE);
}

/* Whoever comes back again and again says no more than was possible since the SA began. */
static void coming_back_adds_no_weight(void **state)
{
	struct world *world = *state;

	world->group->limits.icv_failures_max = 20000;
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(report(world, A, 0, 5000), USAGE_FINE);
		group_lost(world->group, A);
		world_admit(world, A);
	}
	assert_int_equal(world_due(world), REKEY_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_leaves_and_joins_causes_few_rekeys),
		TEST(what_a_cut_member_sends_on_stays),
		TEST(who_acknowledges_nothing_delays_once),
		TEST(what_one_member_claims_causes_few_rekeys),
		TEST(what_several_see_does_not_wait_for_a_liar),
		TEST(a_used_up_key_as_well),
		TEST(a_claim_needs_time),
		TEST(coming_back_adds_no_weight),
	};

	return cmocka_run_group_tests_name("gkm-claims", tests, NULL, NULL);
}
