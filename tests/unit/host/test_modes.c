/* SPDX-License-Identifier: BSD-3-Clause */

/* The mode of a group at a member: what the GKM says, steps, deadlines, and what is acknowledged
 * when. */

#include <errno.h>
#include <string.h>

#include "world.h"

#define HEARTBEAT_MS 10000
#define GKM          1
#define ANOTHER_GKM  2

/* What guard and dataplane did, beside the world. */
static struct {
	char done[1024]; /* "observe; " and so on, of group g */
	int fails;       /* what they return */
	struct member_mode_first first;
	uint64_t acked; /* serial of the last GroupModeInForce; 0: none */
	unsigned acks;
	struct effects_heard heard[3];
	size_t heard_count;
	bool incomplete;
	unsigned asked;
	unsigned reported; /* entries of Heartbeats */
	unsigned more;     /* how often they said that there was more */
	uint64_t packets;
	bool ended; /* nothing came behind the last of them */
	struct world *world;
} plant;

static const struct member_mode *mode_of_g(void)
{
	return &member_state_find(plant.world->state, "g")->mode;
}

static int do_modes(void *arg, struct covey_error *error)
{
	if (plant.fails)
		return covey_error_set(error, plant.fails, "no guard today");
	strcat(plant.done, covey_mode_name(mode_of_g()->mode));
	strcat(plant.done, "; ");
	return 0;
}

static void first_mode(void *arg, const char *group, struct member_mode_first *ret_first)
{
	if (plant.first.mode)
		*ret_first = plant.first;
}

static void heard(void *arg, size_t max, struct effects_heard_all *ret_all)
{
	assert_int_equal(max, COVEY_CLEAR_HEARD_MAX);
	memcpy(ret_all->list, plant.heard, sizeof(plant.heard));
	ret_all->count = plant.heard_count;
	ret_all->incomplete = plant.incomplete;
	plant.asked++;
}

static void count_reports(const Covey__Heartbeat *heartbeat)
{
	plant.reported += (unsigned)heartbeat->n_clear;
	for (size_t i = 0; i < heartbeat->n_clear; i++) {
		assert_string_equal(heartbeat->clear[i]->group, "g");
		assert_int_equal(heartbeat->clear[i]->vtep.len, 4);
		plant.packets += heartbeat->clear[i]->packets;
	}
	plant.more += (unsigned)heartbeat->n_clear_more;
	for (size_t i = 0; i < heartbeat->n_clear_more; i++)
		assert_string_equal(heartbeat->clear_more[i], "g");
	/* What says that this was all comes behind it. */
	plant.ended = heartbeat->n_clear == 0 && heartbeat->n_clear_more == 0;
}

static void said(void *arg, const Covey__Message *message)
{
	if (message->body_case == COVEY__MESSAGE__BODY_HEARTBEAT)
		count_reports(message->heartbeat);
	if (message->body_case == COVEY__MESSAGE__BODY_HELLO)
		assert_true(message->hello->modes);
	if (message->body_case != COVEY__MESSAGE__BODY_GROUP_MODE_IN_FORCE)
		return;
	assert_string_equal(message->group_mode_in_force->group, "g");
	plant.acked = message->group_mode_in_force->serial;
	plant.acks++;
}

#define assert_done(text)                                                                          \
	do {                                                                                       \
		assert_string_equal(plant.done, text);                                             \
		plant.done[0] = '\0';                                                              \
	} while (0)

static int tell_slow(uint64_t serial, uint32_t mode, uint32_t left_ms, uint32_t then,
		     uint32_t between_ms)
{
	Covey__GroupMode body = COVEY__GROUP_MODE__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	body.group = "g";
	body.serial = serial;
	body.mode = mode;
	body.left_ms = left_ms;
	body.then = then;
	body.between_ms = between_ms;
	message.body_case = COVEY__MESSAGE__BODY_GROUP_MODE;
	message.group_mode = &body;
	return world_message(plant.world, &message);
}

static int tell(uint64_t serial, uint32_t mode, uint32_t left_ms, uint32_t then)
{
	return tell_slow(serial, mode, left_ms, then, 0);
}

static void join(uint64_t instance, uint32_t epoch)
{
	assert_int_equal(world_open(plant.world, instance), 0);
	assert_int_equal(world_joined(plant.world, "g", 7, epoch), 0);
	assert_int_equal(world_pass(plant.world, 0), 0);
}

static void begin(const struct member_mode_first *first)
{
	memset(&plant, 0, sizeof(plant));
	if (first)
		plant.first = *first;
	plant.world = world_new();
	plant.world->said = said;
	plant.world->state->effects.modes = do_modes;
	plant.world->state->effects.first_mode = first_mode;
	plant.world->state->effects.heard = heard;
	assert_int_equal(member_state_join(plant.world->state, "g", &plant.world->error), 0);
	assert_int_equal(world_pass(plant.world, 0), 0);
}

/* In a session, joined, enforcing. */
static void begin_joined(void)
{
	begin(NULL);
	join(GKM, 1);
	plant.done[0] = '\0';
}

static void end(void)
{
	world_free(plant.world);
}

static void test_neighbours(void **state)
{
	begin_joined();
	assert_int_equal(plant.world->notes[LOG_LEVEL_WARNING], 0);
	assert_int_equal(tell(1, COVEY_MODE_TRANSITION, 0, 0), 0);
	assert_done("transition; ");
	assert_int_equal(plant.acked, 1);
	assert_int_equal(plant.world->notes[LOG_LEVEL_WARNING], 1);
	assert_int_equal(tell(2, COVEY_MODE_OBSERVE, 0, 0), 0);
	assert_done("observe; ");
	assert_int_equal(plant.acked, 2);
	assert_int_equal(tell(3, COVEY_MODE_TRANSITION, 0, 0), 0);
	assert_int_equal(tell(4, COVEY_MODE_ENFORCE, 0, 0), 0);
	assert_done("transition; enforce; ");
	assert_int_equal(plant.acked, 4);
	end();
}

/* Whoever was away while the others were told of transition is told the end alone. */
static void test_far_ones_go_by_transition(void **state)
{
	begin_joined();
	assert_int_equal(tell(2, COVEY_MODE_OBSERVE, 0, 0), 0);
	assert_done("transition; ");
	assert_int_equal(plant.acks, 0);
	assert_int_equal(world_pass(plant.world, COVEY_MODE_BETWEEN_MS - 1), 0);
	assert_done("");
	assert_int_equal(world_pass(plant.world, 1), 0);
	assert_done("observe; ");
	assert_int_equal(plant.acked, 2);
	assert_int_equal(tell(3, COVEY_MODE_ENFORCE, 0, 0), 0);
	assert_done("transition; ");
	/* Back before it was there: it has been in transition too short a time. */
	assert_int_equal(world_pass(plant.world, 100), 0);
	assert_int_equal(tell(4, COVEY_MODE_OBSERVE, 0, 0), 0);
	assert_done("transition; ");
	assert_int_equal(plant.acked, 2);
	assert_int_equal(world_pass(plant.world, COVEY_MODE_BETWEEN_MS), 0);
	assert_done("observe; ");
	assert_int_equal(plant.acked, 4);
	end();
}

static void test_unconfirmed(void **state)
{
	begin_joined();
	assert_int_equal(tell(1, COVEY_MODE_TRANSITION, 3000, COVEY_MODE_ENFORCE), 0);
	assert_done("transition; ");
	/* The GKM is dead meanwhile. */
	member_state_closed(plant.world->state);
	assert_int_equal(world_pass(plant.world, 2999), 0);
	assert_done("");
	assert_int_equal(world_pass(plant.world, 1), 0);
	assert_done("enforce; ");
	assert_int_equal(world_pass(plant.world, 10000), 0);
	assert_done("");
	end();
}

static void test_unconfirmed_far(void **state)
{
	begin_joined();
	assert_int_equal(tell(1, COVEY_MODE_OBSERVE, 3000, COVEY_MODE_ENFORCE), 0);
	assert_int_equal(world_pass(plant.world, 2999), 0);
	assert_done("transition; observe; ");
	assert_int_equal(world_pass(plant.world, 1), 0);
	assert_done("transition; ");
	assert_int_equal(world_pass(plant.world, COVEY_MODE_BETWEEN_MS), 0);
	assert_done("enforce; ");
	end();
}

/* Messages to some member take long: all are in transition for as long. */
static void test_slow_channel(void **state)
{
	begin_joined();
	assert_int_equal(tell(2, COVEY_MODE_TRANSITION, 0, 0), 0);
	assert_int_equal(tell_slow(3, COVEY_MODE_OBSERVE, 9000, COVEY_MODE_ENFORCE, 4000), 0);
	assert_done("transition; observe; ");
	assert_int_equal(world_pass(plant.world, 9000), 0);
	assert_done("transition; ");
	assert_int_equal(world_pass(plant.world, 3999), 0);
	assert_done("");
	assert_int_equal(world_pass(plant.world, 1), 0);
	assert_done("enforce; ");
	/* Never shorter than without, and not for the next one. */
	assert_int_equal(tell_slow(4, COVEY_MODE_OBSERVE, 0, 0, 1), 0);
	assert_done("transition; ");
	assert_int_equal(world_pass(plant.world, COVEY_MODE_BETWEEN_MS - 1), 0);
	assert_done("");
	assert_int_equal(world_pass(plant.world, 1), 0);
	assert_done("observe; ");
	/* The same once more, with more of it. */
	assert_int_equal(tell_slow(4, COVEY_MODE_OBSERVE, 100, COVEY_MODE_ENFORCE,
				   COVEY_MODE_BETWEEN_MAX_MS),
			 0);
	assert_int_equal(tell_slow(5, COVEY_MODE_OBSERVE, 100, COVEY_MODE_ENFORCE,
				   COVEY_MODE_BETWEEN_MAX_MS + 1),
			 -EPROTO);
	end();
}

/* covey-host was restarted before the deadline: what the others were told counts for it, too. */
static void test_slow_channel_after_a_restart(void **state)
{
	const struct member_mode_first first = {.mode = COVEY_MODE_OBSERVE,
						.then = COVEY_MODE_ENFORCE,
						.then_at = 1000000 + 3000,
						.between_ms = 4000};

	begin(&first);
	assert_done("observe; ");
	assert_int_equal(world_pass(plant.world, 2999), 0);
	assert_done("");
	assert_int_equal(world_pass(plant.world, 1), 0);
	assert_done("transition; ");
	assert_int_equal(world_pass(plant.world, 3999), 0);
	assert_done("");
	assert_int_equal(world_pass(plant.world, 1), 0);
	assert_done("enforce; ");
	end();
}

static void test_confirmed(void **state)
{
	begin_joined();
	assert_int_equal(tell(1, COVEY_MODE_TRANSITION, 3000, COVEY_MODE_ENFORCE), 0);
	assert_int_equal(world_pass(plant.world, 1000), 0);
	assert_int_equal(tell(2, COVEY_MODE_TRANSITION, 0, 0), 0);
	assert_int_equal(plant.acked, 2);
	plant.done[0] = '\0';
	assert_int_equal(world_pass(plant.world, 100000), 0);
	assert_done("");
	assert_int_equal(mode_of_g()->mode, COVEY_MODE_TRANSITION);
	end();
}

/* When the deadline has passed, what the message was about is over. */
static void test_late_guard(void **state)
{
	begin_joined();
	plant.fails = -EIO;
	assert_int_equal(tell(1, COVEY_MODE_TRANSITION, 1500, COVEY_MODE_ENFORCE), 0);
	assert_int_equal(world_pass(plant.world, 1600), 0);
	plant.fails = 0;
	assert_int_equal(world_pass(plant.world, 1000), 0);
	assert_done("enforce; ");
	assert_int_equal(plant.acks, 0);
	end();
}

/* From the first SA on, transition means encrypted. */
static void test_first_sa(void **state)
{
	begin_joined();
	assert_int_equal(tell(1, COVEY_MODE_TRANSITION, 0, 0), 0);
	assert_done("transition; ");
	assert_false(mode_of_g()->keyed);
	assert_int_equal(world_roster(plant.world, "g", 1, true, false, 7, 8, 0), 0);
	assert_int_equal(world_install(plant.world, "g", 256, 86400), 0);
	assert_int_equal(world_pass(plant.world, 0), 0);
	assert_done("");
	assert_int_equal(world_activate(plant.world, "g", 256), 0);
	assert_int_equal(world_pass(plant.world, 0), 0);
	assert_true(mode_of_g()->keyed);
	assert_done("transition; ");
	end();
}

/* Not acknowledged before it is so, and tried again. */
static void test_guard_fails(void **state)
{
	begin_joined();
	plant.fails = -EIO;
	assert_int_equal(tell(1, COVEY_MODE_TRANSITION, 0, 0), 0);
	assert_int_equal(plant.acks, 0);
	assert_false(member_mode_in_force(mode_of_g()));
	assert_int_equal(plant.world->notes[LOG_LEVEL_ERROR], 1);
	assert_int_equal(world_pass(plant.world, 999), 0);
	plant.fails = 0;
	assert_int_equal(world_pass(plant.world, 1), 0);
	assert_done("transition; ");
	assert_int_equal(plant.acked, 1);
	assert_true(member_mode_in_force(mode_of_g()));
	end();
}

static void test_another_session(void **state)
{
	begin_joined();
	assert_int_equal(tell(5, COVEY_MODE_TRANSITION, 0, 0), 0);
	member_state_closed(plant.world->state);
	assert_int_equal(world_pass(plant.world, 60000), 0);
	assert_int_equal(mode_of_g()->mode, COVEY_MODE_TRANSITION);
	/* A GKM that has lost its state counts anew. */
	join(ANOTHER_GKM, 1);
	assert_int_equal(plant.acks, 1);
	assert_int_equal(tell(1, COVEY_MODE_TRANSITION, 0, 0), 0);
	assert_int_equal(plant.acks, 2);
	assert_int_equal(plant.acked, 1);
	/* The same one does not, even in another session. */
	assert_int_equal(tell(3, COVEY_MODE_OBSERVE, 0, 0), 0);
	member_state_closed(plant.world->state);
	join(ANOTHER_GKM, 2);
	assert_int_equal(tell(2, COVEY_MODE_ENFORCE, 0, 0), -EPROTO);
	end();
}

static void test_first_mode(void **state)
{
	const struct member_mode_first observe = {COVEY_MODE_OBSERVE, COVEY_MODE_ENFORCE,
						  MEMBER_MODE_NEVER, 0};
	struct member_mode_first ends = observe;

	begin(&observe);
	assert_done("observe; ");
	assert_int_equal(plant.world->notes[LOG_LEVEL_WARNING], 1);
	assert_int_equal(world_pass(plant.world, 10000), 0);
	assert_int_equal(plant.acks, 0); /* nobody has said it */
	/* Its VNIs may be other ones than the inventory's. */
	join(GKM, 1);
	assert_done("observe; ");
	end();
	ends.then_at = 1000000 + 2000;
	begin(&ends);
	assert_int_equal(world_pass(plant.world, 2000 + COVEY_MODE_BETWEEN_MS), 0);
	assert_done("observe; transition; enforce; ");
	end();
}

static void test_it_is_said_each_hour(void **state)
{
	begin_joined();
	assert_int_equal(tell(1, COVEY_MODE_OBSERVE, 0, 0), 0);
	assert_int_equal(world_pass(plant.world, 1000), 0);
	plant.world->notes[LOG_LEVEL_WARNING] = 0;
	member_state_closed(plant.world->state);
	assert_int_equal(world_pass(plant.world, 3 * 3600000), 0);
	assert_int_equal(plant.world->notes[LOG_LEVEL_WARNING], 3);
	end();
}

/* Who is not in a group any more sends nothing of it in clear. */
static void test_evicted_or_left(void **state)
{
	begin_joined();
	assert_int_equal(tell(1, COVEY_MODE_TRANSITION, 9000, COVEY_MODE_OBSERVE), 0);
	assert_done("transition; ");
	assert_int_equal(
		world_refused(plant.world, "g", COVEY__REFUSAL_CODE__REFUSAL_NOT_AUTHORISED), 0);
	assert_done("enforce; ");
	assert_int_equal(world_pass(plant.world, 20000), 0);
	assert_int_equal(mode_of_g()->mode, COVEY_MODE_ENFORCE);
	end();
	begin_joined();
	assert_int_equal(tell(1, COVEY_MODE_TRANSITION, 0, 0), 0);
	plant.done[0] = '\0';
	assert_int_equal(member_state_leave(plant.world->state, "g", &plant.world->error), 0);
	assert_done("enforce; ");
	end();
}

/* Of this group's VNIs, and only while it may come in. */
static void test_clear_is_reported(void **state)
{
	begin_joined();
	assert_true(covey_addr_parse("10.0.0.9", &plant.heard[0].address));
	plant.heard[0].vni = member_state_find(plant.world->state, "g")->vnis[0];
	plant.heard[0].packets = 5;
	plant.heard[1] = plant.heard[2] = plant.heard[0];
	plant.heard[1].vni = COVEY_VNI_MAX;
	plant.heard_count = 2;
	assert_int_equal(world_pass(plant.world, HEARTBEAT_MS), 0);
	assert_int_equal(plant.asked, 0);
	assert_int_equal(tell(1, COVEY_MODE_TRANSITION, 0, 0), 0);
	assert_int_equal(world_pass(plant.world, HEARTBEAT_MS), 0);
	assert_int_equal(plant.asked, 1);
	assert_int_equal(plant.reported, 1);
	assert_int_equal(plant.packets, 5);
	assert_int_equal(plant.more, 0);
	assert_true(plant.ended);
	end();
}

/* What has no room belongs to a group, too, and what is not known to each of them. */
static void test_more_clear_is_reported(void **state)
{
	begin_joined();
	plant.heard[0].vni = COVEY_VNI_MAX;
	plant.heard[1].vni = member_state_find(plant.world->state, "g")->vnis[0];
	plant.heard_count = 1; /* a VNI that is not the group's */
	assert_int_equal(tell(1, COVEY_MODE_TRANSITION, 0, 0), 0);
	assert_int_equal(world_pass(plant.world, HEARTBEAT_MS), 0);
	assert_int_equal(plant.more, 0);
	plant.heard_count = 2;
	assert_int_equal(world_pass(plant.world, HEARTBEAT_MS), 0);
	assert_int_equal(plant.more, 1);
	plant.heard_count = 0;
	plant.incomplete = true;
	assert_int_equal(world_pass(plant.world, HEARTBEAT_MS), 0);
	assert_int_equal(plant.more, 2);
	assert_int_equal(plant.reported, 0);
	assert_true(plant.ended);
	assert_int_equal(tell(2, COVEY_MODE_ENFORCE, 0, 0), 0);
	assert_int_equal(world_pass(plant.world, HEARTBEAT_MS), 0);
	assert_int_equal(plant.more, 2);
	end();
}

static void test_nonsense(void **state)
{
	static const struct {
		uint64_t serial;
		uint32_t mode, left_ms, then;
	} rows[] = {
		{3, 0, 0, 0},
		{3, 4, 0, 0},
		{3, UINT32_MAX, 0, 0},
		{3, COVEY_MODE_OBSERVE, 1000, 0},
		{3, COVEY_MODE_OBSERVE, 1000, 4},
		{3, COVEY_MODE_OBSERVE, 0, COVEY_MODE_ENFORCE},
		{3, COVEY_MODE_OBSERVE, COVEY_MODE_DEADLINE_MAX_S * 1000 + 1, COVEY_MODE_ENFORCE},
		{1, COVEY_MODE_OBSERVE, 0, 0},
		{0, COVEY_MODE_OBSERVE, 0, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin_joined();
		assert_int_equal(tell(2, COVEY_MODE_TRANSITION, 0, 0), 0);
		plant.done[0] = '\0';
		assert_int_equal(tell(rows[i].serial, rows[i].mode, rows[i].left_ms, rows[i].then),
				 -EPROTO);
		assert_done("");
		assert_int_equal(mode_of_g()->mode, COVEY_MODE_TRANSITION);
		end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_far_ones_go_by_transition),
		cmocka_unit_test(test_unconfirmed),
		cmocka_unit_test(test_unconfirmed_far),
		cmocka_unit_test(test_slow_channel),
		cmocka_unit_test(test_slow_channel_after_a_restart),
		cmocka_unit_test(test_confirmed),
		cmocka_unit_test(test_late_guard),
		cmocka_unit_test(test_first_sa),
		cmocka_unit_test(test_guard_fails),
		cmocka_unit_test(test_another_session),
		cmocka_unit_test(test_first_mode),
		cmocka_unit_test(test_it_is_said_each_hour),
		cmocka_unit_test(test_evicted_or_left),
		cmocka_unit_test(test_clear_is_reported),
		cmocka_unit_test(test_more_clear_is_reported),
		cmocka_unit_test(test_nonsense),
	};

	return cmocka_run_group_tests_name("host-modes", tests, NULL, NULL);
}
