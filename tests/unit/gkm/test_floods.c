/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * One member that repeats itself: the key manager's log stays short and loses no count, and who is
 * refused without end is cut off.
 */

#include "fabric.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "log_limit.h"

static off_t log_size(const struct fabric *fabric)
{
	char path[512];
	struct stat info;

	path_of(fabric, "log", path);
	assert_int_equal(stat(path, &info), 0);
	return info.st_size;
}

static void who_is_refused_without_end_is_cut(void **state)
{
	struct fabric *fabric = *state;
	struct guest *other = bring(fabric, HV2);
	struct guest *guest = knock(fabric, HV1);
	off_t before;

	guest_hello(guest);
	WAIT_FOR(fabric, guest->welcome);
	before = log_size(fabric);
	for (unsigned i = 0; i < COVEY_REFUSALS_MAX + 100 && !guest->closed; i++) {
		guest_join(guest, "nosuch");
		if (i % 50 == 0)
			turn(fabric);
	}
	assert_cut(fabric, guest, COVEY__REFUSAL_CODE__REFUSAL_UNAVAILABLE,
		   "refused more than 1024 times in 60 s");
	assert_int_equal(log_count(fabric, "is refused: group \"nosuch\""), LOG_LIMIT_BURST);
	assert_true(log_size(fabric) - before < 8000);
	/* Coming back helps it nothing, and others nothing is done to. */
	guest = knock(fabric, HV1);
	guest_hello(guest);
	assert_cut(fabric, guest, COVEY__REFUSAL_CODE__REFUSAL_UNAVAILABLE, "has to wait");
	guest_heartbeat(other);
	WAIT_FOR(fabric, other->heartbeats == 1);
	/* What was not said is counted. */
	assert_int_equal(stop_gkm(fabric, SIGTERM), 0);
	assert_true(log_says(fabric, "\"nosuch\" is not in the key manager's inventory: repeated "
				     "1020 times in 10 s"));
}

static void alarms_are_counted(void **state)
{
	struct fabric *fabric = *state;
	char pki[512];

	path_of(fabric, "pki", pki);
	for (unsigned i = 0; i <= 40; i++) {
		/* Two that have the same certificate, in turn. */
		struct guest *guest = &fabric->guests[i % 2];

		guest_vanish(guest);
		*guest = (struct guest){.group = GUEST_GROUP};
		guest_connect(guest, fabric->base, pki, "hv1", "10.0.0.1", fabric->port);
		WAIT_FOR(fabric, guest->opened);
		guest_hello(guest);
		WAIT_FOR(fabric, guest->welcome);
	}
	assert_int_equal(log_count(fabric, "ALARM: hv1"), LOG_LIMIT_BURST);
	assert_int_equal(stop_gkm(fabric, SIGTERM), 0);
	assert_int_equal(log_count(fabric, "ALARM: hv1"), LOG_LIMIT_BURST + 1);
	assert_true(log_says(fabric, ": repeated 35 times in 10 s"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(who_is_refused_without_end_is_cut),
		TEST(alarms_are_counted),
	};

	if (fabric_arguments(argc, argv, "COVEY-GKM") < 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
