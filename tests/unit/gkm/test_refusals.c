/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Whom and what the real covey-gkm refuses: who it is, and messages that make no sense. One table
 * of those that end the session, and what needs more than a row.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fabric.h"

#define PROTOCOL     COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL
#define VTEP         COVEY__REFUSAL_CODE__REFUSAL_VTEP
#define UNKNOWN_HOST COVEY__REFUSAL_CODE__REFUSAL_UNKNOWN_HOST

#define NO_NAME "Join without the name of a group"

#define A16 "aaaaaaaaaaaaaaaa"
#define A63 A16 A16 A16 "aaaaaaaaaaaaaaa"

/* --- what ends a session ------------------------------------------------------------------- */

static void says_nothing(struct guest *guest, const char *text)
{
}

static void hello(struct guest *guest, const char *software)
{
	guest->software = software;
	guest_hello(guest);
}

static void hello_from(struct guest *guest, const char *vtep)
{
	assert_true(covey_addr_parse(vtep, &guest->vtep));
	guest_hello(guest);
}

static void join(struct guest *guest, const char *group)
{
	guest_join(guest, group);
}

static void leave(struct guest *guest, const char *group)
{
	guest->group = group;
	guest_leave(guest);
}

static void heartbeat(struct guest *guest, const char *text)
{
	guest_heartbeat(guest);
}

static void ack_sa(struct guest *guest, const char *spi)
{
	guest_ack_sa(guest, (uint32_t)atoi(spi));
}

static void ack_roster(struct guest *guest, const char *generation)
{
	guest_ack_roster(guest, (uint64_t)atoi(generation));
}

static void report_too_many_failures(struct guest *guest, const char *text)
{
	guest_report(guest, guest->active_spi, 0, UINT64_C(1) << 50);
}

static void report_too_many_packets(struct guest *guest, const char *text)
{
	guest_report(guest, guest->active_spi, UINT64_MAX, 0);
}

static void welcome(struct guest *guest, const char *text)
{
	guest_send_welcome(guest);
}

/* How far the guest has come before it says something. */
enum stage { KNOCKS, GREETS, JOINS };

/* Each ends its own session, with this code and reason. A refusal of a group with such a name would
 * be cut, or one of the session. */
static const struct row {
	const char *name;
	size_t who;
	enum stage stage;
	void (*says)(struct guest *guest, const char *text);
	const char *text;
	Covey__RefusalCode code;
	const char *reason;
} rows[] = {
	{"no host of the inventory", STRANGER, JOINS, says_nothing, NULL, UNKNOWN_HOST, "stranger"},
	{"another's VTEP", HV1, KNOCKS, hello_from, "10.0.0.2", VTEP, "10.0.0.2"},
	{"Join before Hello", HV1, KNOCKS, join, GUEST_GROUP, PROTOCOL, "Join before Hello"},
	{"Heartbeat before Hello", HV1, KNOCKS, heartbeat, NULL, PROTOCOL,
	 "Heartbeat before Hello"},
	{"a second Hello", HV1, JOINS, hello, NULL, PROTOCOL, "second Hello"},
	{"Join twice", HV1, JOINS, join, GUEST_GROUP, PROTOCOL, "which it is in"},
	{"Join of no name after a refusal", HV4, JOINS, join, "", PROTOCOL, "without the name"},
	{"Join of no name", HV1, JOINS, join, "", PROTOCOL, NO_NAME},
	{"Join of 64 characters", HV1, JOINS, join, A63 "a", PROTOCOL, NO_NAME},
	{"Join with a space", HV1, JOINS, join, "ten ants", PROTOCOL, NO_NAME},
	{"Join with a line's end", HV1, JOINS, join, "tenants\n", PROTOCOL, NO_NAME},
	{"Join with a dash first", HV1, JOINS, join, "-rf", PROTOCOL, NO_NAME},
	{"Join with dots alone", HV1, JOINS, join, "..", PROTOCOL, NO_NAME},
	{"Join with no ASCII", HV1, JOINS, join, "tên", PROTOCOL, NO_NAME},
	{"Join with no UTF-8", HV1, JOINS, join, "\xff", PROTOCOL, NO_NAME},
	{"Leave of no name", HV1, JOINS, leave, "", PROTOCOL, "Leave without the name of a group"},
	{"software of 64 characters", HV1, KNOCKS, hello, A63 "a", PROTOCOL, "software"},
	{"software with a line's end", HV1, KNOCKS, hello, "a\nb", PROTOCOL, "software"},
	{"software with DEL", HV1, KNOCKS, hello, "\x7f", PROTOCOL, "software"},
	{"software with no ASCII", HV1, KNOCKS, hello, "caf\xc3\xa9", PROTOCOL, "software"},
	{"software with no UTF-8", HV1, KNOCKS, hello, "\xff", PROTOCOL, "software"},
	{"an SA it was not sent", HV1, JOINS, ack_sa, "4711", PROTOCOL, "SaInstalled of SA 4711"},
	{"a roster it was not sent", HV1, JOINS, ack_roster, "99", PROTOCOL, "generation 99"},
	{"an SA of a group it is not in", HV2, GREETS, ack_sa, "256", PROTOCOL,
	 "SaInstalled of SA 256"},
	{"more failures than there was time for", HV1, JOINS, report_too_many_failures, NULL,
	 PROTOCOL, "more than it had time"},
	{"more packets than an SA may carry", HV1, JOINS, report_too_many_packets, NULL, PROTOCOL,
	 "above the hard limit"},
	{"a key manager's message", HV1, JOINS, welcome, NULL, PROTOCOL, "Welcome"},
};

static struct guest *come(struct fabric *fabric, size_t who, enum stage stage)
{
	struct guest *guest = stage == JOINS ? bring(fabric, who) : knock(fabric, who);

	if (stage == GREETS) {
		guest_hello(guest);
		WAIT_FOR(fabric, guest->welcome);
	}
	return guest;
}

/* The others notice nothing. */
static void what_ends_a_session(void **state)
{
	struct fabric *fabric = *state;
	struct guest *other = bring(fabric, HV3);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct guest *guest = come(fabric, rows[i].who, rows[i].stage);

		/* A stranger is cut without a word of its own. */
		if (rows[i].who != STRANGER && guest->closed)
			fail_msg("%s: closed too early", rows[i].name);
		rows[i].says(guest, rows[i].text);
		assert_cut_in(fabric, guest, rows[i].name, rows[i].code, rows[i].reason);
		if (rows[i].says == hello && rows[i].stage == KNOCKS && guest->welcome)
			fail_msg("%s: it is welcome", rows[i].name);
	}
	guest_heartbeat(other);
	WAIT_FOR(fabric, other->heartbeats == 1);
	assert_false(other->closed);
}

/* --- the same in more than a row ----------------------------------------------------------- */

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
}

static void what_may_be_said(void **state)
{
	static const char *const software[] = {"", A63, "some/1.2 (of a test)"};
	struct fabric *fabric = *state;
	struct guest *guest = bring(fabric, HV1);

	guest_join(guest, A63);
	WAIT_FOR(fabric, guest->refusal == COVEY__REFUSAL_CODE__REFUSAL_UNKNOWN_GROUP);
	assert_non_null(strstr(guest->refusal_reason, "\"" A63 "\""));
	for (size_t i = 0; i < sizeof(software) / sizeof(software[0]); i++) {
		guest = knock(fabric, HV1);
		hello(guest, software[i]);
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

static void counters_that_fall(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guest = bring(fabric, HV1);

	guest_report(guest, guest->active_spi, 1000, 1);
	guest_report(guest, guest->active_spi, 1000, 1);
	guest_report(guest, 4711, 5, 5); /* of no SA that it has */
	WAIT_FOR(fabric, guest->heartbeats == 3);
	guest_report(guest, guest->active_spi, 999, 1);
	assert_cut(fabric, guest, PROTOCOL, "fell from 1000 to 999");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(what_ends_a_session),
		TEST(who_may_not_join),
		TEST(what_may_be_said),
		TEST(what_is_no_message),
		TEST(a_certificate_of_another_ca),
		TEST(counters_that_fall),
	};

	if (fabric_arguments(argc, argv, "COVEY-GKM") < 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests_name("gkm-refusals", tests, NULL, NULL);
}
