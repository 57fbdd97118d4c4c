/* SPDX-License-Identifier: BSD-3-Clause */

/* What a member says of what it hears, and what it makes of the GKM's word that it is deaf. */

#include "world.h"

#define HEARTBEAT_MS 10000

/* NULL: no group. */
static int told_both(struct world *world, const char *group, const char *perhaps)
{
	Covey__Heartbeat heartbeat = COVEY__HEARTBEAT__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;
	char *groups[] = {(char *)"other", (char *)group};
	char *perhaps_groups[] = {(char *)"another", (char *)perhaps};

	heartbeat.deaf_groups = groups;
	heartbeat.n_deaf_groups = group ? 2 : 1;
	heartbeat.perhaps_deaf_groups = perhaps_groups;
	heartbeat.n_perhaps_deaf_groups = perhaps ? 2 : 1;
	message.body_case = COVEY__MESSAGE__BODY_HEARTBEAT;
	message.heartbeat = &heartbeat;
	return world_message(world, &message);
}

static int told(struct world *world, const char *group)
{
	return told_both(world, group, NULL);
}

static bool is_deaf(const struct world *world)
{
	return member_state_find(world->state, "g")->deaf;
}

static void test_it_is_said_once(void **state)
{
	struct world *world = world_with_active_sa();

	assert_int_equal(told(world, NULL), 0);
	assert_false(is_deaf(world));
	assert_journal(world, "");
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(told(world, "g"), 0);
	assert_true(is_deaf(world));
	assert_int_equal(world->notes[LOG_LEVEL_ERROR], 1);
	assert_journal(world, "deaf; ");
	world->notes[LOG_LEVEL_NOTICE] = 0;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(told(world, NULL), 0);
	assert_false(is_deaf(world));
	assert_int_equal(world->notes[LOG_LEVEL_NOTICE], 1);
	world_free(world);
}

static bool is_perhaps_deaf(const struct world *world)
{
	return member_state_find(world->state, "g")->perhaps_deaf;
}

static void test_perhaps(void **state)
{
	struct world *world = world_with_active_sa();

	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(told_both(world, NULL, "g"), 0);
	assert_true(is_perhaps_deaf(world) && !is_deaf(world));
	assert_int_equal(world->notes[LOG_LEVEL_WARNING], 1);
	assert_journal(world, "deaf; ");
	assert_int_equal(told_both(world, "g", "g"), 0);
	assert_true(is_deaf(world) && !is_perhaps_deaf(world));
	assert_int_equal(world->notes[LOG_LEVEL_ERROR], 1);
	assert_journal(world, "deaf; ");
	assert_int_equal(told_both(world, NULL, "g"), 0);
	assert_true(is_perhaps_deaf(world) && !is_deaf(world));
	world->notes[LOG_LEVEL_NOTICE] = 0;
	assert_int_equal(told_both(world, NULL, NULL), 0);
	assert_false(is_perhaps_deaf(world));
	assert_int_equal(world->notes[LOG_LEVEL_NOTICE], 1);
	world_free(world);
}

/* Without a session nobody knows. */
static void test_session_lost(void **state)
{
	struct world *world = world_with_active_sa();

	assert_int_equal(told(world, "g"), 0);
	assert_true(is_deaf(world));
	member_state_closed(world->state);
	assert_false(is_deaf(world));
	world_free(world);
	world = world_with_active_sa();
	assert_int_equal(told_both(world, NULL, "g"), 0);
	member_state_closed(world->state);
	assert_false(is_perhaps_deaf(world));
	world_free(world);
}

static void test_what_a_heartbeat_says(void **state)
{
	struct world *world = world_with_active_sa();

	world->dataplane.multicast_received = 17;
	assert_int_equal(world_pass(world, HEARTBEAT_MS), 0);
	assert_journal(world, ">Heartbeat 256:0m17; ");
	world->listens = true;
	world->dataplane.packets_received = 19;
	assert_int_equal(world_pass(world, HEARTBEAT_MS), 0);
	assert_journal(world, ">Heartbeat 256:0m17r19l; ");
	member_state_find(world->state, "g")->may_receive = false;
	assert_int_equal(world_pass(world, HEARTBEAT_MS), 0);
	assert_journal(world, ">Heartbeat 256:0m17r19n; ");
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_is_said_once),
		cmocka_unit_test(test_perhaps),
		cmocka_unit_test(test_session_lost),
		cmocka_unit_test(test_what_a_heartbeat_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
