/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The real covey-gkm, one of whose allocations fails, its libraries' included: at start, while two
 * members join, in the rekey that the second one's join is, or at the stop. It ends with an error
 * or goes on, and a member that was turned away comes in at the next try. It never crashes or
 * hangs, and members never send in different keys or in none.
 *
 *     test-gkm-no-memory-daemon COVEY_GKM PRELOADED
 *
 * There are some 40,000: the steps from one to the next that is tried grow, by less with
 * COVEY_TEST_LONG.
 */

#include "fabric.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The next one is at this one plus 1 plus a part of it: */
#define GROWTH      4
#define GROWTH_LONG 40
#define TRIES_MAX   3

static const char *preloaded;

/* An end by itself; the status is that of waitpid(). */
static bool has_ended(struct fabric *fabric, int *ret_status)
{
	if (!fabric->gkm || waitpid(fabric->gkm, ret_status, WNOHANG) != fabric->gkm)
		return false;
	fabric->gkm = 0;
	return true;
}

static void assert_ended_with_an_error(const struct fabric *fabric, int status, unsigned long at)
{
	if (!WIFEXITED(status))
		fail_msg("allocation %lu fails, and signal %d ends it", at, WTERMSIG(status));
	if (WEXITSTATUS(status) == 0 || !log_says(fabric, "memory"))
		fail_msg("allocation %lu fails, and it ends with status %d", at,
			 WEXITSTATUS(status));
}

static void start_with(struct fabric *fabric, unsigned long at)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", at);
	forget_log(fabric);
	setenv("LD_PRELOAD", preloaded, 1);
	setenv("COVEY_NO_MEMORY_AT", text, 1);
	fabric->gkm = run_gkm(fabric);
	unsetenv("LD_PRELOAD");
	unsetenv("COVEY_NO_MEMORY_AT");
}

/* False: it has ended, with the error that it should. */
static bool listens(struct fabric *fabric, unsigned long at)
{
	int status = 0;

	WAIT_FOR(fabric,
		 log_says(fabric, "listens on 127.0.0.1 port") || has_ended(fabric, &status));
	if (fabric->gkm)
		return true;
	assert_ended_with_an_error(fabric, status, at);
	return false;
}

/* A member comes back until it is in, as covey-host does. False: the program has ended. */
static bool comes_in(struct fabric *fabric, size_t who, unsigned long at)
{
	struct guest *guest = &fabric->guests[who];
	int status = 0;

	for (unsigned tries = 0; tries < TRIES_MAX && fabric->gkm; tries++) {
		connect_from(fabric, who, "pki", true)->modes = true;
		WAIT_FOR(fabric, guest->active_spi || guest->refusal || guest->closed ||
					 has_ended(fabric, &status));
		if (guest->active_spi)
			return true;
	}
	if (fabric->gkm)
		fail_msg("allocation %lu fails, and member %zu never comes in", at, who);
	assert_ended_with_an_error(fabric, status, at);
	return false;
}

static void assert_same_key(const struct guest *one, const struct guest *other)
{
	static const uint8_t none[COVEY_TEK_BYTES_MAX];

	assert_memory_not_equal(one->tek, none, 32);
	if (one->spi == other->spi)
		assert_memory_equal(one->tek, other->tek, 32);
}

static void stop(struct fabric *fabric, unsigned long at)
{
	int status = 0;

	kill(fabric->gkm, SIGTERM);
	WAIT_FOR(fabric, has_ended(fabric, &status));
	if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
		fail_msg("allocation %lu fails, and it stops with wait status %#x", at,
			 (unsigned)status);
}

static void forget_state(struct fabric *fabric)
{
	static const char *const names[] = {"gkm.db", "gkm.db-wal", "gkm.db-shm", "gkm.db-journal"};
	char path[512];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		path_of(fabric, names[i], path);
		unlink(path);
	}
}

/* True when an allocation has failed: there may be more. */
static bool live_with(struct fabric *fabric, unsigned long at)
{
	struct guest *guests = fabric->guests;

	forget_state(fabric);
	start_with(fabric, at);
	if (listens(fabric, at) && comes_in(fabric, HV1, at) && comes_in(fabric, HV2, at)) {
		assert_same_key(&guests[HV1], &guests[HV2]);
		stop(fabric, at);
	}
	for (size_t i = HV1; i <= HV2; i++)
		guest_vanish(&guests[i]);
	if (fabric->gkm)
		stop(fabric, at);
	return log_says(fabric, "no-memory: an allocation fails here");
}

static void one_allocation_fails(void **state)
{
	struct fabric *fabric = *state;
	unsigned long growth = getenv("COVEY_TEST_LONG") ? GROWTH_LONG : GROWTH;
	unsigned long at = 1, tried = 0;

	assert_int_equal(stop_gkm(fabric, SIGTERM), 0);
	fabric->rekey = "activation_delay: 2s";
	write_inventory(fabric, "127.0.0.1");
	while (live_with(fabric, at)) {
		tried++;
		at += 1 + at / growth;
	}
	print_message("%lu of fewer than %lu allocations failed, one by one\n", tried, at);
	assert_true(tried > 20);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {TEST(one_allocation_fails)};

	if (argc < 3)
		return 2;
	gkm_program = argv[1];
	preloaded = argv[2];
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
