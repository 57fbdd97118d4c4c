/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The real covey-gkm and its state file: killed again and again while members join, and started
 * with an older backup. It is given as the first argument; the second, preloaded into it, makes its
 * disk slow.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fabric.h"
#include "sqlite.h"

#define MEMBERS      3 /* of the group, from HV1 */
#define ROUNDS_SHORT 40
#define ROUNDS_LONG  1000
#define ROUNDS_FILE  3     /* with one state file */
#define LATER_US_MAX 40000 /* a kill is so long after an answer at most: some commits */

/* What members were granted while this state file was in use. */
struct granted {
	uint16_t sender_ids[MEMBERS]; /* 0: none */
	uint32_t spi;                 /* the highest */
};

struct held {
	struct granted granted;
	size_t found;
};

static void run_for(const struct fabric *fabric, uint64_t us)
{
	const struct timeval until = {.tv_sec = (time_t)(us / 1000000),
				      .tv_usec = (suseconds_t)(us % 1000000)};

	event_base_loopexit(fabric->base, &until);
	event_base_dispatch(fabric->base);
}

static size_t count_joined(const struct fabric *fabric)
{
	size_t count = 0;

	for (size_t i = HV1; i < MEMBERS; i++)
		count += fabric->guests[i].joined;
	return count;
}

/* At the very answer, not some time later. */
static void run_until_joined(const struct fabric *fabric, size_t count)
{
	time_t until = now_s() + PATIENCE_S;

	while (count_joined(fabric) < count) {
		assert_true(now_s() <= until);
		event_base_loop(fabric->base, EVLOOP_ONCE);
	}
}

/* --- killing ------------------------------------------------------------------------------- */

static void all_connect(struct fabric *fabric)
{
	for (size_t i = HV1; i < MEMBERS; i++)
		connect_from(fabric, i, "pki", true);
}

/* What had been sent before the end comes in after it. */
static void kill_gkm(struct fabric *fabric)
{
	assert_int_equal(stop_gkm(fabric, SIGKILL), -SIGKILL);
	for (size_t i = HV1; i < MEMBERS; i++)
		WAIT_FOR(fabric, fabric->guests[i].closed);
}

static void note_grants(const struct fabric *fabric, struct granted *granted)
{
	uint32_t before = granted->spi;

	for (size_t i = HV1; i < MEMBERS; i++) {
		const struct guest *guest = &fabric->guests[i];

		if (guest->spi && guest->spi <= before)
			fail_msg("SPI %u comes again: %u was given out", guest->spi, before);
		if (guest->spi > granted->spi)
			granted->spi = guest->spi;
		if (!guest->joined)
			continue;
		if (granted->sender_ids[i] && granted->sender_ids[i] != guest->sender_id)
			fail_msg("hv%zu was SenderID %u and is %u", i + 1, granted->sender_ids[i],
				 guest->sender_id);
		granted->sender_ids[i] = guest->sender_id;
	}
}

static int find_binding(const char *identity, uint16_t sender_id, void *arg)
{
	struct held *held = arg;
	size_t i = (size_t)(identity[strlen(identity) - 1] - '1');

	assert_true(i < MEMBERS);
	held->found += held->granted.sender_ids[i] == sender_id;
	return 0;
}

/* All that was granted is in the file. It takes an SPI that is then nobody's. */
static void check_file(const struct fabric *fabric, struct granted *granted)
{
	struct held held = {.granted = *granted};
	struct covey_error error = {0};
	struct store *store;
	size_t bound = 0;
	char path[512];
	uint32_t spi;

	path_of(fabric, fabric->state, path);
	if (sqlite_store_open(path, &store, &error) < 0)
		fail_msg("%s", error.text);
	assert_int_equal(store->ops->each_binding(store, GUEST_GROUP, find_binding, &held, &error),
			 0);
	for (size_t i = 0; i < MEMBERS; i++)
		bound += granted->sender_ids[i] != 0;
	if (held.found != bound)
		fail_msg("%zu members were given a SenderID, of %zu the file knows", bound,
			 held.found);
	assert_int_equal(store->ops->take_spi(store, &spi, &error), 0);
	if (spi <= granted->spi)
		fail_msg("SPI %u was given out, the file says that %u is next", granted->spi, spi);
	granted->spi = spi;
	store_close(store);
}

static void nothing_is_granted_before_its_commit(void **state)
{
	struct fabric *fabric = *state;
	size_t rounds = getenv("COVEY_TEST_LONG") ? ROUNDS_LONG : ROUNDS_SHORT;
	struct granted granted = {0};
	size_t grants = 0;

	stop_gkm(fabric, SIGKILL);
	for (size_t i = 0; i < rounds; i++) {
		if (i % ROUNDS_FILE == 0) {
			granted = (struct granted){0};
			snprintf(fabric->state, sizeof(fabric->state), "gkm-%zu.db", i);
		}
		start_gkm(fabric);
		all_connect(fabric);
		run_until_joined(fabric, i % (MEMBERS + 1));
		run_for(fabric, i * 7 % rounds * LATER_US_MAX / rounds);
		kill_gkm(fabric);
		note_grants(fabric, &granted);
		check_file(fabric, &granted);
		grants += count_joined(fabric);
	}
	printf("figure: joins-granted %zu joins\nfigure: kills %zu kills\n", grants, rounds);
	assert_true(grants >= rounds);
}

/* --- an older backup ----------------------------------------------------------------------- */

static void copy(const struct fabric *fabric, const char *from, const char *to)
{
	char command[1100], from_path[512], to_path[512];

	path_of(fabric, from, from_path);
	path_of(fabric, to, to_path);
	snprintf(command, sizeof(command), "cp %s %s", from_path, to_path);
	assert_int_equal(system(command), 0);
}

/* SPIs and SenderIDs come again, to others, but never with a key of before. */
static void an_older_backup_gives_no_key_twice(void **state)
{
	struct fabric *fabric = *state;
	struct guest before[MEMBERS];

	assert_int_equal(stop_gkm(fabric, SIGTERM), 0);
	copy(fabric, "gkm.db", "backup.db");
	start_gkm(fabric);
	for (size_t i = HV1; i < MEMBERS; i++)
		bring(fabric, i);
	memcpy(before, fabric->guests, sizeof(before));
	assert_int_equal(before[HV1].sender_id, 1);
	assert_int_equal(before[HV2].sender_id, 2);
	assert_int_equal(stop_gkm(fabric, SIGKILL), -SIGKILL);

	copy(fabric, "backup.db", "gkm.db");
	start_gkm(fabric);
	for (size_t i = HV2 + 1; i-- > HV1;)
		bring(fabric, i);
	bring(fabric, HV3);
	assert_int_equal(fabric->guests[HV2].sender_id, 1);
	assert_int_equal(fabric->guests[HV1].sender_id, 2);
	for (size_t i = HV1; i < MEMBERS; i++) {
		const struct guest *guest = &fabric->guests[i];

		assert_int_equal(guest->active_spi, before[i].active_spi);
		assert_true(guest->instance != before[i].instance);
		for (size_t j = HV1; j < MEMBERS; j++)
			assert_memory_not_equal(guest->tek, before[j].tek, guest->tek_len);
	}
}

static struct guest *bring_back(struct fabric *fabric, size_t who, uint32_t knows)
{
	struct guest *guest = connect_from(fabric, who, "pki", true);

	guest->knows = knows;
	WAIT_FOR(fabric, guest->active_spi);
	return guest;
}

/* Members know better, and no SPI comes twice. Each instance takes an SPI for either group that has
 * no SA, and with feed's nothing begins. */
static void an_older_backup_is_noticed(void **state)
{
	struct fabric *fabric = *state;
	uint32_t last;

	assert_int_equal(stop_gkm(fabric, SIGTERM), 0);
	copy(fabric, "gkm.db", "backup.db");
	for (size_t i = 0; i < 3; i++) {
		start_gkm(fabric);
		last = bring(fabric, HV1)->active_spi;
		assert_int_equal(stop_gkm(fabric, SIGKILL), -SIGKILL);
	}
	assert_int_equal(last, 260);
	start_gkm(fabric);
	bring_back(fabric, HV1, last);
	assert_false(log_says(fabric, "ALARM"));
	assert_int_equal(stop_gkm(fabric, SIGTERM), 0);

	copy(fabric, "backup.db", "gkm.db");
	start_gkm(fabric);
	assert_int_equal(bring_back(fabric, HV1, last + 1)->active_spi, last + 2);
	bring_back(fabric, HV2, last + 1);
	assert_int_equal(
		log_count(fabric, "ALARM: the state file is older than what hv1 (127.0.0.1 "), 1);
	assert_int_equal(log_count(fabric, "SPI 261, the file's next one is 256"), 1);
	assert_int_equal(log_count(fabric, "ALARM"), 1);
	/* It is in the file. */
	assert_int_equal(stop_gkm(fabric, SIGKILL), -SIGKILL);
	start_gkm(fabric);
	assert_int_equal(bring_back(fabric, HV1, last + 2)->active_spi, last + 4);
	assert_false(log_says(fabric, "ALARM"));
}

/* What it says goes unheeded, and nobody suffers. */
static void a_member_that_lies_uses_up_no_spis(void **state)
{
	struct fabric *fabric = *state;

	bring_back(fabric, HV1, UINT32_MAX);
	assert_int_equal(fabric->guests[HV1].active_spi, 256);
	assert_true(log_says(fabric, "ALARM: hv1 (127.0.0.1 "));
	assert_true(log_says(fabric, "SPI 4294967295, the state file's next one is 256: too far"));
	bring_back(fabric, HV2, UINT32_MAX - 1);
	assert_int_equal(fabric->guests[HV2].sender_id, 2);
	bring_back(fabric, HV3, 0);
	assert_int_equal(fabric->guests[HV3].active_spi, fabric->guests[HV1].active_spi);
	assert_true(fabric->guests[HV3].active_spi < 300);
	assert_int_equal(log_count(fabric, "ALARM"), 2);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_granted_before_its_commit),
		TEST(an_older_backup_gives_no_key_twice),
		TEST(an_older_backup_is_noticed),
		TEST(a_member_that_lies_uses_up_no_spis),
	};

	assert_int_equal(argc, 3);
	gkm_program = argv[1];
	setenv("LD_PRELOAD", argv[2], 1);
	/* Programs that are built with AddressSanitizer insist on being first. */
	setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
	return cmocka_run_group_tests_name("gkm-state-file-daemon", tests, NULL, NULL);
}
