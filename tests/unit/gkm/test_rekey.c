/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Several SAs in one group: install, acknowledge, activate, drain, retire; make before break (RFC
 * 5374 section 4.2.1). And a random walk that looks for a way around the rules.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

enum { A, B, C, D };

static int begin(void **state)
{
	struct world *world = world_new();

	for (size_t i = A; i <= C; i++)
		world_join(world, i);
	world_calm(world);
	world_hush(world);
	*state = world;
	return 0;
}

static int end(void **state)
{
	world_free(*state);
	return 0;
}

static void a_whole_rekey(void **state)
{
	struct world *world = *state;
	uint32_t spi = world_rekey(world);

	world_settle(world);
	for (size_t i = A; i <= C; i++)
		assert_int_equal(world_count(world, SAID_INSTALL, i, spi), 1);
	world_ack_sas(world, A);
	world_ack_sas(world, B);
	world_settle(world);
	assert_int_equal(world_sa(world, spi)->state, SA_INSTALLING);
	assert_int_equal(world_sa(world, 256)->state, SA_ACTIVE);
	world_ack_sas(world, C);
	world_settle(world);
	assert_int_equal(world_sa(world, spi)->state, SA_ACTIVE);
	assert_int_equal(world_sa(world, 256)->state, SA_DRAINING);
	for (size_t i = A; i <= C; i++) {
		assert_int_equal(world_count(world, SAID_ACTIVATE, i, spi), 1);
		assert_int_equal(world_count(world, SAID_DRAIN, i, 256), 0);
		world_say_switched(world, i);
	}
	world_settle(world);
	for (size_t i = A; i <= C; i++)
		assert_int_equal(world_last(world, SAID_DRAIN, i, 256)->seconds, DRAIN_MS / 1000);
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
	uint32_t spi = world_rekey(world);

	world_settle(world);
	world_ack_sas(world, A);
	world_ack_sas(world, B);
	world_pass(world, DELAY_MS);
	world_say_switched(world, A);
	world_say_switched(world, B);
	assert_int_equal(world_count(world, SAID_ACTIVATE, A, spi), 1);
	assert_int_equal(world_count(world, SAID_ACTIVATE, C, spi), 0);
	world_pass(world, 2 * DRAIN_MS);
	assert_int_equal(world_sa(world, 256)->state, SA_DRAINING);
	for (size_t i = A; i <= C; i++)
		assert_int_equal(world_count(world, SAID_DRAIN, i, 256), 0);
	world_ack_sas(world, C);
	world_settle(world);
	assert_int_equal(world_count(world, SAID_ACTIVATE, C, spi), 1);
	assert_int_equal(world_count(world, SAID_DRAIN, A, 256), 0);
	world_say_switched(world, C);
	world_settle(world);
	for (size_t i = A; i <= C; i++)
		assert_int_equal(world_last(world, SAID_DRAIN, i, 256)->seconds, DRAIN_MS / 1000);
}

static void a_stalled_member_loses_the_sa_in_the_end(void **state)
{
	struct world *world = *state;
	uint32_t spi = world_rekey(world);

	world_settle(world);
	world_ack_sas(world, A);
	world_ack_sas(world, B);
	world_pass(world, DELAY_MS);
	world_say_switched(world, A);
	world_say_switched(world, B);
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
	world_join(world, C);
	world_calm(world);
	assert_int_equal(world_last(world, SAID_DRAIN, A, 256)->seconds, DRAIN_MS / 1000);
	world_pass(world, DRAIN_MS);
	assert_int_equal(world_sa(world, 256)->state, SA_RETIRED);
}

/* SaActivate may have been lost with the connection. */
static void who_did_not_say_that_it_switched_has_not(void **state)
{
	struct world *world = *state;

	world_rekey(world);
	world_settle(world);
	for (size_t i = A; i <= C; i++)
		world_ack_sas(world, i);
	world_settle(world);
	assert_int_equal(world_count(world, SAID_ACTIVATE, C, 257), 1);
	group_lost(world->group, C);
	world_calm(world);
	world_pass(world, 2 * DRAIN_MS);
	assert_int_equal(world_sa(world, 256)->state, SA_DRAINING);
	/* It may as well have switched, and is waited for in both cases. */
	assert_true(member_may_send_on(&world->group->members[C], 256));
	assert_true(member_may_send_on(&world->group->members[C], 257));
}

static void who_left_sends_no_more(void **state)
{
	struct world *world = *state;

	world_rekey(world);
	world_settle(world);
	group_left(world->group, C);
	world_calm(world);
	world_pass(world, DRAIN_MS);
	assert_int_equal(world_sa(world, 256)->state, SA_RETIRED);
}

static void a_receiver_is_not_waited_for(void **state)
{
	struct world *world = *state;

	group_left(world->group, C);
	world->group->members[C].may_send = false;
	world_join(world, C);
	world_calm(world);
	group_lost(world->group, C);
	world_rekey(world);
	world_calm(world);
	world_pass(world, DRAIN_MS);
	assert_int_equal(world_sa(world, 256)->state, SA_RETIRED);
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
	for (size_t i = A; i <= C; i++) {
		assert_int_equal(world_count(world, SAID_ACTIVATE, i, first), 0);
		assert_int_equal(world_count(world, SAID_DRAIN, i, first), 1);
		assert_int_equal(world_count(world, SAID_DRAIN, i, 256), 1);
	}
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

/* Only one SA is sent on at a time, whatever overlaps. */
static size_t active_count(const struct world *world)
{
	size_t count = 0;

	for (size_t i = 0; i < world->group->sa_count; i++)
		count += world->group->sas[i]->state == SA_ACTIVE;
	return count;
}

static void live_sas_are_bounded(void **state)
{
	struct world *world = *state;
	const struct sa_timing timing = {.hard_lifetime_ms = LIFETIME_MS};
	const uint8_t tek[32] = {1};

	for (size_t i = 1; i < COVEY_SAS_PER_GROUP_MAX; i++)
		world_rekey(world);
	assert_int_equal(group_begin_sa(world->group, 999, tek, sizeof(tek), &timing), -ENOSPC);
	world_calm(world);
	world_pass(world, DRAIN_MS);
	assert_int_equal(group_begin_sa(world->group, 999, tek, sizeof(tek), &timing), 0);
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

/* Nobody is waited for, neither before nor after. */
static void no_delays(void **state)
{
	struct world *world = *state;
	const struct sa_timing at_once = {
		.begin_ms = world->now_ms, .hard_lifetime_ms = LIFETIME_MS, .evicts = true};
	const uint8_t tek[32] = {1};

	assert_int_equal(group_begin_sa(world->group, 300, tek, sizeof(tek), &at_once), 0);
	world_settle(world);
	assert_int_equal(group_active_sa(world->group)->spi, 300);
	assert_int_equal(world_sa(world, 256)->state, SA_RETIRED);
	for (size_t i = A; i <= C; i++)
		assert_int_equal(world_last(world, SAID_DRAIN, i, 256)->seconds, 0);
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

static void spis_only_rise(void **state)
{
	struct world *world = *state;
	const struct sa_timing timing = {.hard_lifetime_ms = LIFETIME_MS};
	const uint8_t tek[32] = {1};

	assert_int_equal(group_begin_sa(world->group, 256, tek, sizeof(tek), &timing), -EINVAL);
	assert_int_equal(group_begin_sa(world->group, 300, tek, 24, &timing), -EINVAL);
	assert_int_equal(group_begin_sa(world->group, 300, tek, 16, &timing), 0);
}

static void reserved_spis_are_refused(void **state)
{
	struct world *world = world_new();
	const struct sa_timing timing = {.hard_lifetime_ms = LIFETIME_MS};
	const uint8_t tek[32] = {1};

	assert_int_equal(group_begin_sa(world->group, 255, tek, sizeof(tek), &timing), -EINVAL);
	world_free(world);
}

/* --- a random walk ------------------------------------------------------------------------- */

#define WALK_SENDER_IDS 12
#define WALK_LEASES     (1u << 18)

/* Every (SPI, SenderID, epoch) that a registration was given: one given twice repeats an IV. */
struct walk {
	struct world *world;
	uint64_t leased[WALK_LEASES]; /* hash set, 0: free */
	size_t leases;
	size_t last_said;
};

static void note_lease(struct walk *walk, const struct saying *saying)
{
	const struct member *member = &walk->world->group->members[saying->seat];
	uint64_t lease =
		(uint64_t)saying->spi << 32 | (uint32_t)member->sender_id << 16 | member->epoch;
	size_t at = lease * UINT64_C(0x9e3779b97f4a7c15) >> 46;

	while (walk->leased[at]) {
		assert_true(walk->leased[at] != lease);
		at = (at + 1) % WALK_LEASES;
	}
	walk->leased[at] = lease;
	assert_true(++walk->leases < WALK_LEASES / 2);
}

static size_t live_count(const struct world *world)
{
	size_t count = 0;

	for (size_t i = 0; i < world->group->sa_count; i++)
		count += sa_is_live(world->group->sas[i]);
	return count;
}

static void random_event(struct walk *walk)
{
	struct group *group = walk->world->group;
	size_t seat = (size_t)random() % WORLD_SEATS;
	struct member *member = &group->members[seat];
	uint16_t sender_id = (uint16_t)(1 + random() % (WALK_SENDER_IDS - 1));

	switch (random() % 11) {
	case 0:
		if (!member->session && member->sender_id)
			world_join(walk->world, seat);
		break;
	case 1:
		group_lost(group, seat);
		break;
	case 2:
		if (member->session && random() % 4 == 0)
			group_left(group, seat);
		break;
	case 3:
		if (!member->session && (!member->sender_id || random() % 8 == 0))
			group_bind(group, seat, sender_id);
		break;
	case 4:
	case 5:
		world_ack_rosters(walk->world, seat);
		break;
	case 6:
	case 7:
		world_ack_sas(walk->world, seat);
		break;
	case 8:
		walk->world->now_ms += (uint64_t)random() % 3000;
		break;
	case 9:
		world_say_switched(walk->world, seat);
		break;
	case 10:
		if (random() % 20 == 0 && live_count(walk->world) < COVEY_SAS_PER_GROUP_MAX)
			world_rekey(walk->world);
		break;
	}
}

/* No packet of who is told to send is dropped: all have its epoch, or were waited for. */
static void check_activation(const struct world *world, const struct saying *saying)
{
	const struct member *sender = &world->group->members[saying->seat];

	assert_true(world_floor(world, saying->seat) == sender->epoch);
	assert_int_equal(world->group->roster.entries[saying->seat].sender_id, sender->sender_id);
	for (size_t i = 0; i < WORLD_SEATS; i++) {
		const struct member *other = &world->group->members[i];

		if (i != saying->seat && other->session && world->now_ms < sender->listed_by_ms)
			assert_true(other->acked_generation >= sender->listed_generation);
	}
}

static void check_rules(struct walk *walk)
{
	const struct world *world = walk->world;

	assert_true(active_count(world) <= 1);
	for (size_t i = walk->last_said; i < world->said_count; i++) {
		if (world->said[i].what == SAID_INSTALL)
			note_lease(walk, &world->said[i]);
		if (world->said[i].what == SAID_ACTIVATE)
			check_activation(world, &world->said[i]);
	}
	for (size_t i = 0; i < WORLD_SEATS; i++)
		for (size_t j = i + 1; j < WORLD_SEATS; j++)
			assert_true(!world->group->members[i].sender_id ||
				    world->group->members[i].sender_id !=
					    world->group->members[j].sender_id);
	for (size_t i = 0; i < world->group->sa_count; i++)
		assert_int_equal(world->group->sas[i]->state == SA_RETIRED,
				 world->group->sas[i]->tek == NULL);
}

static void a_random_walk(void **state)
{
	struct walk *walk = calloc(1, sizeof(*walk));

	assert_non_null(walk);
	walk->world = *state;
	srandom(20240);
	for (size_t i = 0; i < 200000; i++) {

		random_event(walk);
		if (random() % 3 == 0) {
			walk->last_said = walk->world->said_count;
			world_settle(walk->world);
			check_rules(walk);
		}
		if (walk->world->said_count > WORLD_HISTORY / 2)
			world_hush(walk->world);
	}
	/* It has been everywhere. */
	assert_true(walk->leases > 1000);
	assert_true(walk->world->next_spi > 300);
	free(walk);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_whole_rekey),
		TEST(acks_while_it_drains),
		TEST(a_retired_key_is_gone),
		TEST(a_late_acker_switches_when_it_acks),
		TEST(a_stalled_member_loses_the_sa_in_the_end),
		TEST(who_is_away_is_heard),
		TEST(who_did_not_say_that_it_switched_has_not),
		TEST(who_left_sends_no_more),
		TEST(a_receiver_is_not_waited_for),
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
		TEST(spis_only_rise),
		cmocka_unit_test(reserved_spis_are_refused),
		TEST(a_random_walk),
	};

	return cmocka_run_group_tests_name("gkm-rekey", tests, NULL, NULL);
}
