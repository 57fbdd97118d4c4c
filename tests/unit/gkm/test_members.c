/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Members join, come back, leave and are taken for one another: the real covey-gkm on loopback,
 * with real certificates and small members (guest.h).
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "channel_private.h"
#include "fabric.h"

/* --- joining ------------------------------------------------------------------------------- */

static void three_members_agree(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;

	for (size_t i = HV1; i <= HV3; i++)
		bring(fabric, i);
	for (size_t i = HV1; i <= HV3; i++) {
		assert_int_equal(guests[i].active_spi, 256);
		assert_int_equal(guests[i].epoch, 1);
		assert_memory_equal(guests[i].tek, guests[HV1].tek, 32);
		assert_in_range(guests[i].lifetime_s, 86390, 86400);
		WAIT_FOR(fabric, guests[i].floors[1] && guests[i].floors[2] && guests[i].floors[3]);
	}
	assert_int_equal(guests[HV1].sender_id, 1);
	assert_int_equal(guests[HV2].sender_id, 2);
	assert_int_equal(guests[HV3].sender_id, 3);
	assert_true(log_says(fabric, "joins tenants as SenderID 3, epoch 1"));
}

static void coming_back_gives_a_higher_epoch(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;
	uint8_t tek[32];

	bring(fabric, HV1);
	bring(fabric, HV2);
	memcpy(tek, guests[HV2].tek, sizeof(tek));
	for (uint16_t epoch = 2; epoch < 5; epoch++) {
		guest_vanish(&guests[HV2]);
		bring(fabric, HV2);
		assert_int_equal(guests[HV2].epoch, epoch);
		assert_int_equal(guests[HV2].sender_id, 2);
		assert_int_equal(guests[HV2].active_spi, 256);
		assert_memory_equal(guests[HV2].tek, tek, sizeof(tek));
		WAIT_FOR(fabric, guests[HV1].floors[2] == epoch);
	}
}

/* Why an IV can never repeat, rule 3: epochs begin anew, so the key must, too. */
static void a_restarted_gkm_has_another_key(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;
	uint64_t instance;
	uint8_t tek[32];

	bring(fabric, HV2);
	bring(fabric, HV1);
	assert_int_equal(guests[HV1].sender_id, 2);
	memcpy(tek, guests[HV1].tek, sizeof(tek));
	instance = guests[HV1].instance;
	assert_int_equal(stop_gkm(fabric, SIGKILL), -SIGKILL);
	WAIT_FOR(fabric, guests[HV1].closed && guests[HV2].closed);
	start_gkm(fabric);
	connect_from(fabric, HV1, "pki", true);
	connect_from(fabric, HV2, "pki", true);
	WAIT_FOR(fabric, guests[HV1].active_spi && guests[HV2].active_spi);
	assert_int_equal(guests[HV1].sender_id, 2);
	assert_int_equal(guests[HV2].sender_id, 1);
	assert_true(guests[HV1].active_spi > 256);
	assert_int_equal(guests[HV1].active_spi, guests[HV2].active_spi);
	assert_int_equal(guests[HV1].epoch, 1);
	assert_memory_not_equal(guests[HV1].tek, tek, sizeof(tek));
	assert_true(guests[HV1].instance != instance);
}

/* The default. */
static void a_newcomer_gets_a_key_of_its_own(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;
	uint8_t tek[32];

	restart_with(fabric, "activation_delay: 2s");
	bring(fabric, HV1);
	assert_int_equal(guests[HV1].active_spi, 256);
	memcpy(tek, guests[HV1].tek, sizeof(tek));
	bring(fabric, HV2);
	assert_int_equal(guests[HV2].active_spi, 257);
	assert_memory_not_equal(guests[HV2].tek, tek, sizeof(tek));
	WAIT_FOR(fabric, guests[HV1].active_spi == 257);
	/* It only comes back. */
	guest_vanish(&guests[HV2]);
	bring(fabric, HV2);
	assert_int_equal(guests[HV2].active_spi, 257);
	assert_int_equal(guests[HV2].epoch, 2);
}

static void leaving_and_joining_again(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;

	bring(fabric, HV1);
	bring(fabric, HV2);
	guest_leave(&guests[HV2]);
	WAIT_FOR(fabric, guests[HV2].left && guests[HV1].floors[2] == 0);
	guest_ack_sa(&guests[HV2], 256); /* crossed our Left: no fault */
	guests[HV2].active_spi = 0;
	guest_join(&guests[HV2], GUEST_GROUP);
	WAIT_FOR(fabric, guests[HV2].active_spi == 256);
	assert_int_equal(guests[HV2].epoch, 2);
	WAIT_FOR(fabric, guests[HV1].floors[2] == 2);
}

/* The Leave was lost with the session before. */
static void leaving_what_another_session_joined(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;

	bring(fabric, HV1);
	bring(fabric, HV2);
	WAIT_FOR(fabric, guests[HV1].floors[2] == 1);
	knock(fabric, HV2);
	guest_hello(&guests[HV2]);
	WAIT_FOR(fabric, guests[HV2].welcome);
	guest_leave(&guests[HV2]);
	WAIT_FOR(fabric, guests[HV2].left);
	WAIT_FOR(fabric, guests[HV1].floors[2] == 0);
	guest_join(&guests[HV2], GUEST_GROUP);
	WAIT_FOR(fabric, guests[HV2].active_spi == 256);
	assert_int_equal(guests[HV2].epoch, 2);
}

static void a_stalled_member_delays_but_does_not_block(void **state)
{
	struct fabric *fabric = *state;
	struct guest *stalled = connect_from(fabric, HV1, "pki", true);
	time_t began;

	stalled->acks = false;
	WAIT_FOR(fabric, stalled->spi);
	began = now_s();
	bring(fabric, HV2);
	assert_int_equal(fabric->guests[HV2].active_spi, 256);
	assert_true(now_s() - began >= 1);
	assert_int_equal(stalled->active_spi, 0);
}

static void heartbeats_are_answered(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guest = bring(fabric, HV1);

	guest_heartbeat(guest);
	guest_heartbeat(guest);
	WAIT_FOR(fabric, guest->heartbeats == 2);
}

/* No member asks for it; without the key manager's own doing they would fail closed in the end. */
static void an_sa_is_replaced_in_time(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guest;

	restart_with(fabric, "interval: 1s, hard_lifetime: 1h");
	guest = bring(fabric, HV1);
	assert_int_equal(guest->active_spi, 256);
	WAIT_FOR(fabric, guest->active_spi > 256);
	WAIT_FOR(fabric, guest->drained_spi == 256);
	assert_true(log_says(fabric, "a new SA is needed: its interval is over"));
	assert_int_equal(guest->epoch, 1); /* in the same registration */
}

static void groups_have_nothing_in_common(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;
	uint8_t tek[32];

	bring(fabric, HV1);
	bring(fabric, HV2);
	memcpy(tek, guests[HV2].tek, sizeof(tek));
	connect_from(fabric, HV2, "pki", false)->group = "feed";
	guests[HV2].joins = true;
	WAIT_FOR(fabric, guests[HV2].active_spi);
	assert_int_equal(guests[HV2].sender_id, 1);
	assert_int_equal(guests[HV2].epoch, 1);
	assert_int_equal(guests[HV2].active_spi, 257);
	assert_memory_not_equal(guests[HV2].tek, tek, sizeof(tek));
	/* In the other group it is who it was. */
	bring(fabric, HV2);
	assert_int_equal(guests[HV2].sender_id, 2);
	assert_int_equal(guests[HV2].epoch, 2);
	assert_int_equal(guests[HV2].active_spi, 256);
	assert_memory_equal(guests[HV2].tek, tek, sizeof(tek));
}

/* --- SenderIDs ----------------------------------------------------------------------------- */

/* Why an IV can never repeat, rule 1, when an identity's SenderID changes. */
static void a_given_up_sender_id_is_nobody_elses(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;
	char pki[512];

	path_of(fabric, "pki", pki);
	bring(fabric, HV1);
	bring(fabric, HV2);
	assert_int_equal(guests[HV2].sender_id, 2);
	issue(pki, IDENTITY_HOST, "hv2", 7, true);
	bring(fabric, HV2);
	assert_int_equal(guests[HV2].sender_id, 7);
	assert_int_equal(guests[HV2].epoch, 2);
	WAIT_FOR(fabric, guests[HV1].floors[2] == 0 && guests[HV1].floors[7] == 2);
	/* 2 was used with an SA that is still there. */
	issue(pki, IDENTITY_HOST, "hv1", 2, true);
	bring(fabric, HV1);
	assert_int_equal(guests[HV1].refusal, COVEY__REFUSAL_CODE__REFUSAL_SENDER_ID);
	/* Back to it is no other identity. */
	issue(pki, IDENTITY_HOST, "hv2", 2, true);
	bring(fabric, HV2);
	assert_int_equal(guests[HV2].sender_id, 2);
	assert_int_equal(guests[HV2].epoch, 3);
	issue(pki, IDENTITY_HOST, "hv2", 7, true);
	bring(fabric, HV2);
	assert_int_equal(stop_gkm(fabric, SIGKILL), -SIGKILL);
	start_gkm(fabric);
	/* The change was durable, and so is what was given up: members may have SAs of before. */
	issue(pki, IDENTITY_HOST, "hv2", 0, true);
	connect_from(fabric, HV1, "pki", true);
	WAIT_FOR(fabric, guests[HV1].refusal);
	assert_int_equal(guests[HV1].refusal, COVEY__REFUSAL_CODE__REFUSAL_SENDER_ID);
	issue(pki, IDENTITY_HOST, "hv1", 0, true);
	connect_from(fabric, HV1, "pki", true);
	connect_from(fabric, HV2, "pki", true);
	WAIT_FOR(fabric, guests[HV1].active_spi && guests[HV2].active_spi);
	assert_int_equal(guests[HV2].sender_id, 7);
	assert_int_equal(guests[HV1].sender_id, 1);
	assert_true(guests[HV1].active_spi > 256);
}

static void a_certificate_that_claims_anothers_sender_id(void **state)
{
	struct fabric *fabric = *state;
	char pki[512];

	bring(fabric, HV1);
	assert_int_equal(fabric->guests[HV1].sender_id, 1);
	path_of(fabric, "pki", pki);
	issue(pki, IDENTITY_HOST, "hv2", 1, true);
	bring(fabric, HV2);
	assert_int_equal(fabric->guests[HV2].refusal, COVEY__REFUSAL_CODE__REFUSAL_SENDER_ID);
	assert_int_equal(fabric->guests[HV2].tek_len, 0);
	assert_true(log_says(fabric, "ALARM: tenants: spiffe://test/host/hv2 claims SenderID 1"));
	/* What the inventory fixes for hv3, which never joined. */
	issue(pki, IDENTITY_HOST, "hv2", 3, true);
	bring(fabric, HV2);
	assert_int_equal(fabric->guests[HV2].refusal, COVEY__REFUSAL_CODE__REFUSAL_SENDER_ID);
	issue(pki, IDENTITY_HOST, "hv2", 7, true);
	bring(fabric, HV2);
	assert_int_equal(fabric->guests[HV2].sender_id, 7);
}

/* --- a second session ---------------------------------------------------------------------- */

/* The channel of the one before stays alive under another name, as one that is half open. */
static void put_aside(struct fabric *fabric, size_t who, struct guest *aside)
{
	*aside = fabric->guests[who];
	aside->channel->arg = aside;
	fabric->guests[who] = (struct guest){0};
}

static struct guest *bring_program(struct fabric *fabric, size_t who, uint64_t program)
{
	struct guest *guest = connect_from(fabric, who, "pki", true);

	guest->program = program;
	WAIT_FOR(fabric, guest->active_spi || guest->refusal || guest->closed);
	return guest;
}

static void a_second_session_supersedes_the_first(void **state)
{
	struct fabric *fabric = *state;
	struct guest first;
	struct guest *second;

	bring(fabric, HV1);
	bring(fabric, HV2);
	put_aside(fabric, HV2, &first);
	second = bring(fabric, HV2);
	assert_cut(fabric, &first, COVEY__REFUSAL_CODE__REFUSAL_SUPERSEDED, "took over");
	assert_int_equal(second->epoch, 2);
	assert_int_equal(second->sender_id, 2);
	assert_int_equal(second->active_spi, 256);
	WAIT_FOR(fabric, fabric->guests[HV1].floors[2] == 2);
	assert_true(log_says(fabric, "ALARM: hv2"));
	guest_heartbeat(second);
	WAIT_FOR(fabric, second->heartbeats == 1);
}

/* After a cut of which the key manager knows nothing yet. */
static void the_same_program_may_come_back(void **state)
{
	struct fabric *fabric = *state;
	struct guest first, second;
	const struct guest *third;

	bring_program(fabric, HV1, 77);
	put_aside(fabric, HV1, &first);
	assert_int_equal(bring_program(fabric, HV1, 77)->epoch, 2);
	WAIT_FOR(fabric, first.closed);
	assert_int_equal(first.refusal, COVEY__REFUSAL_CODE__REFUSAL_NONE);
	assert_true(log_says(fabric, "session ends: it is back on another connection"));
	assert_false(log_says(fabric, "ALARM"));
	assert_false(log_says(fabric, "warning: hv1"));

	put_aside(fabric, HV1, &second);
	third = bring_program(fabric, HV1, 78);
	assert_cut(fabric, &second, COVEY__REFUSAL_CODE__REFUSAL_SUPERSEDED, "took over");
	assert_int_equal(third->epoch, 3);
	assert_true(log_says(fabric, "ALARM: hv1"));
}

/* Killed, and back before its connection's end came through. Nobody else knows what it was. */
static void a_program_may_be_restarted(void **state)
{
	struct fabric *fabric = *state;
	struct guest first, second, *guest;

	bring_program(fabric, HV1, 77);
	put_aside(fabric, HV1, &first);
	guest = connect_from(fabric, HV1, "pki", true);
	guest->program = 78;
	guest->previous = 77;
	WAIT_FOR(fabric, guest->active_spi);
	WAIT_FOR(fabric, first.closed);
	assert_int_equal(first.refusal, COVEY__REFUSAL_CODE__REFUSAL_NONE);
	assert_true(log_says(fabric, "session ends: its program was restarted"));
	assert_false(log_says(fabric, "ALARM"));

	put_aside(fabric, HV1, &second);
	guest = connect_from(fabric, HV1, "pki", true);
	guest->program = 79;
	guest->previous = 77; /* of long ago */
	assert_cut(fabric, &second, COVEY__REFUSAL_CODE__REFUSAL_SUPERSEDED, "took over");
	assert_true(log_says(fabric, "ALARM: hv1"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(three_members_agree),
		TEST(coming_back_gives_a_higher_epoch),
		TEST(a_restarted_gkm_has_another_key),
		TEST(a_newcomer_gets_a_key_of_its_own),
		TEST(leaving_and_joining_again),
		TEST(leaving_what_another_session_joined),
		TEST(a_stalled_member_delays_but_does_not_block),
		TEST(heartbeats_are_answered),
		TEST(an_sa_is_replaced_in_time),
		TEST(groups_have_nothing_in_common),
		TEST(a_given_up_sender_id_is_nobody_elses),
		TEST(a_certificate_that_claims_anothers_sender_id),
		TEST(a_second_session_supersedes_the_first),
		TEST(the_same_program_may_come_back),
		TEST(a_program_may_be_restarted),
	};

	if (fabric_arguments(argc, argv, "COVEY-GKM") < 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests_name("gkm-members", tests, NULL, NULL);
}
