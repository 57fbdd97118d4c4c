/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Several SAs in one group: install, acknowledge, activate, drain, retire; make before break (RFC
 * 5374 section 4.2.1).
 */

#include <errno.h>

#include "world.h"

static struct world *world_of_three(void)
{
	struct world *world = world_new();

	world_gather(world, C);
	world_hush(world);
	return world;
}

static int begin(void **state)
{
	*state = world_of_three();
	return 0;
}

/* A and B have acknowledged the next SA, C has not when they need not wait for it any more. */
static uint32_t rekey_without_c(struct world *world)
{
	uint32_t spi = world_rekey(world);

	world_settle(world);
	world_ack_sas(world, A);
	world_ack_sas(world, B);
	world_pass(world, DELAY_MS);
	world_say_switched(world, A);
	world_say_switched(world, B);
	return spi;
}

/* The last SaDrain to each says so many seconds. */
static void assert_drained(const struct world *world, uint32_t spi, uint32_t seconds)
{
	for (size_t i = A; i <= C; i++)
		assert_int_equal(world_last(world, SAID_DRAIN, i, spi)->seconds, seconds);
}

static void a_whole_rekey(void **state)
{
	struct world *world = *state;
	uint32_t spi = world_rekey(world);

	world_settle(world);
	world_assert_said(world, SAID_INSTALL, C, spi, 1);
	world_ack_sas(world, A);
	world_ack_sas(world, B);
	world_settle(world);
	assert_int_equal(world_sa(world, spi)->state, SA_INSTALLING);
	assert_int_equal(world_sa(world, 256)->state, SA_ACTIVE);
	world_ack_sas(world, C);
	world_settle(world);
	assert_int_equal(world_sa(world, spi)->state, SA_ACTIVE);
	assert_int_equal(world_sa(world, 256)->state, SA_DRAINING);
	world_assert_said(world, SAID_ACTIVATE, C, spi, 1);
	world_assert_said(world, SAID_DRAIN, C, 256, 0);
	for (size_t i = A; i <= C; i++)
		world_say_switched(world, i);
	world_settle(world);
	assert_drained(world, 256, DRAIN_MS / 1000);
	world_pass(world, DRAIN_MS - 1);
	assert_int_equal(world_sa(world, 256)->state, SA_DRAINING);
	world_pass(world, 1);
	assert_int_equal(world_sa(world, 256)->state, SA_RETIRED);
	assert_int_equal(world_count(world, SAID_DRAIN, A, 256), 1);
}

/* An acknowledgement counts whenever it comes, and only then. */
static void acks_while_it_drains(void **state)
{
	struct world *world = *state;

	world_rekey(world);
	world_calm(world);
	assert_int_equal(world_sa(world, 256)->state, SA_DRAINING);
	assert_int_equal(world_sa(world, 256)->members[A], SA_MEMBER_DRAINED);
	assert_true(sa_was_acked(world_sa(world, 256), A));
	assert_false(sa_is_acked(world_sa(world, 256), A));
	group_lost(world->group, A);
	world_join(world, A);
	world_settle(world);
	assert_int_equal(world_sa(world, 256)->members[A], SA_MEMBER_WARNED);
	assert_false(sa_was_acked(world_sa(world, 256), A));
	assert_int_equal(group_sa_acked(world->group, A, 256), 0);
	assert_true(sa_was_acked(world_sa(world, 256), A));
}

static void a_retired_key_is_gone(void **state)
{
	struct world *world = *state;

	assert_non_null(world_sa(world, 256)->tek);
	world_rekey(world);
	world_calm(world);
	world_pass(world, DRAIN_MS);
	assert_null(world_sa(world, 256)->tek);
	assert_non_null(world_sa(world, 257)->tek);
}

/* It still sends on the SA before: to drain that, at whomever, would silence it. */
static void a_late_acker_switches_when_it_acks(void **state)
{
	struct world *world = *state;
	uint32_t spi = rekey_without_c(world);

	assert_int_equal(world_count(world, SAID_ACTIVATE, A, spi), 1);
	assert_int_equal(world_count(world, SAID_ACTIVATE, C, spi), 0);
	world_pass(world, 2 * DRAIN_MS);
	assert_int_equal(world_sa(world, 256)->state, SA_DRAINING);
	world_assert_said(world, SAID_DRAIN, C, 256, 0);
	world_ack_sas(world, C);
	world_settle(world);
	assert_int_equal(world_count(world, SAID_ACTIVATE, C, spi), 1);
	assert_int_equal(world_count(world, SAID_DRAIN, A, 256), 0);
	world_say_switched(world, C);
	world_settle(world);
	assert_drained(world, 256, DRAIN_MS / 1000);
}

static void a_stalled_member_loses_the_sa_in_the_end(void **state)
{
	struct world *world = *state;
	uint32_t spi = rekey_without_c(world);

	world_pass(world, LIFETIME_MS - DELAY_MS - 1);
	assert_int_equal(world_sa(world, 256)->state, SA_DRAINING);
	world_pass(world, 1);
	assert_int_equal(world_count(world, SAID_ACTIVATE, C, spi), 0);
	assert_int_equal(world_last(world, SAID_DRAIN, C, 256)->seconds, 0);
}

/* Its control channel is cut, not its traffic: what it sends must be heard until it is back. */
static void who_is_away_is_heard(void **state)
{
	struct world *world = *state;
	uint32_t spi;

	group_lost(world->group, C);
	spi = world_rekey(world);
	world_calm(world);
	world_pass(world, DELAY_MS);
	world_calm(world);
	world_pass(world, LIFETIME_MS / 2);
	assert_int_equal(world_count(world, SAID_ACTIVATE, A, spi), 1);
	assert_int_equal(world_count(world, SAID_DRAIN, A, 256), 0);
	assert_int_equal(world_sa(world, 256)->state, SA_DRAINING);
	world_join(world, C);
	world_settle(world);
	assert_int_equal(world_count(world, SAID_INSTALL, C, 256), 1);
	/* Back is not switched, and a session that flaps makes no difference. */
	group_lost(world->group, C);
	world_pass(world, DRAIN_MS);
	assert_int_equal(world_sa(world, 256)->state, SA_DRAINING);
	world_admit(world, C);
	assert_int_equal(world_last(world, SAID_DRAIN, A, 256)->seconds, DRAIN_MS / 1000);
	world_pass(world, DRAIN_MS);
	assert_int_equal(world_sa(world, 256)->state, SA_RETIRED);
}

/* SaActivate may have been lost with the connection. */
static void is_lost_before_it_says_that_it_switched(struct world *world)
{
	world_rekey(world);
	world_settle(world);
	for (size_t i = A; i <= C; i++)
		world_ack_sas(world, i);
	world_settle(world);
	assert_int_equal(world_count(world, SAID_ACTIVATE, C, 257), 1);
	group_lost(world->group, C);
}

static void leaves(struct world *world)
{
	world_rekey(world);
	world_settle(world);
	group_left(world->group, C);
}

static void receives_only_and_is_lost(struct world *world)
{
	group_left(world->group, C);
	world->group->members[C].may_send = false;
	world_admit(world, C);
	group_lost(world->group, C);
	world_rekey(world);
}

static void does_not_acknowledge(struct world *world)
{
	group_lost(world->group, C);
	rekey_without_c(world);
}

/* A and B have switched to the next SA. Can C still send on the one before, and on the next? */
static void who_may_still_send_is_waited_for(void **state)
{
	static const struct {
		const char *name; /* what C does */
		void (*c_does)(struct world *world);
		enum sa_state before;
		bool may_send_on_before, may_send_on_next;
	} rows[] = {
		{"is lost before it says that it switched", is_lost_before_it_says_that_it_switched,
		 SA_DRAINING, true, true},
		{"is away and acknowledges nothing", does_not_acknowledge, SA_DRAINING, true,
		 false},
		{"leaves", leaves, SA_RETIRED, false, false},
		{"receives only, and is lost", receives_only_and_is_lost, SA_RETIRED, false, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *world = world_of_three();
		const struct member *c = &world->group->members[C];

		rows[i].c_does(world);
		world_calm(world);
		world_pass(world, 2 * DRAIN_MS);
		world_check(rows[i].name, "state of the SA before", world_sa(world, 256)->state,
			    rows[i].before);
		world_check(rows[i].name, "may send on it", member_may_send_on(c, 256),
			    rows[i].may_send_on_before);
		world_check(rows[i].name, "may send on the next", member_may_send_on(c, 257),
			    rows[i].may_send_on_next);
		world_free(world);
	}
}

static void only_what_it_was_told_to_send_on_can_be_said(void **state)
{
	struct world *world = *state;

	assert_int_equal(group_sa_switched(world->group, A, 256), 0);
	assert_int_equal(group_sa_switched(world->group, A, 4711), -EPROTO);
	world_rekey(world);
	world_settle(world);
	world_ack_sas(world, A);
	assert_int_equal(group_sa_switched(world->group, A, 257), -EPROTO);
	group_lost(world->group, A);
	assert_int_equal(group_sa_switched(world->group, A, 256), -EPROTO);
}

/* A session that ends for a moment is no reason to lose what others send. */
static void who_comes_back_in_time_misses_nothing(void **state)
{
	struct world *world = *state;
	uint32_t spi;

	group_lost(world->group, C);
	spi = world_rekey(world);
	world_calm(world);
	world_pass(world, DELAY_MS - 1);
	assert_int_equal(world_count(world, SAID_ACTIVATE, A, spi), 0);
	world_join(world, C);
	world_settle(world);
	assert_int_equal(world_count(world, SAID_ACTIVATE, A, spi), 0);
	world_calm(world);
	assert_int_equal(world_count(world, SAID_ACTIVATE, A, spi), 1);
	assert_int_equal(world_count(world, SAID_LATE, C, spi), 0);
}

static void who_is_away_is_not_waited_for_long(void **state)
{
	struct world *world = *state;
	uint32_t spi;

	group_lost(world->group, C);
	spi = world_rekey(world);
	world_calm(world);
	world_pass(world, DELAY_MS);
	assert_int_equal(world_count(world, SAID_LATE, C, spi), 1);
	assert_int_equal(world_count(world, SAID_ACTIVATE, A, spi), 1);
	world_calm(world);
	/* Once: nobody sends any more on what it has. */
	spi = world_rekey(world);
	world_calm(world);
	assert_int_equal(world_count(world, SAID_ACTIVATE, A, spi), 1);
	assert_int_equal(world_count(world, SAID_LATE, C, spi), 0);
	world_join(world, C);
	world_hush(world);
	world_settle(world);
	assert_int_equal(world_count(world, SAID_INSTALL, C, 256), 1);
	assert_int_equal(world_count(world, SAID_INSTALL, C, spi), 1);
	world_calm(world);
	assert_int_equal(world_count(world, SAID_ACTIVATE, C, spi), 1);
	assert_int_equal(world_count(world, SAID_ACTIVATE, C, 256), 0);
	assert_int_equal(world_last(world, SAID_DRAIN, C, 256)->seconds, DRAIN_MS / 1000);
}

/* The newer one is ready first: the one between is never sent on. */
static void overlapping_rekeys(void **state)
{
	struct world *world = *state;
	uint32_t first = world_rekey(world);
	uint32_t second = world_rekey(world);

	world_settle(world);
	for (size_t i = A; i <= C; i++)
		assert_int_equal(group_sa_acked(world->group, i, second), 0);
	world_settle(world);
	assert_int_equal(world_sa(world, second)->state, SA_ACTIVE);
	assert_int_equal(world_sa(world, first)->state, SA_DRAINING);
	assert_int_equal(world_sa(world, 256)->state, SA_DRAINING);
	world_calm(world);
	world_assert_said(world, SAID_ACTIVATE, C, first, 0);
	world_assert_said(world, SAID_DRAIN, C, first, 1);
	world_assert_said(world, SAID_DRAIN, C, 256, 1);
	world_pass(world, DRAIN_MS);
	assert_int_equal(world_sa(world, first)->state, SA_RETIRED);
	assert_int_equal(world_sa(world, 256)->state, SA_RETIRED);
}

static void overlapping_in_order(void **state)
{
	struct world *world = *state;
	uint32_t first = world_rekey(world);
	uint32_t second;

	world_calm(world);
	second = world_rekey(world);
	world_calm(world);
	assert_int_equal(world_sa(world, second)->state, SA_ACTIVE);
	assert_int_equal(world_sa(world, first)->state, SA_DRAINING);
	assert_int_equal(world_sa(world, 256)->state, SA_DRAINING);
	assert_int_equal(world_count(world, SAID_ACTIVATE, A, first), 1);
	assert_int_equal(world_count(world, SAID_ACTIVATE, A, second), 1);
}

static int begin_sa(struct world *world, uint32_t spi, size_t key_len)
{
	const struct sa_timing timing = {.hard_lifetime_ms = LIFETIME_MS};
	const uint8_t tek[32] = {1};

	return group_begin_sa(world->group, spi, tek, key_len, &timing);
}

static void live_sas_are_bounded(void **state)
{
	struct world *world = *state;

	for (size_t i = 1; i < COVEY_SAS_PER_GROUP_MAX; i++)
		world_rekey(world);
	assert_int_equal(begin_sa(world, 999, 32), -ENOSPC);
	world_calm(world);
	world_pass(world, DRAIN_MS);
	assert_int_equal(begin_sa(world, 999, 32), 0);
}

static void retired_sas_are_forgotten_in_time(void **state)
{
	struct world *world = *state;

	for (size_t i = 0; i < 40; i++) {
		world_rekey(world);
		world_calm(world);
		world_hush(world);
		world_pass(world, DRAIN_MS);
	}
	assert_true(world->group->sa_count <= COVEY_SAS_PER_GROUP_MAX + GROUP_RETIRED_KEPT);
	assert_null(world_sa(world, 256));
}

/* Sent, retired, acknowledged: the member could not know. */
static void the_ack_of_a_retired_sa_is_no_fault(void **state)
{
	struct world *world = *state;
	uint32_t spi = world_rekey(world);

	world_settle(world);
	world_rekey(world);
	world_settle(world);
	for (size_t i = A; i <= C; i++)
		assert_int_equal(group_sa_acked(world->group, i, spi + 1), 0);
	world_settle(world);
	for (size_t i = A; i <= C; i++)
		world_say_switched(world, i);
	world_settle(world);
	world_pass(world, DRAIN_MS);
	assert_int_equal(world_sa(world, spi)->state, SA_RETIRED);
	assert_int_equal(group_sa_acked(world->group, A, spi), 0);
	assert_int_equal(world_sa(world, spi)->state, SA_RETIRED);
}

/* Nobody is waited for, neither before nor after: only for what is on its way. */
static void no_delays(void **state)
{
	struct world *world = *state;
	const struct sa_timing at_once = {
		.begin_ms = world->now_ms, .hard_lifetime_ms = LIFETIME_MS, .evicts = true};
	const uint8_t tek[32] = {1};

	assert_int_equal(group_begin_sa(world->group, 300, tek, sizeof(tek), &at_once), 0);
	world_settle(world);
	assert_int_equal(group_active_sa(world->group)->spi, 300);
	assert_int_equal(world_sa(world, 256)->state, SA_DRAINING);
	world_pass(world, 100);
	assert_int_equal(world_sa(world, 256)->state, SA_RETIRED);
	assert_drained(world, 256, 0);
	world_calm(world);
	assert_int_equal(world_count(world, SAID_ACTIVATE, A, 300), 1);
}

static void an_sa_ends_with_its_hard_lifetime(void **state)
{
	struct world *world = *state;

	world_pass(world, LIFETIME_MS - 1000);
	world_join(world, D);
	world_settle(world);
	assert_int_equal(world_last(world, SAID_INSTALL, D, 256)->seconds, 1);
	world_pass(world, 1000);
	assert_int_equal(world_sa(world, 256)->state, SA_RETIRED);
	assert_null(world_sa(world, 256)->tek);
	assert_int_equal(world_last(world, SAID_DRAIN, A, 256)->seconds, 0);
}

static void what_sa_may_begin(void **state)
{
	static const struct {
		const char *name;
		bool first; /* the group has none yet */
		uint32_t spi;
		size_t key_len;
		int status;
	} rows[] = {
		{"a reserved SPI", true, 255, 32, -EINVAL},
		{"the lowest SPI", true, 256, 32, 0},
		{"the SPI of the last", false, 256, 32, -EINVAL},
		{"a key of another length", false, 300, 24, -EINVAL},
		{"a higher SPI, a key of 16 bytes", false, 300, 16, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *world = rows[i].first ? world_new() : world_of_three();

		world_check(rows[i].name, "status", begin_sa(world, rows[i].spi, rows[i].key_len),
			    rows[i].status);
		world_free(world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_whole_rekey),
		TEST(acks_while_it_drains),
		TEST(a_retired_key_is_gone),
		TEST(a_late_acker_switches_when_it_acks),
		TEST(a_stalled_member_loses_the_sa_in_the_end),
		TEST(who_is_away_is_heard),
		cmocka_unit_test(who_may_still_send_is_waited_for),
		TEST(only_what_it_was_told_to_send_on_can_be_said),
		TEST(who_comes_back_in_time_misses_nothing),
		TEST(who_is_away_is_not_waited_for_long),
		TEST(overlapping_rekeys),
		TEST(overlapping_in_order),
		TEST(live_sas_are_bounded),
		TEST(retired_sas_are_forgotten_in_time),
		TEST(the_ack_of_a_retired_sa_is_no_fault),
		TEST(no_delays),
		TEST(an_sa_ends_with_its_hard_lifetime),
		cmocka_unit_test(what_sa_may_begin),
	};

	return cmocka_run_group_tests_name("gkm-rekey", tests, NULL, NULL);
}
