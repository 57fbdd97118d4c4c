/* SPDX-License-Identifier: BSD-3-Clause */

/* What a member says of what it hears, and what it makes of the GKM's word that it is deaf. */

#include "world.h"

#define HEARTBEAT_MS 10000

static int told(struct world *world, const char *group)
{
	Covey__Heartbeat heartbeat = COVEY__HEARTBEAT__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;
	char *groups[] = {(char *)"other", (char *)group};

	if (group) {
		heartbeat.deaf_groups = groups;
		heartbeat.n_deaf_groups = 2;
	}
	message.body_case = COVEY__MESSAGE__BODY_HEARTBEAT;
	message.heartbeat = &heartbeat;
	return world_message(world, &message);
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

/* Without a session nobody knows. */
static void test_session_lost(void **state)
{
	struct world *world = world_with_active_sa();

	assert_int_equal(told(world, "g"), 0);
	assert_true(is_deaf(world));
	member_state_closed(world->state);
	assert_false(is_deaf(world));
	world_free(world);
}

static void test_what_a_heartbeat_says(void **state)
{
	struct world *world = world_with_active_sa();

	world->dataplane.multicast_received = 17;
	assert_int_equal(world_pass(world, HEARTBEAT_MS), 0);
	assert_journal(world, ">Heartbeat 256:0m17; ");
	world->listens = true;
	assert_int_equal(world_pass(world, HEARTBEAT_MS), 0);
	assert_journal(world, ">Heartbeat 256:0m17l; ");
	member_state_find(world->state, "g")->may_receive = false;
	assert_int_equal(world_pass(world, HEARTBEAT_MS), 0);
	assert_journal(world, ">Heartbeat 256:0m17; ");
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_is_said_once),
		cmocka_unit_test(test_session_lost),
		cmocka_unit_test(test_what_a_heartbeat_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
