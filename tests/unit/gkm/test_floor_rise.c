/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A member that comes back with the SAs that it had: when its epoch floor rises at the others. What
 * it sent in the epoch before must have come to them by then.
 */

#include "world.h"

#include "floor_reports.h"

#define ON_THE_WAY_MS UINT64_C(100)

static int begin(void **state)
{
	struct world *world = world_new();

	world_gather(world, C);
	world_pass(world, 5000);
	*state = world;
	return 0;
}

/* B, which has gone on sending, makes another connection. */
static void connect_again(struct world *world)
{
	const uint32_t spis[] = {256, 257};

	world_join(world, B);
	floor_reports_note_held(world->group, B, spis, 2);
	world_settle(world);
}

static void come_back(struct world *world)
{
	group_lost(world->group, B);
	connect_again(world);
	assert_int_equal(world_floor(world, B), 1);
	world_hush(world);
}

static void say_installed(struct world *world)
{
	world_ack_rosters(world, B);
	world_ack_sas(world, B);
	world_settle(world);
}

static void what_is_on_its_way_is_not_overtaken(void **state)
{
	struct world *world = *state;

	come_back(world);
	say_installed(world);
	assert_int_equal(world_floor(world, B), 1);
	assert_int_equal(group_deadline(world->group), world->now_ms + ON_THE_WAY_MS);
	world_pass(world, ON_THE_WAY_MS - 1);
	assert_int_equal(world_floor(world, B), 1);
	assert_int_equal(world_count(world, SAID_ROSTER, A, 0), 0);
	assert_int_equal(group_deadline(world->group), world->now_ms + 1);
	world_pass(world, 1);
	assert_int_equal(world_floor(world, B), 2);
	world_assert_said(world, SAID_ROSTER, C, 0, 1);
}

/* It is told to send on the SA when all have its epoch, as ever. */
static void who_waited_is_activated(void **state)
{
	struct world *world = *state;

	come_back(world);
	say_installed(world);
	world_calm(world);
	assert_int_equal(world_count(world, SAID_ACTIVATE, B, 0), 0);
	world_pass(world, ON_THE_WAY_MS);
	assert_int_equal(world_count(world, SAID_ACTIVATE, B, 0), 0);
	world_calm(world);
	assert_int_equal(world_count(world, SAID_ACTIVATE, B, 256), 1);
	assert_true(group_deadline(world->group) > world->now_ms + DELAY_MS);
}

static void restart_host(struct world *world)
{
	floor_reports_note_held(world->group, B, NULL, 0);
}

static void change_sender_id(struct world *world)
{
	assert_int_equal(group_bind(world->group, B, 9), 0);
}

static void change_vtep(struct world *world)
{
	world->group->members[B].vtep.bytes[3] = 99;
}

/* Where nothing of the epoch before can come, or the others would drop all until the roster says
 * who sends. */
static void nobody_else_waits(void **state)
{
	static const struct {
		const char *name;
		void (*happens)(struct world *world);
	} rows[] = {
		{"the host was restarted", restart_host},
		{"another SenderID", change_sender_id},
		{"another VTEP", change_vtep},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *world = world_new();

		world_gather(world, C);
		come_back(world);
		rows[i].happens(world);
		say_installed(world);
		world_check(rows[i].name, "floor", world_floor(world, B), 2);
		world_check(rows[i].name, "rosters",
			    (long long)world_count(world, SAID_ROSTER, A, 0), 1);
		world_free(world);
	}
}

/* B sends in that epoch already, and nobody knows when it comes again. */
static void a_session_that_is_lost_meanwhile_ends_the_wait(void **state)
{
	struct world *world = *state;

	come_back(world);
	say_installed(world);
	world_hush(world);
	group_lost(world->group, B);
	world_settle(world);
	assert_int_equal(world_floor(world, B), 2);
	assert_int_equal(world_count(world, SAID_ROSTER, A, 0), 1);
	assert_int_equal(world_count(world, SAID_ROSTER, C, 0), 1);
	connect_again(world);
	assert_int_equal(world_floor(world, B), 2);
	say_installed(world);
	world_pass(world, ON_THE_WAY_MS - 1);
	assert_int_equal(world_floor(world, B), 2);
	world_pass(world, 1);
	assert_int_equal(world_floor(world, B), 3);
}

/* It may send in the epoch before. */
static void a_session_that_is_lost_before_changes_nothing(void **state)
{
	struct world *world = *state;

	come_back(world);
	group_lost(world->group, B);
	world_pass(world, ON_THE_WAY_MS);
	assert_int_equal(world_floor(world, B), 1);
}

static void who_leaves_meanwhile_is_not_listed(void **state)
{
	struct world *world = *state;

	come_back(world);
	say_installed(world);
	group_left(world->group, B);
	world_pass(world, ON_THE_WAY_MS);
	assert_int_equal(world_floor(world, B), 0);
	assert_true(group_deadline(world->group) > world->now_ms);
}

/* The SA that it has acknowledged is active no more, and the next one it has not. */
static void an_sa_that_ends_meanwhile_ends_the_wait(void **state)
{
	struct world *world = *state;

	world_rekey(world);
	world_settle(world);
	world_pass(world, DELAY_MS - ON_THE_WAY_MS / 2);
	come_back(world);
	assert_int_equal(group_sa_acked(world->group, B, 256), 0);
	world_settle(world);
	world_pass(world, ON_THE_WAY_MS);
	assert_int_equal(group_active_sa(world->group)->spi, 257);
	assert_int_equal(world_floor(world, B), 1);
	assert_true(group_deadline(world->group) > world->now_ms);
	say_installed(world);
	world_pass(world, ON_THE_WAY_MS);
	assert_int_equal(world_floor(world, B), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_on_its_way_is_not_overtaken),
		TEST(who_waited_is_activated),
		cmocka_unit_test(nobody_else_waits),
		TEST(a_session_that_is_lost_meanwhile_ends_the_wait),
		TEST(a_session_that_is_lost_before_changes_nothing),
		TEST(who_leaves_meanwhile_is_not_listed),
		TEST(an_sa_that_ends_meanwhile_ends_the_wait),
	};

	return cmocka_run_group_tests_name("gkm-floor-rise", tests, NULL, NULL);
}
