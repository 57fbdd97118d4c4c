/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Who is deaf, by what all report of multicast and of unicast.
 */

#include <covey/wire.h>

#include "world.h"

#include "hearing.h"

#define HEARTBEAT_MS UINT64_C(10000)
#define UNICAST      0x2007
#define MULTICAST    0x3007

/* What a seat has sent and received until now, in one window each. */
struct told {
	uint64_t unicast;
	uint64_t multicast;
	uint64_t received; /* multicast */
	uint64_t unicast_received;
	bool is_mute; /* it does not listen to all that is multicast */
	bool is_old;  /* it does not say how much it receives at all */
};

static int begin(void **state)
{
	struct world *world = world_new();

	world_gather(world, C);
	*state = world;
	return 0;
}

static void report_on(struct world *world, size_t seat, uint32_t spi, const struct told *told)
{
	const uint32_t window_ids[] = {UNICAST, MULTICAST};
	const uint16_t epoch = world->group->members[seat].epoch;
	const uint64_t esns[] = {covey_esn(epoch, told->unicast),
				 covey_esn(epoch, told->multicast)};
	const struct hearing_report report = {
		.spi = spi,
		.window_ids = window_ids,
		.esns = esns,
		.window_count = 2,
		.multicast_received = told->received,
		.received = told->is_old ? 0 : told->received + told->unicast_received,
		.listens = !told->is_mute,
		.receives = !told->is_old};

	hearing_report(world->group, seat, &report);
}

/* A Heartbeat about the active SA. */
static enum hearing_verdict beat(struct world *world, size_t seat, const struct told *told)
{
	report_on(world, seat, group_active_sa(world->group)->spi, told);
	return hearing_judge(world->group, seat, world->now_ms);
}

/* A sends so much more, which B hears or not; C hears it. Returns B's verdict. */
static enum hearing_verdict interval(struct world *world, struct told told[3], uint64_t sent,
				     uint64_t heard)
{
	enum hearing_verdict verdict;

	world_pass(world, HEARTBEAT_MS);
	told[A].multicast += sent;
	told[B].received += heard;
	told[C].received += sent;
	assert_int_equal(beat(world, A, &told[A]), HEARING_AS_BEFORE);
	verdict = beat(world, B, &told[B]);
	assert_int_equal(beat(world, C, &told[C]), HEARING_AS_BEFORE);
	assert_false(world->group->members[A].hearing.deaf);
	assert_false(world->group->members[C].hearing.deaf);
	return verdict;
}

/* Intervals of nothing heard until B is deaf; 0: it does not become so. */
static unsigned until_deaf(struct world *world, struct told told[3], uint64_t sent)
{
	for (unsigned i = 1; i <= 12; i++)
		if (interval(world, told, sent, 0) == HEARING_DEAF)
			return i;
	return 0;
}

static void who_hears_nothing_is_deaf(void **state)
{
	struct world *world = *state;
	struct told told[3] = {{.multicast = 50}};

	assert_int_equal(interval(world, told, 0, 0), HEARING_AS_BEFORE);
	assert_int_equal(interval(world, told, 100, 100), HEARING_AS_BEFORE);
	assert_int_equal(until_deaf(world, told, 100), HEARING_STRIKES);
	assert_true(world->group->members[B].hearing.deaf);
	/* Said once, until it hears. */
	assert_int_equal(interval(world, told, 100, 0), HEARING_AS_BEFORE);
	assert_int_equal(interval(world, told, 100, 1), HEARING_AGAIN);
	assert_false(world->group->members[B].hearing.deaf);
	assert_int_equal(interval(world, told, 100, 0), HEARING_AS_BEFORE);
	assert_int_equal(until_deaf(world, told, 100), HEARING_STRIKES - 1);
}

/* Who never heard any, too. */
static void deaf_from_the_start(void **state)
{
	struct told told[3] = {0};

	interval(*state, told, 0, 0);
	assert_int_equal(until_deaf(*state, told, 4), HEARING_STRIKES);
}

static void nothing_sent_is_nothing_missed(void **state)
{
	struct world *world = *state;
	struct told told[3] = {0};

	interval(world, told, 0, 0);
	interval(world, told, 100, 0); /* lost, of all things */
	assert_int_equal(until_deaf(world, told, 0), 0);
	/* Unicast is not known to be for it. */
	for (unsigned i = 0; i < 10; i++) {
		told[A].unicast += 1000;
		assert_int_equal(interval(world, told, 0, 0), HEARING_AS_BEFORE);
	}
}

/* What the wire may well have lost: here and there one. */
static void a_few_packets_are_no_reason(void **state)
{
	struct told told[3] = {0};

	interval(*state, told, 0, 0);
	assert_int_equal(until_deaf(*state, told, 1), HEARING_PACKETS);
}

/* A member of some of the group's networks alone, or one of an old version. */
static void who_does_not_listen_is_not_deaf(void **state)
{
	struct world *world = *state;
	struct told told[3] = {[B] = {.is_mute = true}};

	interval(world, told, 0, 0);
	assert_int_equal(until_deaf(world, told, 100), 0);
	told[B].is_mute = false;
	assert_int_equal(until_deaf(world, told, 100), HEARING_STRIKES);
	told[B].is_mute = true;
	assert_int_equal(interval(world, told, 100, 0), HEARING_AGAIN);
}

/* Heartbeats in a row, each after more was sent. */
static void haste_is_no_proof(void **state)
{
	struct world *world = *state;
	struct told told[3] = {0};

	interval(world, told, 0, 0);
	for (unsigned i = 0; i < 4; i++) {
		world_pass(world, 10);
		told[A].multicast += 100;
		beat(world, A, &told[A]);
		assert_int_equal(beat(world, B, &told[B]), HEARING_AS_BEFORE);
	}
}

/* What was sent before it had the SA, and on an SA that it does not have, was never for it. */
static void what_it_has_no_sa_for(void **state)
{
	struct world *world = *state;
	struct told told[3] = {{.multicast = 1}};
	struct told none = {0};
	uint32_t spi;

	interval(world, told, 100, 100);
	group_lost(world->group, B);
	for (unsigned i = 0; i < 5; i++) {
		world_pass(world, HEARTBEAT_MS);
		told[A].multicast += 100;
		beat(world, A, &told[A]);
		assert_int_equal(beat(world, B, &told[B]), HEARING_AS_BEFORE);
	}
	world_admit(world, B);
	assert_int_equal(interval(world, told, 0, 0), HEARING_AS_BEFORE);
	assert_int_equal(world->group->members[B].hearing.multicast.strikes, 0);
	/* A new one, of which B has acknowledged nothing and says nothing. */
	spi = world_rekey(world);
	world_calm(world);
	for (unsigned i = 0; i < 5; i++) {
		world_pass(world, HEARTBEAT_MS);
		none.multicast += 100;
		report_on(world, A, spi, &none);
		assert_int_equal(hearing_judge(world->group, B, world->now_ms), HEARING_AS_BEFORE);
	}
}

/* A rekey amid it changes nothing. */
static void over_a_rekey(void **state)
{
	struct world *world = *state;
	struct told told[3] = {0}, again[3] = {0};

	interval(world, told, 0, 0);
	interval(world, told, 100, 0);
	world_rekey(world);
	world_calm(world);
	interval(world, again, 0, 0);
	assert_int_equal(until_deaf(world, again, 100), HEARING_STRIKES - 1);
}

/* Its windows begin anew; what they fell by was not sent. */
static void a_sender_that_registers_again(void **state)
{
	struct world *world = *state;
	struct told told[3] = {0};

	interval(world, told, 0, 0);
	interval(world, told, 1000000, 1000000);
	group_lost(world->group, A);
	world_admit(world, A);
	told[A].multicast = 5;
	assert_int_equal(until_deaf(world, told, 0), 0);
	assert_int_equal(world->group->members[B].hearing.multicast.unheard, 0);
	assert_int_equal(until_deaf(world, told, 100), HEARING_STRIKES);
}

/* --- unicast ------------------------------------------------------------------------------- */

/* What these send and receive by unicast in an interval. */
struct flow {
	uint64_t sent[3], received[3];
};

/* An interval of it. Returns B's verdict. */
static enum hearing_verdict pass(struct world *world, struct told told[3], const struct flow *flow)
{
	enum hearing_verdict verdicts[3] = {HEARING_AS_BEFORE};

	world_pass(world, HEARTBEAT_MS);
	for (size_t seat = A; seat <= C; seat++) {
		told[seat].unicast += flow->sent[seat];
		told[seat].unicast_received += flow->received[seat];
		if (world->group->members[seat].session)
			verdicts[seat] = beat(world, seat, &told[seat]);
	}
	assert_int_equal(verdicts[A], HEARING_AS_BEFORE);
	assert_int_equal(verdicts[C], HEARING_AS_BEFORE);
	return verdicts[B];
}

/* It takes so many intervals of this flow until B's verdict is the one that is wanted; 0: nothing
 * changes. */
static void expect_other(struct world *world, struct told told[3], const struct flow *flow,
			 unsigned intervals, enum hearing_verdict wanted)
{
	for (unsigned i = 1; i <= (intervals ? intervals : 12); i++)
		assert_int_equal(pass(world, told, flow),
				 i == intervals ? wanted : HEARING_AS_BEFORE);
}

static int begin_two(void **state)
{
	struct world *world = world_new();

	world_gather(world, B);
	world->group->seats = 2;
	*state = world;
	return 0;
}

#define TEST_TWO(name) cmocka_unit_test_setup_teardown(name, begin_two, world_end)

/* Whatever the one sends is for the other, whether that sends or not. */
static void one_of_two_that_gets_nothing(void **state)
{
	const struct flow deaf = {.sent = {4, 0}};
	const struct flow well = {.sent = {4, 0}, .received = {0, 4}};
	const struct flow idle = {.sent = {0, 7}, .received = {7, 0}};
	struct world *world = *state;
	const struct member *b = &world->group->members[B];
	struct told told[3] = {[B] = {.is_mute = true}};

	expect_other(world, told, &well, 0, HEARING_AS_BEFORE);
	expect_other(world, told, &idle, 0, HEARING_AS_BEFORE);
	expect_other(world, told, &deaf, HEARING_STRIKES, HEARING_DEAF);
	assert_true(b->hearing.deaf && !b->hearing.perhaps);
	expect_other(world, told, &idle, 0, HEARING_AS_BEFORE);
	expect_other(world, told, &well, 1, HEARING_AGAIN);
	assert_false(b->hearing.deaf || b->hearing.perhaps);
	told[B].is_old = true;
	expect_other(world, told, &deaf, 0, HEARING_AS_BEFORE);
}

/* Its registration is new, and so is all that counts against it. */
static void one_of_two_that_has_just_come(void **state)
{
	const struct flow deaf = {.sent = {100, 0}};
	struct world *world = *state;
	struct told told[3] = {[B] = {.is_mute = true}};

	expect_other(world, told, &deaf, HEARING_STRIKES + 1, HEARING_DEAF);
	for (unsigned i = 0; i < 5; i++) {
		group_lost(world->group, B);
		told[A].unicast += 100;
		beat(world, A, &told[A]);
		world_pass(world, HEARTBEAT_MS);
		world_admit(world, B);
		assert_false(world->group->members[B].hearing.deaf);
		assert_int_equal(beat(world, B, &told[B]), HEARING_AS_BEFORE);
	}
	expect_other(world, told, &deaf, HEARING_STRIKES, HEARING_DEAF);
}

/* Both send; of what A and C send, nothing comes to B, and some of it to nobody. */
static const struct flow b_is_cut_off = {.sent = {100, 20, 50}, .received = {60, 0, 10}};

static void one_of_three_that_gets_nothing(void **state)
{
	const struct flow well = {.sent = {100, 20, 50}, .received = {60, 1, 10}};
	struct world *world = *state;
	const struct member *b = &world->group->members[B];
	struct told told[3] = {{0}};

	expect_other(world, told, &well, 0, HEARING_AS_BEFORE);
	expect_other(world, told, &b_is_cut_off, HEARING_STRIKES, HEARING_PERHAPS);
	assert_true(b->hearing.perhaps && !b->hearing.deaf);
	expect_other(world, told, &b_is_cut_off, 0, HEARING_AS_BEFORE);
	expect_other(world, told, &(struct flow){{100, 0, 50}, {60, 0, 10}}, 0, HEARING_AS_BEFORE);
	assert_true(b->hearing.perhaps);
	expect_other(world, told, &well, 1, HEARING_AGAIN);
	assert_false(b->hearing.perhaps);
}

/* It hears what is multicast, so it is not cut off. */
static void one_of_three_that_gets_multicast(void **state)
{
	struct told told[3] = {{0}};

	for (unsigned i = 0; i < 12; i++) {
		told[B].received++;
		assert_int_equal(pass(*state, told, &b_is_cut_off), HEARING_AS_BEFORE);
	}
}

/* The others talk to each other, and the network loses some of it. Now and then B says something,
 * which nobody answers. */
static void one_of_three_that_is_idle(void **state)
{
	const struct flow idle = {.sent = {1000, 0, 1000}, .received = {900, 0, 900}};
	const struct flow says = {.sent = {1000, 1, 1000}, .received = {900, 0, 900}};
	struct told told[3] = {{0}};

	expect_other(*state, told, &idle, 0, HEARING_AS_BEFORE);
	for (unsigned i = 0; i < 12; i++)
		assert_int_equal(pass(*state, told, i % 3 == 2 ? &idle : &says), HEARING_AS_BEFORE);
}

/* A and B send to C, which answers nobody. All arrives, so B has missed nothing. */
static void two_of_three_that_send_to_the_third(void **state)
{
	const struct flow sink = {.sent = {500, 100, 0}, .received = {0, 0, 600}};
	const struct flow one = {.sent = {0, 100, 0}, .received = {0, 0, 50}};
	struct told told[3] = {{0}};

	expect_other(*state, told, &sink, 0, HEARING_AS_BEFORE);
	expect_other(*state, told, &one, 0, HEARING_AS_BEFORE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_hears_nothing_is_deaf),
		TEST(deaf_from_the_start),
		TEST(nothing_sent_is_nothing_missed),
		TEST(a_few_packets_are_no_reason),
		TEST(who_does_not_listen_is_not_deaf),
		TEST(haste_is_no_proof),
		TEST(what_it_has_no_sa_for),
		TEST(over_a_rekey),
		TEST(a_sender_that_registers_again),
		TEST_TWO(one_of_two_that_gets_nothing),
		TEST_TWO(one_of_two_that_has_just_come),
		TEST(one_of_three_that_gets_nothing),
		TEST(one_of_three_that_gets_multicast),
		TEST(one_of_three_that_is_idle),
		TEST(two_of_three_that_send_to_the_third),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
