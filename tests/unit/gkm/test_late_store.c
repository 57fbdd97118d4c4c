/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * covey-gkm over a store whose writes fail after some time: nobody was told meanwhile, and nothing
 * has changed. The real programs, covey-gkm over late_store.h and covey.
 */

#include "operator.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* How writes end that begin from now on; NULL: well. */
static void plan(const struct fabric *fabric, const char *how)
{
	char path[512];
	FILE *file;

	path_of(fabric, "gkm.db.plan", path);
	if (!how) {
		unlink(path);
		return;
	}
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(how, file);
	assert_int_equal(fclose(file), 0);
}

/* It is still served: it gets an answer, and no other SA. */
static void assert_served(struct fabric *fabric, struct guest *guest, uint32_t spi)
{
	size_t heartbeats = guest->heartbeats;

	guest_heartbeat(guest);
	WAIT_FOR(fabric, guest->heartbeats > heartbeats);
	assert_int_equal(guest->refusal, COVEY__REFUSAL_CODE__REFUSAL_NONE);
	assert_false(guest->closed);
	assert_int_equal(guest->spi, spi);
}

static void an_eviction_that_fails_is_none(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guests = fabric->guests;
	json_t *answer;
	int status;

	bring(fabric, HV1);
	bring(fabric, HV2);
	plan(fabric, "fails");
	status = TYPE_MEANWHILE(fabric, &answer, "evict", "hv2");
	assert_refused(fabric, answer, status, "the store is broken");
	assert_served(fabric, &guests[HV2], guests[HV1].spi);
	status = TYPE_MEANWHILE(fabric, &answer, "evict", "hv2", "tenants");
	assert_refused(fabric, answer, status, "the store is broken");
	assert_served(fabric, &guests[HV2], guests[HV1].spi);
	plan(fabric, NULL);
	assert_int_equal(TYPE_MEANWHILE(fabric, &answer, "evict", "hv2"), 0);
	json_decref(answer);
	assert_cut(fabric, &guests[HV2], COVEY__REFUSAL_CODE__REFUSAL_EVICTED, "is evicted");
	/* And back. */
	plan(fabric, "fails");
	status = TYPE_MEANWHILE(fabric, &answer, "readmit", "hv2");
	assert_refused(fabric, answer, status, "the store is broken");
	bring(fabric, HV2);
	assert_cut(fabric, &guests[HV2], COVEY__REFUSAL_CODE__REFUSAL_EVICTED, "is evicted");
	plan(fabric, NULL);
	assert_int_equal(TYPE_MEANWHILE(fabric, &answer, "readmit", "hv2"), 0);
	json_decref(answer);
	bring(fabric, HV2);
	assert_int_equal(guests[HV2].refusal, COVEY__REFUSAL_CODE__REFUSAL_NONE);
}

static void a_mode_that_fails_is_told_to_nobody(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guest;
	json_t *answer;
	int status;

	guest = knock(fabric, HV1);
	guest->modes = true;
	guest->joins = true;
	guest_hello(guest);
	WAIT_FOR(fabric, guest->active_spi && guest->mode == COVEY_MODE_ENFORCE);
	plan(fabric, "fails");
	status = TYPE_MEANWHILE(fabric, &answer, "mode", "tenants", "transition");
	assert_refused(fabric, answer, status, "the store is broken");
	assert_served(fabric, guest, guest->spi);
	assert_int_equal(guest->mode, COVEY_MODE_ENFORCE);
	plan(fabric, NULL);
	assert_int_equal(TYPE_MEANWHILE(fabric, &answer, "mode", "tenants", "transition"), 0);
	json_decref(answer);
	assert_int_equal(guest->mode, COVEY_MODE_TRANSITION);
}

static void a_join_that_fails_binds_nothing(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guest;

	plan(fabric, "fails");
	guest = bring(fabric, HV2);
	assert_int_equal(guest->refusal, COVEY__REFUSAL_CODE__REFUSAL_UNAVAILABLE);
	assert_int_equal(guest->sender_id, 0);
	plan(fabric, NULL);
	/* The first one is nobody's. */
	guest = bring(fabric, HV1);
	assert_int_equal(guest->sender_id, 1);
	guest = bring(fabric, HV2);
	assert_int_equal(guest->sender_id, 2);
}

/* Who does not get an answer of the store gets none of ours. */
static void a_join_that_never_ends_is_not_answered(void **state)
{
	struct fabric *fabric = *state;
	struct guest *guest;

	plan(fabric, "never");
	guest = connect_from(fabric, HV2, "pki", true);
	WAIT_FOR(fabric, guest->welcome);
	for (size_t i = 0; i < 3; i++)
		assert_served(fabric, guest, 0);
	assert_false(guest->joined);
	assert_int_equal(stop_gkm(fabric, SIGTERM), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(an_eviction_that_fails_is_none),
		TEST(a_mode_that_fails_is_told_to_nobody),
		TEST(a_join_that_fails_binds_nothing),
		TEST(a_join_that_never_ends_is_not_answered),
	};

	if (fabric_arguments(argc, argv, "COVEY-GKM-LATE COVEY") < 0)
		return EXIT_FAILURE;
	covey_program = argv[2];
	return cmocka_run_group_tests_name("gkm-late-store", tests, NULL, NULL);
}
