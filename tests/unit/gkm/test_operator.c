/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What an operator types beside a running covey-gkm: the real programs, covey-gkm and covey.
 */

#include "operator.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* --- rekey --------------------------------------------------------------------------------- */

static void a_rekey_by_hand(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;
	uint8_t tek[32];
	uint32_t spi;
	json_t *answer;

	bring(fabric, HV1);
	bring(fabric, HV2);
	WAIT_FOR(fabric, guests[HV1].active_spi == guests[HV2].active_spi);
	spi = guests[HV1].active_spi;
	memcpy(tek, guests[HV1].tek, sizeof(tek));
	assert_int_equal(TYPE(fabric, &answer, "rekey", "tenants"), 0);
	/* Neither hears of it before this test goes on. */
	assert_string_equal(text_in(answer, "rekey"), "begun");
	assert_int_equal(json_integer_value(json_object_get(answer, "spi")), spi + 1);
	assert_int_equal(json_array_size(json_object_get(answer, "awaited")), 2);
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(answer, "awaited"), 1)), "hv2");
	json_decref(answer);
	WAIT_FOR(fabric, guests[HV1].active_spi > spi && guests[HV2].active_spi > spi);
	assert_int_equal(guests[HV1].active_spi, guests[HV2].active_spi);
	assert_memory_not_equal(guests[HV1].tek, tek, sizeof(tek));
	WAIT_FOR(fabric, guests[HV1].drained_spi == spi && guests[HV2].drained_spi == spi);
	assert_int_equal(guests[HV1].epoch, 1);
	assert_true(log_says(fabric, "a new SA is needed: the operator asks for it"));
}

/* The members may be very many. */
static void one_line_tells_that_all_send(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;
	char told[64];
	json_t *answer;

	bring(fabric, HV1);
	bring(fabric, HV2);
	bring(fabric, HV3);
	WAIT_FOR(fabric, guests[HV1].active_spi == guests[HV3].active_spi &&
				 guests[HV2].active_spi == guests[HV3].active_spi);
	snprintf(told, sizeof(told), "told 3 members to send on SA %u, 3 are there",
		 guests[HV1].active_spi + 1);
	assert_int_equal(TYPE(fabric, &answer, "rekey", "tenants"), 0);
	json_decref(answer);
	WAIT_FOR(fabric, log_says(fabric, told));
	assert_int_equal(log_count(fabric, told), 1);
	assert_true(log_says(fabric, "debug: tenants: spiffe://test/host/hv1 sends on SA"));
	assert_false(log_says(fabric, "info: tenants: spiffe://test/host/hv1 sends on SA"));
}

/* Whoever is late is not among them. */
static void one_line_tells_how_many_never_did(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;
	json_t *answer;
	char told[64];
	uint32_t spi;

	bring(fabric, HV1);
	bring(fabric, HV2);
	WAIT_FOR(fabric, guests[HV1].active_spi == guests[HV2].active_spi);
	spi = guests[HV1].active_spi;
	guests[HV2].acks = false;
	for (size_t i = 1; i <= 2; i++) {
		assert_int_equal(TYPE(fabric, &answer, "rekey", "tenants"), 0);
		json_decref(answer);
		WAIT_FOR(fabric, guests[HV1].active_spi == spi + i);
	}
	snprintf(told, sizeof(told), "told 1 members to send on SA %u, 2 are there", spi + 1);
	assert_int_equal(log_count(fabric, told), 1);
}

/* The operator may not know that its control channel is cut. */
static void who_is_left_behind_is_named(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;
	json_t *answer;

	bring(fabric, HV1);
	bring(fabric, HV2);
	WAIT_FOR(fabric, guests[HV1].active_spi == guests[HV2].active_spi);
	guest_vanish(&guests[HV2]);
	WAIT_FOR(fabric, log_says(fabric, " departs: "));
	assert_int_equal(TYPE(fabric, &answer, "rekey", "tenants"), 0);
	assert_int_equal(json_array_size(json_object_get(answer, "away")), 1);
	assert_string_equal(json_string_value(json_array_get(json_object_get(answer, "away"), 0)),
			    "hv2");
	json_decref(answer);
	WAIT_FOR(fabric, log_says(fabric, "hv2 has no connection"));
}

static void rekeys_that_overlap_are_one(void **state)
{
	struct fabric *fabric = *state;
	struct guest *stalled = bring(fabric, HV1);
	uint32_t spi = stalled->active_spi;
	json_t *answer;

	stalled->acks = false;
	assert_int_equal(TYPE(fabric, &answer, "rekey", "tenants"), 0);
	json_decref(answer);
	WAIT_FOR(fabric, stalled->spi > spi);
	/* Once: each waits a moment for the outcome, and the activation delay is not long. */
	assert_int_equal(TYPE(fabric, &answer, "rekey", "tenants"), 0);
	assert_string_equal(text_in(answer, "rekey"), "under way");
	json_decref(answer);
	assert_int_equal(stalled->spi, spi + 1);
	WAIT_FOR(fabric, log_says(fabric, "has not acknowledged SA"));
	guest_ack_sa(stalled, spi + 1);
	WAIT_FOR(fabric, stalled->active_spi == spi + 1);
}

static void names_that_are_unknown(void **state)
{
	struct fabric *fabric = *state;
	json_t *answer;
	int status;

	status = TYPE(fabric, &answer, "rekey", "tenant");
	assert_refused(fabric, answer, status, "no group tenant (did you mean tenants?)");
	status = TYPE(fabric, &answer, "rekey", "no\nsuch");
	assert_refused(fabric, answer, status, "no group");
}

static void nobody_there_to_rekey(void **state)
{
	struct fabric *fabric = *state;
	json_t *answer;

	assert_int_equal(TYPE(fabric, &answer, "rekey", "tenants"), 0);
	assert_string_equal(text_in(answer, "rekey"), "waits for a member");
	assert_true(json_is_null(json_object_get(answer, "spi")));
	json_decref(answer);
}

/* --- show ---------------------------------------------------------------------------------- */

static void it_shows_what_members_know_better(void **state)
{
	struct fabric *fabric = *state;
	json_t *answer, *file;

	connect_from(fabric, HV1, "pki", true)->knows = 299;
	WAIT_FOR(fabric, fabric->guests[HV1].welcome);
	connect_from(fabric, HV2, "pki", true)->knows = UINT32_MAX;
	WAIT_FOR(fabric, fabric->guests[HV1].active_spi >= 300 && fabric->guests[HV2].welcome);
	assert_int_equal(TYPE(fabric, &answer, "show", "--gkm"), 0);
	file = json_object_get(answer, "state_file");
	assert_true(json_integer_value(json_object_get(file, "next_spi")) >
		    fabric->guests[HV1].active_spi);
	assert_int_equal(json_integer_value(json_object_get(file, "behind")), 1);
	assert_int_equal(json_integer_value(json_object_get(file, "skipped")), 300 - 256);
	assert_int_equal(json_integer_value(json_object_get(file, "absurd")), 1);
	json_decref(answer);
}

static void it_shows_what_it_manages(void **state)
{
	struct fabric *fabric = *state;
	json_t *answer, *group = NULL, *sa, *member;

	bring(fabric, HV1);
	assert_int_equal(TYPE(fabric, &answer, "show", "--gkm"), 0);
	for (size_t i = 0; i < json_array_size(json_object_get(answer, "groups")); i++) {
		group = json_array_get(json_object_get(answer, "groups"), i);
		if (strcmp(text_in(group, "name"), "tenants") == 0)
			break;
	}
	assert_int_equal(json_integer_value(json_object_get(group, "connected")), 1);
	sa = json_array_get(json_object_get(group, "sas"), 0);
	assert_int_equal(json_integer_value(json_object_get(sa, "spi")), 256);
	assert_string_equal(text_in(sa, "state"), "active");
	assert_int_equal(json_integer_value(json_object_get(sa, "sending")), 1);
	member = json_array_get(json_object_get(group, "members"), 0);
	assert_string_equal(text_in(member, "state"), "connected");
	assert_int_equal(json_integer_value(json_object_get(member, "sender_id")), 1);
	member = json_array_get(json_object_get(group, "members"), 1);
	assert_string_equal(text_in(member, "state"), "absent");
	json_decref(answer);
}

/* Members that were told to drop it in time can receive it until then. */
static void acks_of_a_draining_sa_count(void **state)
{
	struct fabric *fabric = *state;
	json_t *answer, *sa = NULL, *group;
	size_t i;

	bring(fabric, HV1);
	assert_int_equal(TYPE(fabric, &answer, "rekey", "tenants"), 0);
	json_decref(answer);
	WAIT_FOR(fabric, fabric->guests[HV1].drained_spi == 256);
	assert_int_equal(TYPE(fabric, &answer, "show", "--gkm"), 0);
	json_array_foreach(json_object_get(answer, "groups"), i, group)
		if (strcmp(text_in(group, "name"), "tenants") == 0)
			sa = json_array_get(json_object_get(group, "sas"), 0);
	assert_int_equal(json_integer_value(json_object_get(sa, "spi")), 256);
	assert_string_equal(text_in(sa, "state"), "draining");
	assert_int_equal(json_integer_value(json_object_get(sa, "acked")), 1);
	assert_int_equal(json_integer_value(json_object_get(sa, "sending")), 0);
	json_decref(answer);
}

/* --- a backup ------------------------------------------------------------------------------ */

static void assert_no_key(const char *path, const uint8_t *tek, size_t len)
{
	static uint8_t content[1 << 20];
	FILE *file = fopen(path, "r");
	size_t size;

	assert_non_null(file);
	size = fread(content, 1, sizeof(content), file);
	assert_true(size > 1000 && feof(file));
	fclose(file);
	assert_null(memmem(content, size, tek, len));
}

/* It is taken while members send, nobody else can read it, and no key is in it. Another key manager
 * goes on from there, and knows who was evicted. */
static void a_backup_goes_on_from_there(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;
	struct stat info;
	char path[512];
	json_t *answer;
	uint32_t spi;
	int status;

	bring(fabric, HV1);
	bring(fabric, HV2);
	assert_int_equal(TYPE(fabric, &answer, "evict", "hv1"), 0);
	json_decref(answer);
	WAIT_FOR(fabric, guests[HV2].active_spi == 257);
	spi = guests[HV2].active_spi;
	path_of(fabric, "backup.db", path);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(TYPE(fabric, &answer, "backup", path), 0);
		assert_string_equal(text_in(answer, "file"), path);
		assert_int_equal(stat(path, &info), 0);
		assert_int_equal(info.st_mode & 07777, 0600);
		assert_int_equal(info.st_size,
				 json_integer_value(json_object_get(answer, "bytes")));
		json_decref(answer);
	}
	assert_no_key(path, guests[HV2].tek, guests[HV2].tek_len);
	status = TYPE(fabric, &answer, "backup", "/proc/no-such-directory/backup.db");
	assert_refused(fabric, answer, status, "cannot write");

	assert_int_equal(stop_gkm(fabric, SIGKILL), -SIGKILL);
	strcpy(fabric->state, "backup.db");
	start_gkm(fabric);
	bring(fabric, HV1);
	assert_cut(fabric, &guests[HV1], COVEY__REFUSAL_CODE__REFUSAL_EVICTED, "is evicted");
	bring(fabric, HV2);
	assert_int_equal(guests[HV2].sender_id, 2);
	assert_true(guests[HV2].active_spi > spi);
}

/* --- the socket ---------------------------------------------------------------------------- */

static void the_socket_is_its_owners(void **state)
{
	struct fabric *fabric = *state;
	char path[512];
	struct stat info;

	path_of(fabric, "gkm.sock", path);
	assert_int_equal(stat(path, &info), 0);
	assert_true(S_ISSOCK(info.st_mode));
	assert_int_equal(info.st_mode & 07777, 0660);
	assert_int_equal(stop_gkm(fabric, SIGTERM), 0);
	assert_int_equal(stat(path, &info), -1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(who_is_left_behind_is_named),
		TEST(a_rekey_by_hand),
		TEST(rekeys_that_overlap_are_one),
		TEST(names_that_are_unknown),
		TEST(one_line_tells_that_all_send),
		TEST(one_line_tells_how_many_never_did),
		TEST(nobody_there_to_rekey),
		TEST(it_shows_what_it_manages),
		TEST(it_shows_what_members_know_better),
		TEST(acks_of_a_draining_sa_count),
		TEST(a_backup_goes_on_from_there),
		TEST(the_socket_is_its_owners),
	};

	if (fabric_arguments(argc, argv, "COVEY-GKM COVEY") < 0)
		return EXIT_FAILURE;
	covey_program = argv[2];
	return cmocka_run_group_tests_name("gkm-operator", tests, NULL, NULL);
}
