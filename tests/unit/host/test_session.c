/* SPDX-License-Identifier: BSD-3-Clause */

/* From Hello to an active SA, and back again after the session or the GKM went away. */

#include <errno.h>
#include <string.h>

#include "world.h"

static void test_first_registration(void **state)
{
	struct world *world = world_new();

	assert_int_equal(member_state_join(world->state, "g", &world->error), 0);
	assert_journal(world, "");
	assert_int_equal(world_open(world, 1), 0);
	assert_journal(world, ">Hello; >Join g; ");
	assert_int_equal(world_joined(world, "g", 7, 1), 0);
	assert_journal(world, "vnis 0:2; ");
	assert_int_equal(world_roster(world, "g", 1, true, false, 7, 8, 0), 0);
	assert_journal(world, ">RosterAck 1; ");
	assert_int_equal(world_install(world, "g", 256, 86400), 0);
	assert_journal(world, "install 256 e1 r2; >SaInstalled 256; ");
	/* Receive only until the GKM says so. */
	assert_int_equal(world_sa(world, 256)->state, COVEY_SA_INSTALLED);
	assert_int_equal(world_sa(world, 256)->sender_id, 7);
	assert_int_equal(world_activate(world, "g", 256), 0);
	assert_journal(world, "activate 256; >SaActivated 256; ");
	assert_int_equal(world_sa(world, 256)->state, COVEY_SA_ACTIVE);
	world_free(world);
}

static void test_session_lost_takes_nothing_away(void **state)
{
	struct world *world = world_with_active_sa();

	member_state_closed(world->state);
	assert_int_equal(world_pass(world, 3600 * 1000), 0);
	assert_journal(world, "");
	assert_int_equal(world_sa(world, 256)->state, COVEY_SA_ACTIVE);
	world_free(world);
}

/* A session brings keys; what can be sent and received goes by those that are here. */
static void test_its_state_goes_by_its_keys(void **state)
{
	struct world *world = world_new();
	struct membership *group;

	assert_int_equal(member_state_join(world->state, "g", &world->error), 0);
	group = member_state_find(world->state, "g");
	assert_string_equal(membership_state_name(group), "joining");
	assert_int_equal(world_open(world, 1), 0);
	assert_int_equal(world_joined(world, "g", 7, 1), 0);
	assert_int_equal(world_roster(world, "g", 1, true, false, 7, 8, 0), 0);
	/* Let in, and with nothing to send with. */
	assert_string_equal(membership_state_name(group), "joining");
	assert_true(membership_receives_until(group) == 0);
	assert_int_equal(world_install(world, "g", 256, 3600), 0);
	assert_string_equal(membership_state_name(group), "joining");
	assert_true(membership_receives_until(group) != 0);
	assert_null(membership_active_sa(group));
	assert_int_equal(world_activate(world, "g", 256), 0);
	assert_string_equal(membership_state_name(group), "joined");
	assert_int_equal(membership_active_sa(group)->spi, 256);
	member_state_closed(world->state);
	assert_string_equal(membership_state_name(group), "cut off");
	assert_int_equal(world_pass(world, 3600 * 1000), 0);
	assert_string_equal(membership_state_name(group), "joining");
	assert_true(membership_receives_until(group) == 0);
	world_free(world);
}

static int not_leading(struct world *world, uint8_t *address, size_t len)
{
	Covey__NotLeading body = COVEY__NOT_LEADING__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	body.leader = (ProtobufCBinaryData){len, address};
	body.reason = "moved";
	message.body_case = COVEY__MESSAGE__BODY_NOT_LEADING;
	message.not_leading = &body;
	return world_message(world, &message);
}

/* Before Welcome and after it: what there is stays, and who leads is known. */
static void test_a_key_manager_that_does_not_lead(void **state)
{
	struct world *world = world_with_active_sa();
	uint8_t address[] = {192, 0, 2, 7};
	struct covey_error error;

	world_forget(world);
	assert_int_equal(not_leading(world, address, 4), -ECONNREFUSED);
	assert_true(world->state->elsewhere);
	assert_memory_equal(world->state->leader.bytes, address, 4);
	member_state_closed(world->state);
	assert_non_null(world_sa(world, 256));
	assert_null(strstr(world->journal, "remove"));
	assert_int_equal(member_state_opened(world->state, &error), 0);
	assert_false(world->state->elsewhere);
	assert_int_equal(not_leading(world, NULL, 0), -ECONNREFUSED);
	assert_true(world->state->elsewhere);
	assert_int_equal(world->state->leader.family, 0);
	member_state_closed(world->state);
	assert_int_equal(member_state_opened(world->state, &error), 0);
	assert_int_equal(not_leading(world, address, 3), -EPROTO);
	assert_false(world->state->elsewhere);
	assert_non_null(world_sa(world, 256));
	world_free(world);
}

/* So the GKM knows that it is no second host. */
static void test_a_program_says_the_same_instance_each_time(void **state)
{
	struct world *world = world_with_active_sa();
	uint64_t instance = world->own_instance;

	assert_true(instance != 0);
	world->own_instance = 0;
	member_state_closed(world->state);
	assert_int_equal(world_open(world, 1), 0);
	assert_true(world->own_instance == instance);
	world->own_instance = 0;
	member_state_closed(world->state);
	assert_int_equal(world_open(world, 2), 0);
	assert_true(world->own_instance == instance);
	world_free(world);
}

/* Of any group, held still or not, from any instance: so an older state file is noticed. */
static void test_it_says_the_highest_spi_that_it_had(void **state)
{
	struct world *world = world_with_active_sa();

	assert_int_equal(world->highest_spi, 0);
	assert_int_equal(world_install(world, "g", 300, 86400), 0);
	assert_int_equal(world_install(world, "g", 301, 86400), 0);
	assert_int_equal(world_drain(world, "g", 301, 0), 0);
	assert_null(world_sa(world, 301));
	/* One that it could not install. */
	world->dataplane.install_fails = -ENOMEM;
	assert_true(world_install(world, "g", 400, 86400) < 0);
	member_state_closed(world->state);
	assert_int_equal(world_open(world, 2), 0);
	assert_int_equal(world->highest_spi, 301);
	assert_int_equal(world_joined(world, "g", 7, 1), 0);
	assert_int_equal(world_roster(world, "g", 1, true, false, 7, 8, 0), 0);
	assert_int_equal(world_install(world, "g", 257, 86400), 0);
	member_state_closed(world->state);
	assert_int_equal(world_open(world, 2), 0);
	assert_int_equal(world->highest_spi, 301);
	world_free(world);
}

static void test_second_registration_raises_the_epoch(void **state)
{
	struct world *world = world_with_active_sa();

	member_state_closed(world->state);
	assert_int_equal(world_open(world, 1), 0);
	assert_int_equal(world_joined(world, "g", 7, 2), 0);
	assert_int_equal(world_roster(world, "g", 5, true, false, 7, 8, 9, 0), 0);
	assert_int_equal(world_install(world, "g", 256, 86400), 0);
	assert_journal(world, ">Hello; >Join g; vnis 0:2; roster 256:3; >RosterAck 5; "
			      "install 256 e2 r3; >SaInstalled 256; ");
	/* It never stopped sending. */
	assert_int_equal(world_sa(world, 256)->state, COVEY_SA_ACTIVE);
	assert_int_equal(world_activate(world, "g", 256), 0);
	assert_journal(world, "activate 256; >SaActivated 256; ");
	world_free(world);
}

/* The GKM welcomes us in a session on another channel, which takes the place of the one before. */
static void follow(struct world *world)
{
	Covey__Welcome welcome = COVEY__WELCOME__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	member_state_followed(world->state);
	assert_int_equal(world->state->session, SESSION_HELLO);
	assert_journal(world, "");
	welcome.version = COVEY_PROTOCOL_VERSION;
	welcome.instance = world->state->instance;
	welcome.heartbeat_s = 10;
	message.body_case = COVEY__MESSAGE__BODY_WELCOME;
	message.welcome = &welcome;
	assert_int_equal(world_message(world, &message), 0);
}

/* SAs stay, and are taken up with the next epoch. */
static void test_another_session_follows(void **state)
{
	struct world *world = world_with_active_sa();
	Covey__Hello hello;

	member_state_hello(world->state, &hello);
	assert_int_equal(hello.instance, world->own_instance);
	assert_int_equal(hello.highest_spi, 256);
	assert_int_equal(world->state->session, SESSION_OPEN);
	follow(world);
	assert_journal(world, ">Join g; ");
	assert_int_equal(world->held_spis[0], 256);
	assert_int_equal(world_joined(world, "g", 7, 2), 0);
	assert_int_equal(world_sa(world, 256)->state, COVEY_SA_ACTIVE);
	assert_int_equal(world_sa(world, 256)->epoch, 1);
	world_free(world);
}

/* The GKM reads nothing more of the session before, once it has the other one's Hello. */
static void test_leave_while_another_session_follows(void **state)
{
	struct world *world = world_with_active_sa();

	assert_int_equal(member_state_leave(world->state, "g", &world->error), 0);
	world_forget(world);
	follow(world);
	assert_journal(world, ">Leave g; ");
	assert_int_equal(world_left(world, "g"), 0);
	assert_null(member_state_find(world->state, "g"));
	world_free(world);
}

/* An epoch that does not rise would repeat IVs: whatever sends it is not followed. */
static void test_epoch_must_rise(void **state)
{
	struct world *world = world_with_active_sa();

	member_state_closed(world->state);
	assert_int_equal(world_open(world, 1), 0);
	world_forget(world);
	assert_int_equal(world_joined(world, "g", 7, 1), -EPROTO);
	assert_int_equal(world_joined(world, "g", 8, 2), -EPROTO);
	assert_journal(world, "");
	assert_int_equal(world_sa(world, 256)->epoch, 1);
	world_free(world);
}

static void test_sa_sent_twice_is_acknowledged_twice(void **state)
{
	struct world *world = world_with_active_sa();

	assert_int_equal(world_install(world, "g", 256, 86400), 0);
	assert_journal(world, ">SaInstalled 256; ");
	world_free(world);
}

/* The old instance's SA carries on until there is a new one to send on, and drains only then. */
static void test_gkm_restart(void **state)
{
	struct world *world = world_with_active_sa();

	member_state_closed(world->state);
	assert_int_equal(world_open(world, 2), 0);
	assert_int_equal(world_joined(world, "g", 7, 1), 0);
	world_forget(world);
	/* The roster is the new instance's: it says nothing of the old SA's epochs. */
	assert_int_equal(world_roster(world, "g", 1, true, false, 7, 0), 0);
	assert_journal(world, ">RosterAck 1; ");
	assert_int_equal(world_sa(world, 256)->roster_count, 2);
	assert_int_equal(world_install(world, "g", 257, 86400), 0);
	assert_int_equal(world_pass(world, 5000), 0);
	assert_journal(world, "install 257 e1 r1; >SaInstalled 257; ");
	assert_int_equal(world_sa(world, 256)->state, COVEY_SA_ACTIVE);
	assert_int_equal(world_sa(world, 257)->state, COVEY_SA_INSTALLED);
	assert_int_equal(world_activate(world, "g", 257), 0);
	assert_journal(world, "activate 257; drain 256; >SaActivated 257; ");
	assert_int_equal(world_pass(world, 29999), 0);
	assert_non_null(world_sa(world, 256));
	assert_int_equal(world_pass(world, 1), 0);
	assert_null(world_sa(world, 256));
	assert_int_equal(world_sa(world, 257)->state, COVEY_SA_ACTIVE);
	world_free(world);
}

/* The GKM retired an SA while we were away, and so does not name it again. */
static void test_retired_while_away(void **state)
{
	struct world *world = world_with_active_sa();

	member_state_closed(world->state);
	assert_int_equal(world_open(world, 1), 0);
	assert_int_equal(world_joined(world, "g", 7, 2), 0);
	assert_int_equal(world_roster(world, "g", 9, true, false, 7, 0), 0);
	assert_int_equal(world_install(world, "g", 300, 86400), 0);
	assert_int_equal(world_activate(world, "g", 256), -EPROTO);
	world_forget(world);
	assert_int_equal(world_activate(world, "g", 300), 0);
	assert_journal(world, "activate 300; remove 256; >SaActivated 300; ");
	world_free(world);
}

static void test_rekey(void **state)
{
	struct world *world = world_with_active_sa();

	assert_int_equal(world_install(world, "g", 257, 86400), 0);
	assert_int_equal(world_activate(world, "g", 257), 0);
	assert_journal(world, "install 257 e1 r2; >SaInstalled 257; activate 257; "
			      ">SaActivated 257; ");
	/* Of the same instance: it drains for as long as the GKM says, and the GKM has not said. */
	assert_int_equal(world_pass(world, 60000), 0);
	assert_int_equal(world_sa(world, 256)->state, COVEY_SA_DRAINING);
	world_forget(world);
	assert_int_equal(world_drain(world, "g", 256, 10), 0);
	assert_journal(world, "drain 256; ");
	assert_int_equal(world_pass(world, 9999), 0);
	assert_non_null(world_sa(world, 256));
	assert_int_equal(world_pass(world, 1), 0);
	assert_null(world_sa(world, 256));
	world_free(world);
}

/* It expired on its way: that is no reason to end a session. */
static void test_activated_too_late(void **state)
{
	struct world *world = world_with_active_sa();

	assert_int_equal(world_install(world, "g", 257, 5), 0);
	assert_int_equal(world_pass(world, 5000), 0);
	assert_null(world_sa(world, 257));
	world_forget(world);
	assert_int_equal(world_activate(world, "g", 257), 0);
	assert_journal(world, "");
	assert_int_equal(world_sa(world, 256)->state, COVEY_SA_ACTIVE);
	assert_int_equal(world_activate(world, "g", 258), -EPROTO);
	world_free(world);
}

static void test_drain_at_once(void **state)
{
	struct world *world = world_with_active_sa();

	assert_int_equal(world_drain(world, "g", 256, 0), 0);
	assert_journal(world, "remove 256; ");
	/* Again, or for another: gone is gone. */
	assert_int_equal(world_drain(world, "g", 256, 0), 0);
	assert_int_equal(world_drain(world, "g", 999, 5), 0);
	assert_journal(world, "");
	world_free(world);
}

/* The windows' counters went with the SA: in the same epoch the same key would repeat IVs. */
static void test_removed_sa_needs_a_new_epoch(void **state)
{
	struct world *world = world_with_active_sa();

	assert_int_equal(world_drain(world, "g", 256, 0), 0);
	world_forget(world);
	assert_int_equal(world_install(world, "g", 256, 86400), -EPROTO);
	assert_journal(world, "");
	assert_null(world_sa(world, 256));
	/* That ends the session, and the next one has a new epoch. */
	member_state_closed(world->state);
	assert_int_equal(world_open(world, 1), 0);
	assert_int_equal(world_joined(world, "g", 7, 2), 0);
	assert_int_equal(world_roster(world, "g", 5, true, false, 7, 8, 0), 0);
	world_forget(world);
	assert_int_equal(world_install(world, "g", 256, 86400), 0);
	assert_journal(world, "install 256 e2 r2; >SaInstalled 256; ");
	world_free(world);
}

static void test_hard_lifetime(void **state)
{
	struct world *world = world_with_active_sa();

	member_state_closed(world->state);
	assert_int_equal(world_pass(world, 86399999), 0);
	assert_non_null(world_sa(world, 256));
	assert_int_equal(world->notes[LOG_LEVEL_ERROR], 0);
	assert_int_equal(world_pass(world, 1), 0);
	assert_journal(world, "remove 256; ");
	assert_int_equal(world->notes[LOG_LEVEL_ERROR], 1);
	world_free(world);
}

/* The lifetime counts from the first receipt, however often we come back. */
static void test_hard_lifetime_is_not_renewed(void **state)
{
	struct world *world = world_with_active_sa();

	for (uint32_t epoch = 2; epoch < 26; epoch++) {
		member_state_closed(world->state);
		assert_int_equal(world_pass(world, 3599 * 1000), 0);
		assert_int_equal(world_open(world, 1), 0);
		assert_int_equal(world_joined(world, "g", 7, epoch), 0);
		assert_int_equal(world_roster(world, "g", 1, true, false, 7, 0), 0);
		assert_int_equal(world_install(world, "g", 256, 86400), 0);
	}
	assert_int_equal(world_sa(world, 256)->epoch, 25);
	assert_int_equal(world_pass(world, 25 * 1000), 0);
	assert_null(world_sa(world, 256));
	world_free(world);
}

static void test_heartbeat_tells_of_current_sas(void **state)
{
	struct world *world = world_with_active_sa();

	world->dataplane.packets_sent = 42;
	assert_int_equal(world_pass(world, 9999), 0);
	assert_journal(world, "");
	assert_int_equal(world_pass(world, 1), 0);
	assert_journal(world, ">Heartbeat 256:42; ");
	member_state_closed(world->state);
	assert_int_equal(world_open(world, 2), 0);
	world_forget(world);
	assert_int_equal(world_pass(world, 10000), 0);
	assert_journal(world, ">Heartbeat; ");
	world_free(world);
}

/* GKMs that restart before they ever activate anything must not fill the dataplane. */
static void test_many_gkm_restarts(void **state)
{
	struct world *world = world_with_active_sa();

	for (uint64_t instance = 2; instance < 30; instance++) {
		member_state_closed(world->state);
		assert_int_equal(world_open(world, instance), 0);
		assert_int_equal(world_joined(world, "g", 7, 1), 0);
		assert_int_equal(world_roster(world, "g", 1, true, false, 7, 0), 0);
		assert_int_equal(world_install(world, "g", 300 + (uint32_t)instance, 86400), 0);
		assert_non_null(world_sa(world, 300 + (uint32_t)instance));
		assert_true(world->dataplane.sa_count <= COVEY_SAS_PER_GROUP_MAX);
		world_forget(world);
	}
	assert_int_equal(world_sa(world, 256)->state, COVEY_SA_ACTIVE);
	world_free(world);
}

/* A GKM that lost its database gives SPIs again, with other keys: the old SA ends, wherever it was.
 */
static void test_spi_again(void **state)
{
	struct world *world = world_with_active_sa();

	assert_int_equal(member_state_join(world->state, "h", &world->error), 0);
	member_state_closed(world->state);
	assert_int_equal(world_open(world, 2), 0);
	assert_int_equal(world_joined(world, "h", 3, 1), 0);
	assert_int_equal(world_roster(world, "h", 1, true, false, 3, 0), 0);
	world_forget(world);
	assert_int_equal(world_install(world, "h", 256, 86400), 0);
	assert_journal(world, "remove 256; install 256 e1 r1; >SaInstalled 256; ");
	assert_int_equal(world_sa(world, 256)->group, 1);
	assert_int_equal(world->notes[LOG_LEVEL_WARNING], 1);
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_registration),
		cmocka_unit_test(test_session_lost_takes_nothing_away),
		cmocka_unit_test(test_its_state_goes_by_its_keys),
		cmocka_unit_test(test_a_key_manager_that_does_not_lead),
		cmocka_unit_test(test_a_program_says_the_same_instance_each_time),
		cmocka_unit_test(test_it_says_the_highest_spi_that_it_had),
		cmocka_unit_test(test_second_registration_raises_the_epoch),
		cmocka_unit_test(test_another_session_follows),
		cmocka_unit_test(test_leave_while_another_session_follows),
		cmocka_unit_test(test_epoch_must_rise),
		cmocka_unit_test(test_sa_sent_twice_is_acknowledged_twice),
		cmocka_unit_test(test_gkm_restart),
		cmocka_unit_test(test_retired_while_away),
		cmocka_unit_test(test_rekey),
		cmocka_unit_test(test_activated_too_late),
		cmocka_unit_test(test_drain_at_once),
		cmocka_unit_test(test_removed_sa_needs_a_new_epoch),
		cmocka_unit_test(test_hard_lifetime),
		cmocka_unit_test(test_hard_lifetime_is_not_renewed),
		cmocka_unit_test(test_heartbeat_tells_of_current_sas),
		cmocka_unit_test(test_many_gkm_restarts),
		cmocka_unit_test(test_spi_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
