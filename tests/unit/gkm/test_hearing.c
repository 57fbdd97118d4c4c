/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Who is deaf, by what all report of multicast.
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
	uint64_t received;
	bool is_mute; /* it does not listen to all that is multicast */
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
	const struct hearing_report report = {.spi = spi,
					      .window_ids = window_ids,
					      .esns = esns,
					      .window_count = 2,
					      .received = told->received,
					      .listens = !told->is_mute};

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
	assert_int_equal(world->group->members[B].hearing.strikes, 0);
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
	assert_int_equal(world->group->members[B].hearing.unheard, 0);
	assert_int_equal(until_deaf(world, told, 100), HEARING_STRIKES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_hears_nothing_is_deaf),       TEST(deaf_from_the_start),
		TEST(nothing_sent_is_nothing_missed),  TEST(a_few_packets_are_no_reason),
		TEST(who_does_not_listen_is_not_deaf), TEST(haste_is_no_proof),
		TEST(what_it_has_no_sa_for),           TEST(over_a_rekey),
		TEST(a_sender_that_registers_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
