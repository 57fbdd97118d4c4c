/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The program covey-gkm itself: its start, its end, and what it does when there is not enough of
 * something. It runs on loopback, with real certificates and small members (guest.h).
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
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fabric.h"
#include "log_limit.h"

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
		TEST(it_stops_at_once),
		TEST(sigterm_ends_it_cleanly),
		TEST(it_says_why_it_cannot_start),
		TEST(the_key_is_not_on_disk),
		TEST(nothing_is_granted_on_a_full_disk),
		TEST(it_outlives_a_lack_of_descriptors),
		TEST(sigterm_ends_it_under_load),
		TEST(strangers_cannot_fill_the_log),
		TEST(strangers_cannot_take_all_places),
	};

	if (fabric_arguments(argc, argv, "COVEY-GKM") < 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests_name("gkm-daemon", tests, NULL, NULL);
}
