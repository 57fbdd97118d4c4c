/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Certificates that are revoked while the real covey-gkm runs, by the lists that `covey pki` makes.
 */

#include "fabric.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define REVOKED COVEY__REFUSAL_CODE__REFUSAL_REVOKED

static void withdraw(const struct fabric *fabric, const char *name)
{
	struct pki_revoked revoked;
	struct covey_error error;
	char directory[512];

	path_of(fabric, "pki", directory);
	if (pki_revoke(directory, "test", name, NULL, 30, &revoked, &error) < 0)
		fail_msg("%s", error.text);
}

static void reissue(const struct fabric *fabric, const char *name)
{
	char directory[512];

	path_of(fabric, "pki", directory);
	issue(directory, IDENTITY_HOST, name, 0, true);
}

/* Let the file hold this instead of a list. */
static void spoil(const struct fabric *fabric)
{
	char path[512], temporary[512];
	FILE *file;

	path_of(fabric, "pki/crl.pem", path);
	path_of(fabric, "pki/.new", temporary);
	file = fopen(temporary, "w");
	assert_non_null(file);
	fputs("-----BEGIN X509 CRL-----\nnonsense\n", file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(rename(temporary, path), 0);
}

static void remove_list(const struct fabric *fabric)
{
	char path[512];

	path_of(fabric, "pki/crl.pem", path);
	assert_int_equal(unlink(path), 0);
}

/* Tries, and is turned away before anything is said to it. */
static void assert_turned_away(struct fabric *fabric, size_t who)
{
	struct guest *guest = connect_from(fabric, who, "pki", true);

	WAIT_FOR(fabric, guest->closed);
	assert_false(guest->welcome);
	assert_int_equal(guest->tek_len, 0);
	assert_non_null(strstr(guest->closed_reason, "our certificate is revoked"));
}

static void a_live_session_is_cut(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;
	uint8_t tek[32];

	bring(fabric, HV1);
	bring(fabric, HV2);
	assert_int_equal(guests[HV1].active_spi, 256);
	memcpy(tek, guests[HV1].tek, sizeof(tek));
	withdraw(fabric, "hv2");
	assert_cut(fabric, &guests[HV2], REVOKED, "is revoked");
	WAIT_FOR(fabric, guests[HV1].active_spi > 256);
	assert_memory_not_equal(guests[HV1].tek, tek, sizeof(tek));
	assert_int_equal(guests[HV2].spi, 256);
	WAIT_FOR(fabric, guests[HV1].drained_spi == 256 && guests[HV1].floors[2] == 0);
	assert_false(guests[HV1].closed);
	assert_turned_away(fabric, HV2);
	WAIT_FOR(fabric, log_says(fabric, "the certificate of spiffe://test/host/hv2, serial "
					  "number "));
}

static void it_may_come_back_with_another_certificate(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;
	uint16_t sender_id;

	bring(fabric, HV1);
	bring(fabric, HV2);
	sender_id = guests[HV2].sender_id;
	withdraw(fabric, "hv2");
	assert_cut(fabric, &guests[HV2], REVOKED, "is revoked");
	assert_turned_away(fabric, HV2);
	reissue(fabric, "hv2");
	bring(fabric, HV2);
	assert_true(guests[HV2].active_spi > 256);
	assert_int_equal(guests[HV2].sender_id, sender_id);
	assert_int_equal(guests[HV2].epoch, 2);
	WAIT_FOR(fabric, guests[HV1].active_spi == guests[HV2].active_spi);
}

/* It still has the keys that it got. */
static void one_that_is_away_holds_no_key_any_more(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;

	bring(fabric, HV1);
	bring(fabric, HV2);
	guest_vanish(&guests[HV2]);
	WAIT_FOR(fabric, log_says(fabric, "departs"));
	withdraw(fabric, "hv2");
	WAIT_FOR(fabric, guests[HV1].active_spi > 256);
	WAIT_FOR(fabric, guests[HV1].drained_spi == 256);
	assert_turned_away(fabric, HV2);
}

/* By then it is here with another one: keys that the first one obtained end, its session does not.
 */
static void an_earlier_certificate_of_a_host(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;
	char path[512], kept[512];
	struct covey_error error;
	struct pki_revoked revoked;
	char command[1200], serial[128] = "";
	FILE *pipe;

	bring(fabric, HV1);
	bring(fabric, HV2);
	path_of(fabric, "pki/hv2.crt", path);
	snprintf(command, sizeof(command), "openssl x509 -noout -serial -in %s | sed s/serial=//",
		 path);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_non_null(fgets(serial, sizeof(serial), pipe));
	serial[strcspn(serial, "\n")] = '\0';
	assert_int_equal(pclose(pipe), 0);
	guest_vanish(&guests[HV2]);
	reissue(fabric, "hv2");
	bring(fabric, HV2);
	assert_int_equal(guests[HV2].active_spi, 256);
	path_of(fabric, "pki", kept);
	if (pki_revoke(kept, "test", NULL, serial, 30, &revoked, &error) < 0)
		fail_msg("%s", error.text);
	assert_int_equal(revoked.total, 1);
	WAIT_FOR(fabric, guests[HV1].active_spi > 256 && guests[HV2].active_spi > 256);
	WAIT_FOR(fabric, guests[HV2].drained_spi == 256);
	assert_int_equal(guests[HV2].epoch, 2); /* in the same registration */
	assert_false(guests[HV2].closed);
}

/* Nothing of it is in the state file. */
static void a_restart_forgets_nothing(void **state)
{
	struct fabric *fabric = *state;

	bring(fabric, HV2);
	withdraw(fabric, "hv2");
	assert_cut(fabric, &fabric->guests[HV2], REVOKED, "is revoked");
	assert_int_equal(stop_gkm(fabric, SIGKILL), -SIGKILL);
	start_gkm(fabric);
	assert_true(log_says(fabric, "revoked certificates: 1"));
	assert_turned_away(fabric, HV2);
}

static void a_bad_list_changes_nothing(void **state)
{
	struct fabric *fabric = *state;

	bring(fabric, HV1);
	withdraw(fabric, "hv2");
	WAIT_FOR(fabric, log_says(fabric, "revoked certificates: 1"));
	spoil(fabric);
	WAIT_FOR(fabric, log_says(fabric, "no revocation list in PEM or DER"));
	assert_turned_away(fabric, HV2);
	remove_list(fabric);
	WAIT_FOR(fabric, log_says(fabric, "No such file or directory; the revocations read before "
					  "stay in force"));
	assert_turned_away(fabric, HV2);
	assert_false(fabric->guests[HV1].closed);
	/* Made from nothing it is numbered anew. */
	withdraw(fabric, "hv3");
	WAIT_FOR(fabric, log_says(fabric, "says something else"));
	assert_turned_away(fabric, HV2);
}

static void no_start_with_a_bad_list(void **state)
{
	struct fabric *fabric = *state;

	withdraw(fabric, "hv2");
	WAIT_FOR(fabric, log_says(fabric, "revoked certificates: 1"));
	spoil(fabric);
	assert_int_equal(stop_gkm(fabric, SIGTERM), 0);
	forget_log(fabric);
	assert_int_equal(wait_for_exit(run_gkm(fabric)), 1);
	assert_true(log_says(fabric, "no revocation list in PEM or DER"));
}

/* SIGHUP reads without a change; it must not end the program. */
static void told_to_read(void **state)
{
	struct fabric *fabric = *state;

	kill(fabric->gkm, SIGHUP);
	WAIT_FOR(fabric, log_says(fabric, "SIGHUP: reading"));
	bring(fabric, HV1);
	assert_int_equal(stop_gkm(fabric, SIGTERM), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_live_session_is_cut),
		TEST(it_may_come_back_with_another_certificate),
		TEST(one_that_is_away_holds_no_key_any_more),
		TEST(an_earlier_certificate_of_a_host),
		TEST(a_restart_forgets_nothing),
		TEST(a_bad_list_changes_nothing),
		TEST(no_start_with_a_bad_list),
		TEST(told_to_read),
	};

	if (fabric_arguments(argc, argv, "COVEY-GKM") < 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
