/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The real covey-gkm on loopback, with real certificates and small members (guest.h). It is given
 * as the first argument.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "channel_private.h"
#include "fabric.h"
#include "log_limit.h"

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

	assert_int_equal(stop_gkm(fabric, SIGTERM), 0);
	fabric->rekey = "activation_delay: 2s";
	write_inventory(fabric, "127.0.0.1");
	start_gkm(fabric);
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

/* A member that is away closes nothing, and its key manager does not wait for that. */
static void it_stops_at_once(void **state)
{
	struct fabric *fabric = *state;
	struct timespec began, ended;

	bring(fabric, HV1);
	bring(fabric, HV2);
	clock_gettime(CLOCK_MONOTONIC, &began);
	/* Meanwhile no member's event loop runs. */
	assert_int_equal(stop_gkm(fabric, SIGTERM), 0);
	clock_gettime(CLOCK_MONOTONIC, &ended);
	assert_true((ended.tv_sec - began.tv_sec) * 1000 +
			    (ended.tv_nsec - began.tv_nsec) / 1000000 <
		    1500);
	start_gkm(fabric);
	WAIT_FOR(fabric, fabric->guests[HV1].closed && fabric->guests[HV2].closed);
	assert_int_equal(fabric->guests[HV1].refusal, COVEY__REFUSAL_CODE__REFUSAL_SHUTDOWN);
	assert_int_equal(fabric->guests[HV2].refusal, COVEY__REFUSAL_CODE__REFUSAL_SHUTDOWN);
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

	assert_int_equal(stop_gkm(fabric, SIGTERM), 0);
	fabric->rekey = "interval: 1s, hard_lifetime: 1h";
	write_inventory(fabric, "127.0.0.1");
	start_gkm(fabric);
	guest = bring(fabric, HV1);
	assert_int_equal(guest->active_spi, 256);
	WAIT_FOR(fabric, guest->active_spi > 256);
	WAIT_FOR(fabric, guest->drained_spi == 256);
	assert_true(log_says(fabric, "a new SA is needed: its interval is over"));
	assert_int_equal(guest->epoch, 1); /* in the same registration */
}

/* --- refusals ------------------------------------------------------------------------------ */

static void who_may_not_join(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guest = bring(fabric, HV4);

	assert_int_equal(guest->refusal, COVEY__REFUSAL_CODE__REFUSAL_NOT_AUTHORISED);
	assert_false(guest->closed);
	guest->refusal = COVEY__REFUSAL_CODE__REFUSAL_NONE;
	guest_join(guest, "no.such_Group-1");
	WAIT_FOR(fabric, guest->refusal == COVEY__REFUSAL_CODE__REFUSAL_UNKNOWN_GROUP);
	assert_non_null(strstr(guest->refusal_reason, "\"no.such_Group-1\""));
	assert_int_equal(guest->tek_len, 0);
	guest_join(guest, "");
	assert_cut(fabric, guest, COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL, "without the name");
	guest = bring(fabric, STRANGER);
	assert_cut(fabric, guest, COVEY__REFUSAL_CODE__REFUSAL_UNKNOWN_HOST, "stranger");
}

#define A16 "aaaaaaaaaaaaaaaa"
#define A63 A16 A16 A16 "aaaaaaaaaaaaaaa"

/* A refusal of such a group would be cut, or one of the session. */
static void what_is_no_groups_name(void **state)
{
	static const char *const names[] = {"",    A63 "a", "ten ants", "tenants\n",
					    "-rf", "..",    "tên",      "\xff"};
	struct fabric *fabric = *state;
	struct guest *guest = bring(fabric, HV1);

	guest_join(guest, A63);
	WAIT_FOR(fabric, guest->refusal == COVEY__REFUSAL_CODE__REFUSAL_UNKNOWN_GROUP);
	assert_non_null(strstr(guest->refusal_reason, "\"" A63 "\""));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		guest = bring(fabric, HV1);
		assert_false(guest->closed);
		guest_join(guest, names[i]);
		assert_cut(fabric, guest, COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL,
			   "Join without the name of a group");
	}
	guest = bring(fabric, HV1);
	guest->group = "";
	guest_leave(guest);
	assert_cut(fabric, guest, COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL,
		   "Leave without the name of a group");
}

static void what_software_may_be_called(void **state)
{
	static const char *const bad[] = {A63 "a", "a\nb", "\x7f", "caf\xc3\xa9", "\xff"};
	static const char *const good[] = {"", A63, "some/1.2 (of a test)"};
	struct fabric *fabric = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct guest *guest = knock(fabric, HV1);

		guest->software = bad[i];
		guest_hello(guest);
		assert_cut(fabric, guest, COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL, "software");
		assert_false(guest->welcome);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct guest *guest = knock(fabric, HV1);

		guest->software = good[i];
		guest_hello(guest);
		WAIT_FOR(fabric, guest->welcome);
	}
	assert_true(log_says(fabric, "is welcome, it runs some/1.2 (of a test)\n"));
	assert_true(log_says(fabric, "is welcome, it runs what it does not say\n"));
}

/* Frames are the channel's: nothing is answered to what is no message. */
static void what_is_no_message(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guest = bring(fabric, HV1);

	guest_send_unknown(guest);
	assert_cut(fabric, guest, COVEY__REFUSAL_CODE__REFUSAL_NONE, "");
	assert_string_equal(guest->closed_reason, "peer closed");
	WAIT_FOR(fabric, log_says(fabric, "that are not a valid message"));
	bring(fabric, HV1);
	assert_int_equal(fabric->guests[HV1].epoch, 2);
}

static void a_certificate_of_another_ca(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guest;
	char other[512], ours[512], command[1100];

	path_of(fabric, "other", other);
	make_pki(other);
	/* It trusts our CA as well, so that only the key manager can refuse. */
	path_of(fabric, "pki/ca.crt", ours);
	path_of(fabric, "other/ca.crt", other);
	snprintf(command, sizeof(command), "cat '%s' >> '%s'", ours, other);
	assert_int_equal(system(command), 0);
	guest = connect_from(fabric, HV1, "other", true);
	WAIT_FOR(fabric, guest->closed);
	assert_false(guest->welcome);
	assert_int_equal(guest->refusal, COVEY__REFUSAL_CODE__REFUSAL_NONE);
	WAIT_FOR(fabric, log_says(fabric, "is cut before it was let in"));
}

static void a_vtep_that_is_anothers(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guest = knock(fabric, HV1);

	assert_true(covey_addr_parse("10.0.0.2", &guest->vtep));
	guest_hello(guest);
	assert_cut(fabric, guest, COVEY__REFUSAL_CODE__REFUSAL_VTEP, "10.0.0.2");
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

static struct guest *bring_program(struct fabric *fabric, size_t who, uint64_t program)
{
	struct guest *guest = connect_from(fabric, who, "pki", true);

	guest->program = program;
	WAIT_FOR(fabric, guest->active_spi || guest->refusal || guest->closed);
	return guest;
}

/* The channel of the one before stays alive under another name, as one that is half open. */
static void put_aside(struct fabric *fabric, size_t who, struct guest *aside)
{
	*aside = fabric->guests[who];
	aside->channel->arg = aside;
	fabric->guests[who] = (struct guest){0};
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

/* --- messages that make no sense ----------------------------------------------------------- */

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

static void nothing_before_hello(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guest = knock(fabric, HV1);

	guest_join(guest, GUEST_GROUP);
	assert_cut(fabric, guest, COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL, "Join before Hello");
	guest = knock(fabric, HV1);
	guest_heartbeat(guest);
	assert_cut(fabric, guest, COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL, "Heartbeat before Hello");
}

static void only_one_hello(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guest = bring(fabric, HV1);

	guest_hello(guest);
	assert_cut(fabric, guest, COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL, "second Hello");
}

static void no_join_twice(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guest = bring(fabric, HV1);

	guest_join(guest, GUEST_GROUP);
	assert_cut(fabric, guest, COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL, "which it is in");
}

static void no_ack_of_what_was_not_sent(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guest = bring(fabric, HV1);

	guest_ack_sa(guest, 4711);
	assert_cut(fabric, guest, COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL, "SaInstalled of SA 4711");
	guest = bring(fabric, HV1);
	guest_ack_roster(guest, 99);
	assert_cut(fabric, guest, COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL, "generation 99");
	guest = knock(fabric, HV2);
	guest_hello(guest);
	WAIT_FOR(fabric, guest->welcome);
	guest_ack_sa(guest, 256);
	assert_cut(fabric, guest, COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL, "SaInstalled of SA 256");
}

/* The others notice nothing. */
static void no_impossible_counters(void **state)
{
	struct fabric *fabric = *state;
	struct guest *other = bring(fabric, HV2);
	struct guest *guest = bring(fabric, HV1);

	guest_report(guest, guest->active_spi, 1000, 1);
	guest_report(guest, guest->active_spi, 1000, 1);
	guest_report(guest, 4711, 5, 5); /* of no SA that it has */
	WAIT_FOR(fabric, guest->heartbeats == 3);
	guest_report(guest, guest->active_spi, 999, 1);
	assert_cut(fabric, guest, COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL, "fell from 1000 to 999");
	guest = bring(fabric, HV1);
	guest_report(guest, guest->active_spi, 0, UINT64_C(1) << 50);
	assert_cut(fabric, guest, COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL, "more than it had time");
	guest = bring(fabric, HV1);
	guest_report(guest, guest->active_spi, UINT64_MAX, 0);
	assert_cut(fabric, guest, COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL, "above the hard limit");
	guest_heartbeat(other);
	WAIT_FOR(fabric, other->heartbeats == 1);
	assert_false(other->closed);
}

static void no_message_of_a_gkm(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guest = bring(fabric, HV1);

	guest_send_welcome(guest);
	assert_cut(fabric, guest, COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL, "Welcome");
}

/* --- the program itself -------------------------------------------------------------------- */

static void sigterm_ends_it_cleanly(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guest = bring(fabric, HV1);
	pid_t child = fabric->gkm;

	knock(fabric, HV2);
	fabric->gkm = 0;
	kill(child, SIGTERM);
	assert_cut(fabric, guest, COVEY__REFUSAL_CODE__REFUSAL_SHUTDOWN, "stops");
	assert_int_equal(wait_for_exit(child), 0);
	assert_true(log_says(fabric, "stopped"));
	start_gkm(fabric);
	assert_int_equal(stop_gkm(fabric, SIGINT), 0);
}

/* Starts another one, expects it to give up and say why. */
static void assert_gives_up(struct fabric *fabric, const char *why)
{
	forget_log(fabric);
	assert_int_equal(wait_for_exit(run_gkm(fabric)), 1);
	if (!log_says(fabric, why))
		fail_msg("it did not say \"%s\"", why);
}

static void it_says_why_it_cannot_start(void **state)
{
	struct fabric *fabric = *state;
	char from[512], to[512];

	assert_gives_up(fabric, "another covey-gkm");
	path_of(fabric, "gkm.db", from);
	path_of(fabric, "away.db", to);
	assert_int_equal(rename(from, to), 0);
	assert_gives_up(fabric, "is in use: `ss -ltnp");
	write_inventory(fabric, "192.0.2.1");
	assert_gives_up(fabric, "192.0.2.1 is no address of this host");
	write_inventory(fabric, "not an address");
	assert_gives_up(fabric, "inventory.yaml:4:");
	path_of(fabric, "inventory.yaml", from);
	unlink(from);
	assert_gives_up(fabric, "inventory.yaml");
}

/* No key may ever be in the state file. */
static void the_key_is_not_on_disk(void **state)
{
	struct fabric *fabric = *state;
	static uint8_t file[1 << 20];
	struct guest *guest = bring(fabric, HV1);
	char path[512];
	ssize_t len;
	int fd;

	path_of(fabric, "gkm.db", path);
	fd = open(path, O_RDONLY);
	len = read(fd, file, sizeof(file));
	close(fd);
	assert_true(len > 4096);
	assert_null(memmem(file, (size_t)len, guest->tek, 8));
	assert_non_null(memmem(file, (size_t)len, "spiffe://test/host/hv1", 22));
}

/* --- when there is not enough of something ------------------------------------------------- */

static void nothing_is_granted_on_a_full_disk(void **state)
{
	struct fabric *fabric = *state;
	char directory[512], state_file[512], filler[512];
	struct guest *guest;

	assert_int_equal(stop_gkm(fabric, SIGTERM), 0);
	path_of(fabric, "small", directory);
	path_of(fabric, "gkm.db", state_file);
	path_of(fabric, "small/filler", filler);
	assert_int_equal(mkdir(directory, 0700), 0);
	if (!scratch_mount(directory))
		skip();
	unlink(state_file);
	assert_int_equal(symlink("small/gkm.db", state_file), 0);
	assert_gives_up(fabric, "no regular file");
	snprintf(fabric->state, sizeof(fabric->state), "%s", "small/gkm.db");
	start_gkm(fabric);
	assert_int_equal(scratch_fill(filler), 0);
	guest = bring(fabric, HV1);
	assert_int_equal(guest->refusal, COVEY__REFUSAL_CODE__REFUSAL_UNAVAILABLE);
	assert_false(guest->joined || guest->tek_len);
	assert_true(log_says(fabric, "disk is full"));
	unlink(filler);
	guest = bring(fabric, HV1);
	assert_int_equal(guest->active_spi, 256);
	stop_gkm(fabric, SIGTERM);
	path_of(fabric, "small", directory);
	scratch_unmount(directory);
}

static int raw_connection(const struct fabric *fabric)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(fabric->port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void it_outlives_a_lack_of_descriptors(void **state)
{
	struct fabric *fabric = *state;
	const struct rlimit few = {.rlim_cur = 24, .rlim_max = 24};
	struct rlimit before;
	int sockets[40];

	assert_int_equal(prlimit(fabric->gkm, RLIMIT_NOFILE, &few, &before), 0);
	for (size_t i = 0; i < 40; i++)
		sockets[i] = raw_connection(fabric);
	WAIT_FOR(fabric, log_says(fabric, "turned away: Too many open files"));
	for (size_t i = 0; i < 40; i++)
		close(sockets[i]);
	assert_int_equal(bring(fabric, HV1)->active_spi, 256);
}

/* Members that do not read, and strangers that say nothing: none of them is waited for. */
static void sigterm_ends_it_under_load(void **state)
{
	struct fabric *fabric = *state;
	int sockets[200];
	time_t began;

	bring(fabric, HV1);
	bring(fabric, HV2);
	for (size_t i = 0; i < 200; i++)
		sockets[i] = raw_connection(fabric);
	for (size_t i = 0; i < 20000; i++)
		guest_heartbeat(&fabric->guests[HV1]);
	WAIT_FOR(fabric, fabric->guests[HV1].heartbeats > 0);
	began = now_s();
	assert_int_equal(stop_gkm(fabric, SIGTERM), 0);
	assert_in_range(now_s() - began, 0, 5);
	for (size_t i = 0; i < 200; i++)
		close(sockets[i]);
}

static void strangers_cannot_fill_the_log(void **state)
{
	struct fabric *fabric = *state;

	for (size_t i = 0; i < 500; i++)
		close(raw_connection(fabric));
	assert_int_equal(bring(fabric, HV1)->active_spi, 256);
	/* Each of them counts as one that has not identified itself until it is cut. */
	assert_in_range(log_count(fabric, "is cut before it was let in"), LOG_LIMIT_BURST,
			LOG_LIMIT_BURST + 2);
}

static void strangers_cannot_take_all_places(void **state)
{
	struct fabric *fabric = *state;
	const struct rlimit many = {.rlim_cur = 4096, .rlim_max = 4096};
	static int sockets[COVEY_SESSIONS_UNAUTHENTICATED_MAX + 100];
	const size_t count = sizeof(sockets) / sizeof(*sockets);

	assert_int_equal(setrlimit(RLIMIT_NOFILE, &many), 0);
	bring(fabric, HV1);
	for (size_t i = 0; i < count; i++)
		sockets[i] = raw_connection(fabric);
	WAIT_FOR(fabric, log_says(fabric, "too many have not identified themselves yet"));
	guest_heartbeat(&fabric->guests[HV1]);
	WAIT_FOR(fabric, fabric->guests[HV1].heartbeats == 1);
	for (size_t i = 0; i < count; i++)
		close(sockets[i]);
	do
		bring(fabric, HV2);
	while (!fabric->guests[HV2].active_spi);
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
		TEST(it_stops_at_once),
		TEST(a_stalled_member_delays_but_does_not_block),
		TEST(heartbeats_are_answered),
		TEST(an_sa_is_replaced_in_time),
		TEST(who_may_not_join),
		TEST(a_certificate_of_another_ca),
		TEST(a_vtep_that_is_anothers),
		TEST(a_certificate_that_claims_anothers_sender_id),
		TEST(a_given_up_sender_id_is_nobody_elses),
		TEST(groups_have_nothing_in_common),
		TEST(a_second_session_supersedes_the_first),
		TEST(the_same_program_may_come_back),
		TEST(what_is_no_groups_name),
		TEST(what_software_may_be_called),
		TEST(what_is_no_message),
		TEST(a_program_may_be_restarted),
		TEST(nothing_before_hello),
		TEST(only_one_hello),
		TEST(no_join_twice),
		TEST(no_ack_of_what_was_not_sent),
		TEST(no_impossible_counters),
		TEST(no_message_of_a_gkm),
		TEST(sigterm_ends_it_cleanly),
		TEST(it_says_why_it_cannot_start),
		TEST(the_key_is_not_on_disk),
		TEST(nothing_is_granted_on_a_full_disk),
		TEST(it_outlives_a_lack_of_descriptors),
		TEST(sigterm_ends_it_under_load),
		TEST(strangers_cannot_fill_the_log),
		TEST(strangers_cannot_take_all_places),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s COVEY-GKM\n", argv[0]);
		return EXIT_FAILURE;
	}
	gkm_program = argv[1];
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("gkm-daemon", tests, NULL, NULL);
}
