/* SPDX-License-Identifier: BSD-3-Clause */

/* What a heartbeat says of windows, and what SaFloors says of the others' windows. */

#include <covey/wire.h>
#include <errno.h>

#include "world.h"

#define HEARTBEAT_MS 10000

/* --- heartbeats ------------------------------------------------------------------------------- */

static void test_windows_are_reported(void **state)
{
	struct world *world = world_with_active_sa();

	world->dataplane.windows_sent = 5;
	world->dataplane.packets_sent = 42;
	world->dataplane.own_sender = 3;
	assert_int_equal(world_pass(world, HEARTBEAT_MS), 0);
	assert_journal(world, ">Heartbeat 256:42w5o3; ");
	world_free(world);
}

/* As many as receivers have room for; that there are more is said once. */
static void test_windows_are_bounded(void **state)
{
	struct world *world = world_with_active_sa();
	unsigned warnings;

	world->dataplane.windows_sent = COVEY_FLOORS_PER_SENDER_MAX;
	warnings = world->notes[LOG_LEVEL_WARNING];
	assert_int_equal(world_pass(world, HEARTBEAT_MS), 0);
	assert_journal(world, ">Heartbeat 256:0w1024; ");
	assert_int_equal(world->notes[LOG_LEVEL_WARNING], warnings);
	world->dataplane.windows_sent++;
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(world_pass(world, HEARTBEAT_MS), 0);
		assert_journal(world, ">Heartbeat 256:0w1024; ");
		assert_int_equal(world->notes[LOG_LEVEL_WARNING], warnings + 1);
	}
	world_free(world);
}

/* Several SAs share a message while it has room. Each fits, the world checks. */
static void test_many_windows_take_many_messages(void **state)
{
	struct world *world = world_with_active_sa();

	assert_int_equal(world_install(world, "g", 257, 86400), 0);
	assert_int_equal(world_install(world, "g", 258, 86400), 0);
	world_forget(world);
	world->dataplane.windows_sent = 512;
	assert_int_equal(world_pass(world, HEARTBEAT_MS), 0);
	assert_journal(world, ">Heartbeat 256:0w512 257:0w512; >Heartbeat 258:0w512; ");
	world->dataplane.windows_sent = 513;
	assert_int_equal(world_pass(world, HEARTBEAT_MS), 0);
	assert_journal(world, ">Heartbeat 256:0w513; >Heartbeat 257:0w513; >Heartbeat 258:0w513; ");
	world_free(world);
}

/* --- floors ----------------------------------------------------------------------------------- */

static void test_floors_reach_the_dataplane(void **state)
{
	struct world *world = world_with_active_sa();
	struct world_sa *sa;

	assert_int_equal(world_floors(world, "g", 257, true, 8, 3, 2), 0);
	assert_int_equal(world_floors(world, "g", 257, true, 8, 5, 0), 0);
	assert_int_equal(world_floors(world, "g", 257, false, 9, 0, 1), 0);
	assert_journal(world, "");
	assert_int_equal(world_install(world, "g", 257, 86400), 0);
	sa = world_sa(world, 257);
	assert_int_equal(sa->floor_count, 3);
	assert_int_equal(sa->floors[1].sender_id, 8);
	assert_int_equal(sa->floors[1].window_id, 4);
	assert_int_equal(sa->floors[1].esn, covey_esn(1, 101));
	assert_int_equal(sa->floors[2].sender_id, 9);
	/* The next SA has none of them. */
	assert_int_equal(world_install(world, "g", 258, 86400), 0);
	assert_int_equal(world_sa(world, 258)->floor_count, 0);
	world_free(world);
}

/* What belongs to a session that is gone must not meet the next one's SA. */
static void test_floors_end_with_the_session(void **state)
{
	struct world *world = world_with_active_sa();

	assert_int_equal(world_floors(world, "g", 257, true, 8, 3, 2), 0);
	member_state_closed(world->state);
	assert_int_equal(world_open(world, 1), 0);
	assert_int_equal(world_joined(world, "g", 7, 2), 0);
	assert_int_equal(world_roster(world, "g", 9, true, false, 7, 8, 0), 0);
	assert_int_equal(world_install(world, "g", 257, 86400), 0);
	assert_int_equal(world_sa(world, 257)->floor_count, 0);
	world_free(world);
}

/* Whoever has an SA of this instance says so, for it needs no floors of it. */
static void test_join_names_what_is_held(void **state)
{
	struct world *world = world_with_active_sa();

	assert_int_equal(world_install(world, "g", 257, 86400), 0);
	member_state_closed(world->state);
	assert_int_equal(world_open(world, 1), 0);
	assert_int_equal(world->held_count, 2);
	assert_int_equal(world->held_spis[0], 256);
	assert_int_equal(world->held_spis[1], 257);
	member_state_closed(world->state);
	assert_int_equal(world_open(world, 2), 0);
	assert_int_equal(world->held_count, 0);
	world_free(world);
}

static int after(int (*does)(struct world *world))
{
	struct world *world = world_with_active_sa();
	int status = does(world);

	assert_null(world_sa(world, 257));
	world_free(world);
	return status;
}

static int another_sa(struct world *world)
{
	world_floors(world, "g", 257, true, 8, 3, 1);
	return world_floors(world, "g", 258, false, 9, 3, 1);
}

static int install_too_early(struct world *world)
{
	world_floors(world, "g", 257, true, 8, 3, 1);
	return world_install(world, "g", 257, 86400);
}

static int install_of_another(struct world *world)
{
	world_floors(world, "g", 257, false, 8, 3, 1);
	return world_install(world, "g", 258, 86400);
}

static int after_the_last(struct world *world)
{
	world_floors(world, "g", 257, false, 8, 3, 1);
	return world_floors(world, "g", 257, false, 9, 3, 1);
}

static int falling_window(struct world *world)
{
	world_floors(world, "g", 257, true, 8, 3, 1);
	return world_floors(world, "g", 257, false, 8, 3, 1);
}

static int falling_sender(struct world *world)
{
	world_floors(world, "g", 257, true, 8, 3, 1);
	return world_floors(world, "g", 257, false, 7, 9, 1);
}

static int sender_zero(struct world *world)
{
	return world_floors(world, "g", 257, false, 0, 3, 1);
}

static int high_sender(struct world *world)
{
	return world_floors(world, "g", 257, false, 65536, 3, 1);
}

static int high_window(struct world *world)
{
	return world_floors(world, "g", 257, false, 8, 65535, 2);
}

static int reserved_spi(struct world *world)
{
	return world_floors(world, "g", 255, false, 8, 3, 1);
}

static int long_message(struct world *world)
{
	return world_floors(world, "g", 257, false, 8, 0, COVEY_FLOORS_PER_MESSAGE + 1);
}

static int too_many(struct world *world)
{
	int status = 0;

	for (uint32_t i = 0; i < COVEY_FLOORS_PER_GROUP_MAX / COVEY_FLOORS_PER_MESSAGE; i++)
		status |= world_floors(world, "g", 257, true, 8 + i, 0, COVEY_FLOORS_PER_MESSAGE);
	assert_int_equal(status, 0);
	return world_floors(world, "g", 257, false, 8000, 3, 1);
}

static int uneven_columns(struct world *world)
{
	uint32_t number = 8;
	Covey__SaFloors floors = COVEY__SA_FLOORS__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	floors.group = "g";
	floors.spi = 257;
	floors.sender_ids = floors.window_ids = &number;
	floors.n_sender_ids = floors.n_window_ids = 1;
	message.body_case = COVEY__MESSAGE__BODY_SA_FLOORS;
	message.sa_floors = &floors;
	return world_message(world, &message);
}

static int epoch_zero(struct world *world)
{
	uint32_t number = 8;
	uint64_t esn = 77;
	Covey__SaFloors floors = COVEY__SA_FLOORS__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	floors.group = "g";
	floors.spi = 257;
	floors.sender_ids = floors.window_ids = &number;
	floors.esns = &esn;
	floors.n_sender_ids = floors.n_window_ids = floors.n_esns = 1;
	message.body_case = COVEY__MESSAGE__BODY_SA_FLOORS;
	message.sa_floors = &floors;
	return world_message(world, &message);
}

static void test_malformed(void **state)
{
	assert_int_equal(after(another_sa), -EPROTO);
	assert_int_equal(after(install_too_early), -EPROTO);
	assert_int_equal(after(install_of_another), -EPROTO);
	assert_int_equal(after(after_the_last), -EPROTO);
	assert_int_equal(after(falling_window), -EPROTO);
	assert_int_equal(after(falling_sender), -EPROTO);
	assert_int_equal(after(sender_zero), -EPROTO);
	assert_int_equal(after(high_sender), -EPROTO);
	assert_int_equal(after(high_window), -EPROTO);
	assert_int_equal(after(reserved_spi), -EPROTO);
	assert_int_equal(after(long_message), -EPROTO);
	assert_int_equal(after(too_many), -EPROTO);
	assert_int_equal(after(uneven_columns), -EPROTO);
	assert_int_equal(after(epoch_zero), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_windows_are_reported),
		cmocka_unit_test(test_windows_are_bounded),
		cmocka_unit_test(test_many_windows_take_many_messages),
		cmocka_unit_test(test_floors_reach_the_dataplane),
		cmocka_unit_test(test_floors_end_with_the_session),
		cmocka_unit_test(test_join_names_what_is_held),
		cmocka_unit_test(test_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
