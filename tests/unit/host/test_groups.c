/* SPDX-License-Identifier: BSD-3-Clause */

/* Joining, leaving, being refused. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "refusal.h"
#include "world.h"

static struct membership *group(const struct world *world, const char *name)
{
	return member_state_find(world->state, name);
}

static int changed(struct world *world, const char *name, uint32_t *vnis, size_t count)
{
	Covey__GroupChanged body = COVEY__GROUP_CHANGED__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	body.group = (char *)name;
	body.vnis = vnis;
	body.n_vnis = count;
	body.drain_s = 5;
	message.body_case = COVEY__MESSAGE__BODY_GROUP_CHANGED;
	message.group_changed = &body;
	return world_message(world, &message);
}

/* SAs and registration stay; a VNI that is not in the list is not accepted any more. */
static void test_other_vnis(void **state)
{
	struct world *world = world_with_active_sa();
	uint32_t vnis[] = {100, 300}, wrong[] = {1u << 24};

	assert_int_equal(changed(world, "g", vnis, 2), 0);
	assert_non_null(strstr(world->journal, "vnis 0:2"));
	assert_null(strstr(world->journal, "remove"));
	assert_int_equal(group(world, "g")->vni_count, 2);
	assert_int_equal(group(world, "g")->vnis[1], 300);
	assert_int_equal(group(world, "g")->drain_s, 5);
	assert_int_equal(group(world, "g")->epoch, 1);
	assert_int_equal(group(world, "g")->state, MEMBERSHIP_JOINED);
	assert_int_equal(changed(world, "g", NULL, 0), 0);
	assert_int_equal(group(world, "g")->vni_count, 0);
	assert_int_equal(changed(world, "nobody", vnis, 2), 0);
	assert_int_equal(changed(world, "g", wrong, 1), -EPROTO);
	assert_int_equal(group(world, "g")->vni_count, 0);
	/* Another group has one of them. */
	world->dataplane.group_fails = -EEXIST;
	world_forget(world);
	assert_int_equal(changed(world, "g", vnis, 2), 0);
	assert_int_equal(group(world, "g")->state, MEMBERSHIP_REFUSED);
	assert_null(world_sa(world, 256));
	world_free(world);
}

static void test_a_refused_group_is_asked_for_soon(void **state)
{
	struct world *world = world_with_active_sa();
	uint32_t vnis[] = {100};

	assert_int_equal(world_refused(world, "g", COVEY__REFUSAL_CODE__REFUSAL_NOT_AUTHORISED), 0);
	world_forget(world);
	assert_int_equal(changed(world, "g", vnis, 1), 0);
	assert_int_equal(group(world, "g")->vni_count, 0);
	assert_int_equal(world_pass(world, 1000), 0);
	assert_non_null(strstr(world->journal, ">Join g; "));
	world_free(world);
}

static void test_leave(void **state)
{
	struct world *world = world_with_active_sa();

	assert_int_equal(member_state_leave(world->state, "g", &world->error), 0);
	assert_journal(world, "remove 256; vnis 0:0; >Leave g; ");
	/* What the GKM sent before it read our Leave is outdated. */
	assert_int_equal(world_install(world, "g", 257, 86400), 0);
	assert_int_equal(world_activate(world, "g", 256), 0);
	assert_int_equal(world_roster(world, "g", 7, false, false, 9, 0), 0);
	assert_int_equal(world_joined(world, "g", 7, 9), 0);
	assert_journal(world, "");
	assert_int_equal(member_state_leave(world->state, "g", &world->error), -ENOENT);
	assert_int_equal(world_left(world, "g"), 0);
	assert_null(group(world, "g"));
	world_free(world);
}

static void test_leave_and_join_again(void **state)
{
	struct world *world = world_with_active_sa();

	assert_int_equal(member_state_leave(world->state, "g", &world->error), 0);
	assert_int_equal(member_state_join(world->state, "g", &world->error), 0);
	assert_journal(world, "remove 256; vnis 0:0; >Leave g; ");
	assert_int_equal(world_left(world, "g"), 0);
	assert_journal(world, ">Join g; ");
	assert_int_equal(world_joined(world, "g", 7, 2), 0);
	assert_int_equal(group(world, "g")->state, MEMBERSHIP_JOINED);
	world_free(world);
}

static void test_leave_join_leave(void **state)
{
	struct world *world = world_with_active_sa();

	assert_int_equal(member_state_leave(world->state, "g", &world->error), 0);
	assert_int_equal(member_state_join(world->state, "g", &world->error), 0);
	assert_int_equal(member_state_leave(world->state, "g", &world->error), 0);
	world_forget(world);
	assert_int_equal(world_left(world, "g"), 0);
	assert_journal(world, "");
	assert_null(group(world, "g"));
	world_free(world);
}

static void test_leave_without_a_session(void **state)
{
	struct world *world = world_with_active_sa();

	member_state_closed(world->state);
	assert_int_equal(member_state_leave(world->state, "g", &world->error), 0);
	assert_journal(world, "remove 256; vnis 0:0; ");
	assert_int_equal(member_state_leave(world->state, "g", &world->error), -ENOENT);
	assert_int_equal(world_open(world, 1), 0);
	assert_journal(world, ">Hello; >Leave g; ");
	assert_int_equal(world_left(world, "g"), 0);
	assert_null(group(world, "g"));
	world_free(world);
}

/* The Leave may have been lost with the session, so it comes again; and a Join comes behind it. */
static void test_session_ends_while_leaving(void **state)
{
	for (int rejoins = 0; rejoins < 2; rejoins++) {
		struct world *world = world_with_active_sa();

		assert_int_equal(member_state_leave(world->state, "g", &world->error), 0);
		member_state_closed(world->state);
		if (rejoins)
			assert_int_equal(member_state_join(world->state, "g", &world->error), 0);
		world_forget(world);
		assert_int_equal(world_open(world, 1), 0);
		assert_journal(world, ">Hello; >Leave g; ");
		assert_int_equal(world_left(world, "g"), 0);
		assert_journal(world, rejoins ? ">Join g; " : "");
		assert_true((group(world, "g") != NULL) == rejoins);
		world_free(world);
	}
}

static void test_leave_before_the_gkm_was_asked(void **state)
{
	struct world *world = world_new();

	assert_int_equal(member_state_join(world->state, "g", &world->error), 0);
	assert_int_equal(member_state_leave(world->state, "g", &world->error), 0);
	assert_null(group(world, "g"));
	assert_int_equal(world_open(world, 1), 0);
	assert_journal(world, "vnis 0:0; >Hello; ");
	world_free(world);
}

/* A GKM that cannot let us in may still have us on its roster, from a session before. One by whose
 * word we have no right to the group has not. */
static void test_leave_of_a_refused_group(void **state)
{
	static const struct {
		Covey__RefusalCode code;
		bool told;
	} rows[] = {
		{COVEY__REFUSAL_CODE__REFUSAL_NOT_AUTHORISED, false},
		{COVEY__REFUSAL_CODE__REFUSAL_UNKNOWN_GROUP, false},
		{COVEY__REFUSAL_CODE__REFUSAL_UNAVAILABLE, true},
		{COVEY__REFUSAL_CODE__REFUSAL_EPOCHS_EXHAUSTED, true},
		{(Covey__RefusalCode)77, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *world = world_with_active_sa();

		member_state_closed(world->state);
		assert_int_equal(world_open(world, 1), 0);
		assert_int_equal(world_refused(world, "g", rows[i].code), 0);
		world_forget(world);
		assert_int_equal(member_state_leave(world->state, "g", &world->error), 0);
		assert_true((strstr(world->journal, ">Leave g; ") != NULL) == rows[i].told);
		assert_true((group(world, "g") != NULL) == rows[i].told);
		/* Until Left has come, it is not known whether the Leave has arrived. */
		member_state_closed(world->state);
		world_forget(world);
		assert_int_equal(world_open(world, 1), 0);
		assert_journal(world, rows[i].told ? ">Hello; >Leave g; " : ">Hello; ");
		assert_int_equal(world_left(world, "g"), 0);
		assert_null(group(world, "g"));
		world_free(world);
	}
}

/* The Leave waits for a session, and no Join goes before it. */
static void test_leave_of_a_refused_group_without_a_session(void **state)
{
	struct world *world = world_with_active_sa();

	assert_int_equal(world_refused(world, "g", COVEY__REFUSAL_CODE__REFUSAL_UNAVAILABLE), 0);
	member_state_closed(world->state);
	assert_int_equal(member_state_leave(world->state, "g", &world->error), 0);
	world_forget(world);
	assert_int_equal(world_pass(world, 60000), 0);
	assert_int_equal(world_open(world, 1), 0);
	assert_journal(world, ">Hello; >Leave g; ");
	world_free(world);
}

/* What says that we have no right to the group takes its keys away; what does not, does not. */
static void test_refusals(void **state)
{
	static const struct {
		Covey__RefusalCode code;
		bool wipes;
		uint64_t retry_ms; /* with a random number in the middle */
	} rows[] = {
		{COVEY__REFUSAL_CODE__REFUSAL_NOT_AUTHORISED, true, 60000},
		{COVEY__REFUSAL_CODE__REFUSAL_UNKNOWN_GROUP, true, 60000},
		{COVEY__REFUSAL_CODE__REFUSAL_SENDER_ID, true, 60000},
		{COVEY__REFUSAL_CODE__REFUSAL_EPOCHS_EXHAUSTED, false, 60000},
		{COVEY__REFUSAL_CODE__REFUSAL_UNAVAILABLE, false, 5000},
		{(Covey__RefusalCode)77, false, 60000},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *world = world_with_active_sa();

		member_state_closed(world->state);
		assert_int_equal(world_open(world, 1), 0);
		world_forget(world);
		assert_int_equal(world_refused(world, "g", rows[i].code), 0);
		assert_journal(world, rows[i].wipes ? "remove 256; vnis 0:0; " : "");
		assert_int_equal(group(world, "g")->state, MEMBERSHIP_REFUSED);
		/* It goes into JSON: no byte that is not text. */
		assert_string_equal(group(world, "g")->refusal_reason, "because??");
		assert_int_equal(group(world, "g")->retry_at - world->now, rows[i].retry_ms);
		assert_non_null(refusal_name(rows[i].code));
		assert_int_equal(world_pass(world, rows[i].retry_ms), 0);
		assert_non_null(strstr(world->journal, ">Join g; "));
		assert_int_equal(group(world, "g")->state, MEMBERSHIP_JOINING);
		world_free(world);
	}
}

static void test_join_of_a_refused_group_asks_at_once(void **state)
{
	struct world *world = world_with_active_sa();

	assert_int_equal(world_refused(world, "g", COVEY__REFUSAL_CODE__REFUSAL_NOT_AUTHORISED), 0);
	world_forget(world);
	assert_int_equal(member_state_join(world->state, "g", &world->error), 0);
	assert_journal(world, ">Join g; ");
	assert_int_equal(member_state_join(world->state, "g", &world->error), 0);
	assert_journal(world, "");
	world_free(world);
}

static void test_session_refused(void **state)
{
	struct world *world = world_with_active_sa();

	assert_int_equal(world_refused(world, "", COVEY__REFUSAL_CODE__REFUSAL_SUPERSEDED),
			 -ECONNREFUSED);
	assert_int_equal(world->state->refusal, COVEY__REFUSAL_CODE__REFUSAL_SUPERSEDED);
	assert_journal(world, "");
	assert_int_equal(world_refused(world, "", COVEY__REFUSAL_CODE__REFUSAL_UNKNOWN_HOST),
			 -ECONNREFUSED);
	assert_journal(world, "remove 256; vnis 0:0; ");
	world_free(world);
}

/* The GKM gives us a VNI that another group of ours has: only the later one suffers. */
static void test_vni_clash(void **state)
{
	struct world *world = world_with_active_sa();

	assert_int_equal(member_state_join(world->state, "h", &world->error), 0);
	world_forget(world);
	world->dataplane.group_fails = -EEXIST;
	assert_int_equal(world_joined(world, "h", 3, 1), 0);
	assert_journal(world, "vnis 1:0; >Leave h; ");
	assert_int_equal(group(world, "h")->state, MEMBERSHIP_REFUSED);
	assert_int_equal(world_sa(world, 256)->state, COVEY_SA_ACTIVE);
	world_free(world);
}

static void test_groups_are_apart(void **state)
{
	struct world *world = world_with_active_sa();

	assert_int_equal(member_state_join(world->state, "h", &world->error), 0);
	assert_int_equal(world_joined(world, "h", 3, 1), 0);
	assert_int_equal(world_roster(world, "h", 1, true, false, 3, 0), 0);
	assert_int_equal(world_install(world, "h", 400, 86400), 0);
	assert_int_equal(world_activate(world, "h", 400), 0);
	assert_int_equal(world_sa(world, 256)->state, COVEY_SA_ACTIVE);
	assert_int_equal(world_sa(world, 400)->group, 1);
	/* The other group's SA is not this group's. */
	assert_int_equal(world_activate(world, "h", 256), -EPROTO);
	assert_int_equal(world_install(world, "h", 256, 86400), -EPROTO);
	world_free(world);
}

static void test_bounds(void **state)
{
	struct world *world = world_new();
	char name[COVEY_NAME_MAX + 2];

	memset(name, 'x', sizeof(name));
	name[COVEY_NAME_MAX + 1] = '\0';
	assert_int_equal(member_state_join(world->state, name, &world->error), -ENAMETOOLONG);
	assert_int_equal(member_state_join(world->state, "", &world->error), -EINVAL);
	assert_int_equal(member_state_join(world->state, "a b", &world->error), -EINVAL);
	assert_int_equal(member_state_join(world->state, ".a", &world->error), -EINVAL);
	for (int i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		snprintf(name, sizeof(name), "g%d", i);
		assert_int_equal(member_state_join(world->state, name, &world->error), 0);
	}
	assert_int_equal(member_state_join(world->state, "more", &world->error), -ENOSPC);
	assert_int_equal(member_state_leave(world->state, "g5", &world->error), 0);
	assert_int_equal(member_state_join(world->state, "more", &world->error), 0);
	assert_int_equal(group(world, "more")->index, 5);
	world_free(world);
}

static struct world *world_in_all(void)
{
	struct world *world = world_new();
	char name[COVEY_NAME_MAX + 1];

	for (int i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		snprintf(name, sizeof(name), "g%d", i);
		assert_int_equal(member_state_join(world->state, name, &world->error), 0);
	}
	assert_int_equal(world_open(world, 1), 0);
	world_forget(world);
	return world;
}

/* The GKM has not answered the Leave yet, so there is no room. */
static void test_one_for_another(void **state)
{
	struct world *world = world_in_all();

	assert_int_equal(member_state_join_later(world->state, "a", &world->error), -ENOSPC);
	assert_int_equal(member_state_leave(world->state, "g5", &world->error), 0);
	assert_int_equal(member_state_leave(world->state, "g6", &world->error), 0);
	assert_int_equal(member_state_join_later(world->state, "a", &world->error), 0);
	assert_int_equal(member_state_join_later(world->state, "a", &world->error), 0);
	assert_int_equal(member_state_join_later(world->state, "b", &world->error), 0);
	assert_int_equal(member_state_join_later(world->state, "c", &world->error), -ENOSPC);
	assert_null(group(world, "a"));
	world_forget(world);
	assert_int_equal(world_left(world, "g6"), 0);
	assert_journal(world, ">Join a; ");
	assert_int_equal(group(world, "a")->index, 6);
	assert_int_equal(member_state_leave(world->state, "b", &world->error), 0);
	assert_int_equal(world_left(world, "g5"), 0);
	assert_journal(world, "");
	assert_null(group(world, "b"));
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_other_vnis),
		cmocka_unit_test(test_a_refused_group_is_asked_for_soon),
		cmocka_unit_test(test_leave),
		cmocka_unit_test(test_leave_and_join_again),
		cmocka_unit_test(test_leave_join_leave),
		cmocka_unit_test(test_leave_without_a_session),
		cmocka_unit_test(test_session_ends_while_leaving),
		cmocka_unit_test(test_leave_before_the_gkm_was_asked),
		cmocka_unit_test(test_leave_of_a_refused_group),
		cmocka_unit_test(test_leave_of_a_refused_group_without_a_session),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_join_of_a_refused_group_asks_at_once),
		cmocka_unit_test(test_session_refused),
		cmocka_unit_test(test_vni_clash),
		cmocka_unit_test(test_groups_are_apart),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_one_for_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
