/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Joining, leaving and coming back: what each member is told, in which order, and what an epoch is
 * worth. Rekeying stands in test_rekey.c.
 */

#include <errno.h>

#include "world.h"

static int begin(void **state)
{
	*state = world_new();
	return 0;
}

/* --- the first SA -------------------------------------------------------------------------- */

static void first_ever_is_active_at_once(void **state)
{
	struct world *world = *state;

	world_join(world, A);
	world_settle(world);
	assert_int_equal(group_active_sa(world->group)->spi, 256);
	assert_int_equal(world_count(world, SAID_ACTIVATE, A, 0), 0);
	world_ack_sas(world, A);
	world_settle(world);
	assert_int_equal(world_count(world, SAID_ACTIVATE, A, 256), 1);
}

static void a_joiner_gets_roster_then_sas(void **state)
{
	struct world *world = *state;

	world_join(world, A);
	world_settle(world);
	assert_int_equal(world->said_count, 3); /* the SA becoming active, roster, install */
	assert_int_equal(world->said[1].what, SAID_ROSTER);
	assert_true(world->said[1].full);
	assert_int_equal(world->said[2].what, SAID_INSTALL);
	assert_int_equal(world->said[2].seconds, 86400);
}

/* A key manager that was restarted knows of A and B, which may still send on what the one before
 * gave them. */
static void restore_two(struct world *world)
{
	assert_int_equal(group_restore(world->group, A, 1), 0);
	assert_int_equal(group_restore(world->group, B, 2), 0);
}

static void nothing(struct world *world)
{
}

static void just_not_long_enough(struct world *world)
{
	assert_int_equal(group_deadline(world->group), world->now_ms + DELAY_MS);
	world_pass(world, DELAY_MS - 1);
}

static void long_enough(struct world *world)
{
	world_pass(world, DELAY_MS);
}

static void b_comes(struct world *world)
{
	world_join(world, B);
}

/* Coming is not enough: it has acknowledged nothing. */
static void b_comes_and_goes(struct world *world)
{
	world_join(world, B);
	world_settle(world);
	group_lost(world->group, B);
}

static void b_comes_goes_and_comes(struct world *world)
{
	b_comes_and_goes(world);
	world_calm(world);
	world_join(world, B);
}

static void b_comes_and_leaves(struct world *world)
{
	world_join(world, B);
	world_settle(world);
	group_left(world->group, B);
}

/* A has come back; is B, which has not, waited for? */
static void restored_members_are_awaited(void **state)
{
	static const struct {
		const char *name;
		void (*happens)(struct world *world);
		bool active;
		size_t told_b;
	} rows[] = {
		{"nothing", nothing, false, 0},
		{"a moment before the delay is over", just_not_long_enough, false, 0},
		{"the delay is over", long_enough, true, 0},
		{"it comes", b_comes, true, 1},
		{"it comes and goes", b_comes_and_goes, false, 0},
		{"it comes, goes and comes", b_comes_goes_and_comes, true, 1},
		{"it comes and leaves", b_comes_and_leaves, true, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *world = world_new();

		restore_two(world);
		world_admit(world, A);
		rows[i].happens(world);
		world_calm(world);
		world_check(rows[i].name, "is an SA active", group_active_sa(world->group) != NULL,
			    rows[i].active);
		world_check(rows[i].name, "times A was told",
			    world_count(world, SAID_ACTIVATE, A, 256), rows[i].active);
		world_check(rows[i].name, "times B was told",
			    world_count(world, SAID_ACTIVATE, B, 256), rows[i].told_b);
		world_free(world);
	}
}

/* Not only is the SA waited for, but that all take what a member sends with it. */
static void after_a_restart_senders_wait_for_rosters(void **state)
{
	struct world *world = *state;

	restore_two(world);
	world_join(world, A);
	world_join(world, B);
	world_settle(world);
	world_ack_sas(world, A);
	world_ack_sas(world, B);
	world_settle(world);
	assert_non_null(group_active_sa(world->group));
	assert_int_equal(world_count(world, SAID_ACTIVATE, A, 0), 0);
	world_ack_rosters(world, B);
	world_settle(world);
	assert_int_equal(world_count(world, SAID_ACTIVATE, A, 0), 1);
	assert_int_equal(world_count(world, SAID_ACTIVATE, B, 0), 0);
	world_ack_rosters(world, A);
	world_settle(world);
	assert_int_equal(world_count(world, SAID_ACTIVATE, B, 0), 1);
}

/* --- a joiner of an active SA -------------------------------------------------------------- */

/* It takes the SA at once. Who takes the roster is another question. */
static void join_with_sa(struct world *world, size_t seat)
{
	world_join(world, seat);
	world_settle(world);
	world_ack_sas(world, seat);
	world_settle(world);
}

static void a_joiner_waits_for_the_others_rosters(void **state)
{
	struct world *world = *state;

	world_admit(world, A);
	world_join(world, B);
	world_settle(world);
	assert_int_equal(world_floor(world, B), 0);
	world_ack_rosters(world, B);
	world_ack_sas(world, B);
	world_settle(world);
	assert_int_equal(world_floor(world, B), 1);
	assert_int_equal(world_last(world, SAID_ROSTER, A, 0)->generation,
			 world->group->roster.generation);
	assert_false(world_last(world, SAID_ROSTER, A, 0)->full);
	assert_int_equal(world_count(world, SAID_ACTIVATE, B, 0), 0);
	world_ack_rosters(world, A);
	world_settle(world);
	assert_int_equal(world_count(world, SAID_ACTIVATE, B, 256), 1);
}

/* The roster of before, which does not have B. */
static void a_acks_an_old_roster(struct world *world)
{
	const uint64_t generation = world->group->roster.generation;

	assert_true(generation > 1);
	assert_int_equal(group_roster_acked(world->group, A, generation - 1), 0);
}

static void a_acks(struct world *world)
{
	world_ack_rosters(world, A);
}

static void a_is_lost(struct world *world)
{
	group_lost(world->group, A);
}

/* A has the SA and B, which joined, has acknowledged it. Is B told to send on it? */
static void a_joiner_waits_for_the_others(void **state)
{
	static const struct {
		const char *name;
		void (*happens)(struct world *world);
		bool receives_only;
		size_t told, floor;
	} rows[] = {
		{"nothing", nothing, false, 0, 1},
		{"an acknowledgement of an old roster", a_acks_an_old_roster, false, 0, 1},
		{"an acknowledgement of the roster", a_acks, false, 1, 1},
		{"a moment before the delay is over", just_not_long_enough, false, 0, 1},
		{"the delay is over", long_enough, false, 1, 1},
		{"the other is gone", a_is_lost, false, 1, 1},
		{"nothing, to one that only receives", nothing, true, 1, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *world = world_new();

		world->group->members[B].may_send = !rows[i].receives_only;
		world_admit(world, A);
		join_with_sa(world, B);
		rows[i].happens(world);
		world_settle(world);
		world_check(rows[i].name, "times told", world_count(world, SAID_ACTIVATE, B, 256),
			    rows[i].told);
		world_check(rows[i].name, "times told of any SA",
			    world_count(world, SAID_ACTIVATE, B, 0), rows[i].told);
		world_check(rows[i].name, "floor", world_floor(world, B), rows[i].floor);
		world_free(world);
	}
}

static void many_joiners_share_a_generation(void **state)
{
	struct world *world = *state;
	uint64_t before;

	world_admit(world, A);
	world_join(world, B);
	world_join(world, C);
	world_join(world, D);
	world_settle(world);
	before = world->group->roster.generation;
	for (size_t i = B; i <= D; i++)
		world_ack_sas(world, i);
	world_settle(world);
	assert_int_equal(world->group->roster.generation, before + 1);
	assert_int_equal(world_count(world, SAID_ROSTER, A, 0), 3);
}

/* --- coming back --------------------------------------------------------------------------- */

static void a_lost_session_takes_nothing_away(void **state)
{
	struct world *world = *state;

	world_gather(world, B);
	world_hush(world);
	group_lost(world->group, B);
	world_settle(world);
	assert_int_equal(world->said_count, 0);
	assert_int_equal(world_floor(world, B), 1);
}

/* Until the member has the new epoch in force it still sends in the old one. B's host was
 * restarted; test_floor_rise.c has those that were not. */
static void the_floor_rises_with_the_ack(void **state)
{
	struct world *world = *state;

	world_gather(world, B);
	group_lost(world->group, B);
	assert_int_equal(world_join(world, B), 2);
	world_settle(world);
	assert_int_equal(world_floor(world, B), 1);
	world_hush(world);
	world_ack_sas(world, B);
	world_settle(world);
	assert_int_equal(world_floor(world, B), 2);
	assert_int_equal(world_count(world, SAID_ROSTER, A, 0), 1);
}

static void who_comes_back_gets_the_same_sa(void **state)
{
	struct world *world = *state;

	world_admit(world, A);
	group_lost(world->group, A);
	world_hush(world);
	world_admit(world, A);
	assert_int_equal(world_count(world, SAID_INSTALL, A, 256), 1);
	assert_int_equal(world_count(world, SAID_ACTIVATE, A, 256), 1);
	assert_int_equal(world->next_spi, 257);
}

static void who_leaves_is_out_of_the_roster(void **state)
{
	struct world *world = *state;

	world_gather(world, B);
	world_hush(world);
	group_left(world->group, B);
	world_settle(world);
	assert_int_equal(world_floor(world, B), 0);
	assert_int_equal(world_count(world, SAID_ROSTER, A, 0), 1);
	assert_int_equal(world_count(world, SAID_ROSTER, B, 0), 0);
}

static void the_departed_are_forgotten_with_the_last_sa(void **state)
{
	struct world *world = *state;

	world_gather(world, B);
	group_lost(world->group, B);
	world_pass(world, LIFETIME_MS - 1);
	assert_int_equal(world_floor(world, B), 1);
	world_pass(world, 1);
	assert_int_equal(world_floor(world, B), 0);
	assert_int_equal(world_floor(world, A), 1);
	assert_true(group_needs_sa(world->group));
}

/* --- epochs: why an IV can never repeat, rule 2 -------------------------------------------- */

static void every_registration_gets_a_higher_epoch(void **state)
{
	struct world *world = *state;

	assert_int_equal(world_join(world, A), 1);
	world_calm(world);
	group_lost(world->group, A);
	assert_int_equal(world_join(world, A), 2);
	group_left(world->group, A);
	world_settle(world);
	assert_int_equal(world_join(world, A), 3);
	group_lost(world->group, A);
	assert_int_equal(group_bind(world->group, A, 77), 0);
	assert_int_equal(world_join(world, A), 4);
}

static void epochs_run_out_and_never_wrap(void **state)
{
	struct world *world = *state;
	uint16_t epoch = 4711;

	for (uint32_t i = COVEY_EPOCH_MIN; i <= COVEY_EPOCH_MAX; i++) {
		assert_int_equal(world_join(world, A), i);
		group_lost(world->group, A);
	}
	assert_int_equal(group_join(world->group, A, world, &epoch), -EOVERFLOW);
	assert_int_equal(epoch, 4711);
	assert_null(world->group->members[A].session);
}

static void nobody_joins_twice_or_unbound(void **state)
{
	struct world *world = *state;
	uint16_t epoch;

	assert_int_equal(group_join(world->group, A, world, &epoch), -EINVAL);
	world_join(world, A);
	assert_int_equal(group_join(world->group, A, world, &epoch), -EALREADY);
	assert_int_equal(world->group->members[A].epoch, 1);
}

/* --- SenderIDs: rule 1 --------------------------------------------------------------------- */

static void nobody_gets_anothers_sender_id(void **state)
{
	struct world *world = *state;

	world_join(world, A);
	assert_int_equal(group_bind(world->group, B, 1), -EEXIST);
	assert_int_equal(world->group->members[B].sender_id, 0);
}

/* A's certificate is changed to another SenderID: the first stays its own as long as the key. */
static void a_sender_id_is_not_reused_before_its_sas_are_gone(void **state)
{
	struct world *world = *state;

	world_admit(world, A);
	group_lost(world->group, A);
	assert_int_equal(group_bind(world->group, A, 9), 0);
	assert_int_equal(group_bind(world->group, B, 1), -EEXIST);
	world_join(world, A);
	world_rekey(world);
	world_calm(world);
	assert_int_equal(group_bind(world->group, B, 1), -EEXIST);
	world_pass(world, DRAIN_MS);
	assert_int_equal(world_sa(world, 256)->state, SA_RETIRED);
	assert_int_equal(group_bind(world->group, B, 1), 0);
}

static void a_changed_sender_id_replaces_the_one_in_the_roster(void **state)
{
	struct world *world = *state;

	world_gather(world, B);
	group_lost(world->group, A);
	assert_int_equal(group_bind(world->group, A, 9), 0);
	assert_int_equal(world_floor(world, A), 0);
	world_admit(world, A);
	assert_int_equal(world->group->roster.entries[A].sender_id, 9);
}

/* --- acknowledgements that make no sense --------------------------------------------------- */

static void what_was_not_sent_cannot_be_acked(void **state)
{
	struct world *world = *state;

	assert_int_equal(group_sa_acked(world->group, A, 256), -EPROTO);
	assert_int_equal(group_roster_acked(world->group, A, 1), -EPROTO);
	world_join(world, A);
	assert_int_equal(group_sa_acked(world->group, A, 256), -EPROTO);
	assert_int_equal(group_roster_acked(world->group, A, 1), -EPROTO);
	world_settle(world);
	assert_int_equal(group_sa_acked(world->group, A, 257), -EPROTO);
	assert_int_equal(group_roster_acked(world->group, A, 0), -EPROTO);
	assert_int_equal(group_roster_acked(world->group, A, world->group->roster.generation + 1),
			 -EPROTO);
	assert_int_equal(group_sa_acked(world->group, A, 256), 0);
	assert_int_equal(group_sa_acked(world->group, A, 256), 0); /* twice does no harm */
	group_lost(world->group, A);
	assert_int_equal(group_sa_acked(world->group, A, 256), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(first_ever_is_active_at_once),
		TEST(a_joiner_gets_roster_then_sas),
		cmocka_unit_test(restored_members_are_awaited),
		TEST(after_a_restart_senders_wait_for_rosters),
		TEST(a_joiner_waits_for_the_others_rosters),
		cmocka_unit_test(a_joiner_waits_for_the_others),
		TEST(many_joiners_share_a_generation),
		TEST(a_lost_session_takes_nothing_away),
		TEST(the_floor_rises_with_the_ack),
		TEST(who_comes_back_gets_the_same_sa),
		TEST(who_leaves_is_out_of_the_roster),
		TEST(the_departed_are_forgotten_with_the_last_sa),
		TEST(every_registration_gets_a_higher_epoch),
		TEST(epochs_run_out_and_never_wrap),
		TEST(nobody_joins_twice_or_unbound),
		TEST(nobody_gets_anothers_sender_id),
		TEST(a_sender_id_is_not_reused_before_its_sas_are_gone),
		TEST(a_changed_sender_id_replaces_the_one_in_the_roster),
		TEST(what_was_not_sent_cannot_be_acked),
	};

	return cmocka_run_group_tests_name("gkm-group", tests, NULL, NULL);
}
