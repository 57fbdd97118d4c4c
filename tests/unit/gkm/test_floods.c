/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * One member that repeats itself: the key manager's log stays short and loses no count, and who is
 * refused without end is cut off.
 */

#include "fabric.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

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

/* --- rekeys -------------------------------------------------------------------------------- */

/* Lines of the log that have both texts, and how many they stand for. */
struct lines {
	size_t said;
	size_t meant;
};

static struct lines lines_with(const struct fabric *fabric, const char *one, const char *other)
{
	struct lines lines = {0};
	char path[512], line[1024];
	FILE *file;

	path_of(fabric, "log", path);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		const char *repeated = strstr(line, ": repeated ");
		unsigned times = 1;

		if (!strstr(line, one) || !strstr(line, other))
			continue;
		if (repeated)
			assert_int_equal(sscanf(repeated, ": repeated %u times", &times), 1);
		lines.said++;
		lines.meant += times;
	}
	fclose(file);
	return lines;
}

/* What an operator types, as the program covey hands it over. Returns when it is answered. */
static void ask(const struct fabric *fabric, const char *request)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char path[512], answer[4096];
	int client = socket(AF_UNIX, SOCK_STREAM, 0);

	path_of(fabric, "gkm.sock", path);
	assert_true(strlen(path) < sizeof(address.sun_path));
	strcpy(address.sun_path, path);
	assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(write(client, request, strlen(request)), strlen(request));
	assert_true(read(client, answer, sizeof(answer)) > 0);
	close(client);
}

static struct guest *bring_with_drain(struct fabric *fabric, size_t who)
{
	struct guest *guest = connect_from(fabric, who, "pki", true);

	guest->drain_s = 1;
	WAIT_FOR(fabric, guest->active_spi);
	return guest;
}

/* What an operator's request leads to is in the log, whatever others have done before. */
static void assert_shown(struct fabric *fabric, const char *request, const char *reason)
{
	const struct guest *other = &fabric->guests[HV1];
	uint32_t spi = other->active_spi;
	char begins[64], active[64];

	ask(fabric, request);
	WAIT_FOR(fabric, other->active_spi > spi);
	snprintf(begins, sizeof(begins), "tenants: SA %u begins", other->active_spi);
	snprintf(active, sizeof(active), "tenants: SA %u is active, ", other->active_spi);
	assert_int_equal(log_count(fabric, reason), 1);
	assert_int_equal(log_count(fabric, begins), 1);
	assert_int_equal(log_count(fabric, active), 1);
}

#define ROUNDS 14

static void who_leaves_and_joins_in_a_loop(void **state)
{
	static const char *const kinds[] = {" begins, ", " is active, ", " is draining, ",
					    " is retired, "};
	struct fabric *fabric = *state;
	struct guest *guest;
	struct lines lines;
	time_t began_s;
	size_t most;

	restart_with(fabric, "activation_delay: 1s, drain_delay: 1s, on_join: true");
	began_s = now_s();
	bring_with_drain(fabric, HV1);
	guest = bring_with_drain(fabric, HV2);
	for (unsigned i = 0; i < ROUNDS; i++) {
		guest->left = guest->joined = false;
		guest->active_spi = 0;
		guest_leave(guest);
		guest_join(guest, GUEST_GROUP);
		WAIT_FOR(fabric, guest->left && guest->joined && guest->active_spi);
	}
	assert_true(guest->spi >= 256 + ROUNDS);
	/* In each interval five, and the count of the others. */
	most = (LOG_LIMIT_BURST + 1) * (size_t)((now_s() - began_s) / 10 + 1);
	assert_true(lines_with(fabric, "tenants: a new SA is needed", "a new member").said <= most);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		assert_true(lines_with(fabric, "tenants: SA ", kinds[i]).said <= most);
	WAIT_FOR(fabric, guest->active_spi == fabric->guests[HV1].active_spi);
	assert_shown(fabric, "{\"command\": \"rekey\", \"group\": \"tenants\"}\n",
		     "tenants: a new SA is needed: the operator asks for it");
	assert_shown(fabric, "{\"command\": \"evict\", \"host\": \"hv2\"}\n",
		     "tenants: a new SA is needed: a member was evicted");
	/* None was forgotten. */
	assert_int_equal(stop_gkm(fabric, SIGTERM), 0);
	lines = lines_with(fabric, "tenants: SA ", " begins, ");
	assert_int_equal(lines.meant, fabric->guests[HV1].active_spi - 255);
	lines = lines_with(fabric, "tenants: SA ", " is active, ");
	assert_int_equal(lines.meant, fabric->guests[HV1].active_spi - 255);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(who_is_refused_without_end_is_cut),
		TEST(alarms_are_counted),
		TEST(who_leaves_and_joins_in_a_loop),
	};

	if (fabric_arguments(argc, argv, "COVEY-GKM") < 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
