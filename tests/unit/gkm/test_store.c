/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What the state file keeps, over restarts and kills, and what it refuses to give out twice.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <covey/limits.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commit.h"
#include "state_file.h"

static void check(size_t row, const char *found, const char *expected)
{
	if (strcmp(found, expected) != 0)
		fail_msg("row %zu: \"%s\", not \"%s\"", row, found, expected);
}

static void a_new_file_begins_at_the_lowest_spi(void **state)
{
	const struct place *place = *state;
	struct store *store = state_file_open(place->file);
	struct stat status;

	assert_int_equal(state_file_take_spi(store), 256);
	assert_int_equal(state_file_take_spi(store), 257);
	assert_int_equal(stat(place->file, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	store_close(store);
}

static void it_is_all_there_after_reopening(void **state)
{
	const struct place *place = *state;
	struct store *store;
	char buf[4096];

	state_file_make(place->file);
	store = state_file_open(place->file);
	assert_string_equal(state_file_bindings(store, "g", buf), "a=1 b=2 ");
	assert_string_equal(state_file_bindings(store, "other", buf), "");
	assert_int_equal(state_file_take_spi(store), 301);
	store_close(store);
}

static void a_copy_is_the_file_and_no_larger_than_allowed(void **state)
{
	const struct place *place = *state;
	struct covey_error error;
	unsigned char *bytes = NULL, content[1 << 16];
	struct store *store;
	size_t len = 0;
	FILE *file;

	state_file_make(place->file);
	store = state_file_open(place->file);
	assert_int_equal(store->ops->copy(store, sizeof(content), &bytes, &len, &error), 0);
	file = fopen(place->file, "r");
	assert_non_null(file);
	assert_int_equal(fread(content, 1, sizeof(content), file), len);
	fclose(file);
	assert_memory_equal(bytes, content, len);
	free(bytes);
	bytes = NULL;
	assert_int_equal(store->ops->copy(store, len - 1, &bytes, &len, &error), -EFBIG);
	assert_null(bytes);
	assert_non_null(strstr(error.text, "stop covey-gkm, copy "));
	store_close(store);
}

static int note_eviction(const char *identity, const char *group, void *arg)
{
	char *buf = arg;

	snprintf(buf + strlen(buf), 256, "%s from %s; ", identity, group);
	return 0;
}

static const char *evictions(struct store *store, char buf[4096])
{
	struct covey_error error;

	buf[0] = '\0';
	assert_int_equal(store->ops->each_eviction(store, note_eviction, buf, &error), 0);
	return buf;
}

static void evictions_last(void **state)
{
	const struct place *place = *state;
	struct store *store = state_file_open(place->file);
	struct covey_error error;
	char buf[4096];

	assert_int_equal(COMMIT(store, &error, .kind = STORE_EVICT, .identity = "a", .group = ""),
			 0);
	assert_int_equal(COMMIT(store, &error, .kind = STORE_EVICT, .identity = "a", .group = "g"),
			 0);
	assert_int_equal(COMMIT(store, &error, .kind = STORE_EVICT, .identity = "b", .group = "g"),
			 0);
	assert_int_equal(COMMIT(store, &error, .kind = STORE_EVICT, .identity = "b", .group = "g"),
			 0);
	assert_int_equal(COMMIT(store, &error, .kind = STORE_EVICT, .identity = "b", .group = "h"),
			 0);
	store = state_file_reopen(store, place->file);
	assert_string_equal(evictions(store, buf), "a from ; a from g; b from g; b from h; ");
	assert_int_equal(
		COMMIT(store, &error, .kind = STORE_READMIT, .identity = "b", .group = "g"), 0);
	assert_int_equal(
		COMMIT(store, &error, .kind = STORE_READMIT, .identity = "a", .group = NULL), 0);
	store = state_file_reopen(store, place->file);
	assert_string_equal(evictions(store, buf), "b from h; ");
	store_close(store);
}

static int write_former(const char *identity, uint16_t sender_id, uint32_t until_spi, void *arg)
{
	char *buf = arg;

	sprintf(buf + strlen(buf), "%s=%u/%u ", identity, sender_id, until_spi);
	return 0;
}

static const char *formers(struct store *store, const char *group, char *buf)
{
	struct covey_error error;

	buf[0] = '\0';
	assert_int_equal(store->ops->each_former(store, group, write_former, buf, &error), 0);
	return buf;
}

/* With the last SPI before, over a restart, until somebody takes it up or it is forgotten. */
static void former_sender_ids(void **state)
{
	static const struct {
		const char *group, *identity;
		uint16_t sender_id;
		bool takes_spi, restarts;
		const char *former; /* in group g, then */
	} rows[] = {
		{"g", "a", 1, false, false, ""},
		{"g", "a", 1, false, false, ""},
		{"g", "a", 5, true, false, "a=1/255 "},
		{"g", "a", 6, false, true, "a=1/255 a=5/256 "},
		{"h", "b", 1, false, false, "a=1/255 a=5/256 "},
		{NULL, NULL, 0, false, false, "a=5/256 "}, /* SPIs up to 255 are gone */
		{"g", "a", 5, false, false, "a=6/256 "},
		{"g", "b", 6, false, false, ""},
	};
	const struct place *place = *state;
	struct store *store = state_file_open(place->file);
	struct covey_error error;
	char buf[4096];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].group)
			assert_int_equal(state_file_bind(store, rows[i].group, rows[i].identity,
							 rows[i].sender_id, &error),
					 0);
		else
			assert_int_equal(COMMIT(store, &error, .kind = STORE_FORGET_FORMER,
						.group = "g", .spi = 255),
					 0);
		if (rows[i].takes_spi)
			state_file_take_spi(store);
		if (rows[i].restarts)
			store = state_file_reopen(store, place->file);
		check(i, formers(store, "g", buf), rows[i].former);
		assert_string_equal(formers(store, "h", buf), "");
	}
	store_close(store);
}

/* SenderIDs that were given up before are kept, or forgotten, or the program starts anew. */
enum between { NOTHING, GIVES_UP, RESTARTS, FORGETS };

/* A shorter one counts only when nothing is kept from the time of the longer. */
static void lifetimes(void **state)
{
	static const struct {
		enum between before;
		const char *group;
		uint32_t wanted, counts; /* s */
	} rows[] = {
		{NOTHING, "g", 50, 86400},      {NOTHING, "g", 100000, 100000},
		{NOTHING, "g", 90000, 90000},   {NOTHING, "g", 100000, 100000},
		{GIVES_UP, "g", 90000, 100000}, {RESTARTS, "g", 90000, 100000},
		{NOTHING, "g", 50, 100000},     {NOTHING, "h", 50, 86400},
		{FORGETS, "g", 90000, 90000},
	};
	const struct place *place = *state;
	struct store *store = state_file_open(place->file);
	struct covey_error error;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t seconds = 0;

		if (rows[i].before == GIVES_UP) {
			assert_int_equal(state_file_bind(store, "g", "a", 1, &error), 0);
			assert_int_equal(state_file_bind(store, "g", "a", 2, &error), 0);
		} else if (rows[i].before == RESTARTS) {
			store = state_file_reopen(store, place->file);
		} else if (rows[i].before == FORGETS) {
			assert_int_equal(COMMIT(store, &error, .kind = STORE_FORGET_FORMER,
						.group = "g", .spi = UINT32_MAX),
					 0);
		}
		assert_int_equal(COMMIT(store, &error, .kind = STORE_LIFETIME,
					.group = rows[i].group, .seconds = rows[i].wanted),
				 0);
		assert_int_equal(store->ops->read_lifetime(store, rows[i].group, &seconds, &error),
				 0);
		if (seconds != rows[i].counts)
			fail_msg("row %zu: %u s of group %s wanted: %u, not %u", i, rows[i].wanted,
				 rows[i].group, seconds, rows[i].counts);
	}
	store_close(store);
}

/* Numbers of serial, mode, goal and the mode after. */
static void assert_mode(struct store *store, const char *group, const char *expected)
{
	struct store_mode mode;
	struct covey_error error;
	char found[64];

	assert_int_equal(store->ops->read_mode(store, group, &mode, &error), 0);
	snprintf(found, sizeof(found), "%" PRIu64 " %u %u %u", mode.serial, mode.mode, mode.goal,
		 mode.after);
	assert_string_equal(found, expected);
}

static void modes_last(void **state)
{
	static const struct store_mode bad[] = {{0, 1, 1, 0}, {UINT64_MAX, 1, 1, 0}, {4, 0, 1, 0},
						{4, 4, 1, 0}, {4, 1, 0, 0},          {4, 1, 4, 0},
						{4, 1, 1, 4}};
	const struct place *place = *state;
	struct store *store = state_file_open(place->file);
	struct covey_error error;

	assert_mode(store, "g", "0 0 0 0");
	assert_int_equal(
		COMMIT(store, &error, .kind = STORE_MODE, .group = "g", .mode = {2, 1, 1, 0}), 0);
	assert_int_equal(
		COMMIT(store, &error, .kind = STORE_MODE, .group = "h", .mode = {2, 1, 1, 0}), 0);
	assert_int_equal(
		COMMIT(store, &error, .kind = STORE_MODE, .group = "g", .mode = {3, 2, 1, 3}), 0);
	store = state_file_reopen(store, place->file);
	assert_mode(store, "g", "3 2 1 3");
	assert_mode(store, "h", "2 1 1 0");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(COMMIT(store, &error, .kind = STORE_MODE, .group = "g",
				   .mode = bad[i]) < 0);
	assert_mode(store, "g", "3 2 1 3");
	store_close(store);
}

/* Version 1 had no evictions, version 2 no former SenderIDs, version 3 no modes, version 4 no
 * holder. */
static void a_file_of_a_version_before(void **state)
{
	static const char *const sql[] = {
		"DROP TABLE holder; PRAGMA user_version = 4",
		"DROP TABLE holder; DROP TABLE mode; PRAGMA user_version = 3",
		"DROP TRIGGER give_up; DROP TRIGGER take_up; DROP TABLE former; "
		"DROP TABLE lifetime; DROP TABLE holder; DROP TABLE mode; "
		"PRAGMA user_version = 2",
		"DROP TRIGGER give_up; DROP TRIGGER take_up; DROP TABLE former; "
		"DROP TABLE lifetime; DROP TABLE holder; DROP TABLE mode; DROP TABLE eviction; "
		"PRAGMA user_version = 1",
	};
	const struct place *place = *state;
	struct covey_error error;
	struct store *store;
	struct sqlite_holder holder;
	char buf[4096];

	state_file_make(place->file);
	for (size_t i = 0; i < 4; i++) {
		state_file_run_sql(place->file, sql[i]);
		store = state_file_open(place->file);
		assert_string_equal(state_file_bindings(store, "g", buf), "a=1 b=2 ");
		assert_string_equal(evictions(store, buf), i == 1 || i == 2 ? "a from g; " : "");
		assert_mode(store, "g", "0 0 0 0");
		assert_int_equal(
			COMMIT(store, &error, .kind = STORE_EVICT, .identity = "a", .group = "g"),
			0);
		assert_int_equal(COMMIT(store, &error, .kind = STORE_MODE, .group = "g",
					.mode = {3, 2, 1, 3}),
				 0);
		store = state_file_reopen(store, place->file);
		assert_string_equal(evictions(store, buf), "a from g; ");
		assert_mode(store, "g", "3 2 1 3");
		assert_int_equal(sqlite_store_holder(store, "192.0.2.1", &holder, &error), 0);
		assert_true(holder.generation == 0 && !holder.is_ours);
		store_close(store);
	}
}

/* It is not damaged, and must not be moved away. */
static void a_file_of_a_later_version(void **state)
{
	const struct place *place = *state;
	struct covey_error error;
	struct store *store;

	state_file_make(place->file);
	state_file_run_sql(place->file, "CREATE TABLE later (x); PRAGMA user_version = 6");
	assert_int_equal(sqlite_store_open(place->file, &store, &error), -EPROTONOSUPPORT);
	assert_non_null(strstr(error.text, "is of a later covey-gkm (version 6 of the file"));
}

/* Where there are several key managers, the file says who had it last, and no SPI is both the
 * former's, who may have gone on, and the new one's. */
static void it_goes_from_one_to_another(void **state)
{
	static const struct {
		const char *address;
		uint32_t spis;
		bool ours;
		uint32_t next_spi;
	} rows[] = {
		{"192.0.2.1", 1000, false, 1256}, {"192.0.2.1", 1000, true, 1257},
		{"192.0.2.2", 2000, false, 3258}, {"192.0.2.2", 2000, true, 3259},
		{"192.0.2.1", 1000, false, 4260}, {"192.0.2.3", UINT32_MAX, false, 0},
	};
	const struct place *place = *state;
	struct sqlite_holder holder;
	struct covey_error error;
	uint32_t spi;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct store *store = state_file_open(place->file);

		assert_int_equal(sqlite_store_holder(store, rows[i].address, &holder, &error), 0);
		assert_int_equal(holder.is_ours, rows[i].ours);
		assert_int_equal(holder.generation, i);
		assert_int_equal(sqlite_store_begin(store, rows[i].address, rows[i].spis, &error),
				 0);
		if (rows[i].next_spi)
			assert_int_equal(state_file_take_spi(store), rows[i].next_spi);
		else
			assert_int_equal(store->ops->take_spi(store, &spi, &error), -EOVERFLOW);
		store = state_file_reopen(store, place->file);
		assert_int_equal(sqlite_store_holder(store, rows[i].address, &holder, &error), 0);
		assert_true(holder.generation == i + 1 && holder.is_ours);
		store_close(store);
	}
}

/* Killed at any moment: what was answered is on disk. */
static void it_survives_being_killed(void **state)
{
	const struct place *place = *state;
	struct store *store;
	char buf[4096];
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		if (sqlite_store_open(place->file, &store, NULL) == 0 &&
		    state_file_bind(store, "g", "a", 7, NULL) == 0) {
			state_file_take_spi(store);
			raise(SIGKILL);
		}
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	store = state_file_open(place->file);
	assert_string_equal(state_file_bindings(store, "g", buf), "a=7 ");
	assert_int_equal(state_file_take_spi(store), 257);
	store_close(store);
}

static void a_sender_id_is_bound_once_per_group(void **state)
{
	static const struct {
		const char *group, *identity;
		uint16_t sender_id;
		int status;
		const char *bound; /* in group g, then */
	} rows[] = {
		{"g", "a", 1, 0, "a=1 "},           {"g", "a", 1, 0, "a=1 "},
		{"g", "b", 1, -EEXIST, "a=1 "},     {"h", "b", 1, 0, "a=1 "},
		{"g", "b", 2, 0, "a=1 b=2 "},       {"g", "a", 9, 0, "b=2 a=9 "},
		{"g", "c", 0, -EEXIST, "b=2 a=9 "},
	};
	const struct place *place = *state;
	struct store *store = state_file_open(place->file);
	char buf[4096];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct covey_error error = {0};
		int status = state_file_bind(store, rows[i].group, rows[i].identity,
					     rows[i].sender_id, &error);

		if (status != rows[i].status)
			fail_msg("row %zu: %s to %u: %d", i, rows[i].identity, rows[i].sender_id,
				 status);
		if (rows[i].sender_id == 1 && status == -EEXIST)
			assert_non_null(strstr(error.text, "SenderID 1"));
		check(i, state_file_bindings(store, "g", buf), rows[i].bound);
	}
	store_close(store);
}

#define BIND(in, who, number)                                                                      \
	{                                                                                          \
		.kind = STORE_BIND, .group = in, .identity = who, .sender_id = number              \
	}

static void many_are_bound_together_or_none(void **state)
{
	const struct place *place = *state;
	const struct store_change good[] = {BIND("g", "a", 1), BIND("g", "b", 2),
					    BIND("h", "a", 1)};
	const struct store_change bad[] = {BIND("g", "c", 3), BIND("g", "d", 2), BIND("g", "e", 5)};
	struct store *store = state_file_open(place->file);
	struct covey_error error = {0};
	char buf[4096];

	assert_int_equal(commit(store, good, 3, &error), 0);
	assert_string_equal(state_file_bindings(store, "g", buf), "a=1 b=2 ");
	assert_int_equal(commit(store, bad, 3, &error), -EEXIST);
	assert_non_null(strstr(error.text, "SenderID 2"));
	assert_string_equal(state_file_bindings(store, "g", buf), "a=1 b=2 ");
	/* No transaction is left behind: what follows is durable by itself. */
	assert_int_equal(state_file_bind(store, "g", "f", 6, &error), 0);
	store = state_file_reopen(store, place->file);
	assert_string_equal(state_file_bindings(store, "g", buf), "a=1 b=2 f=6 ");
	assert_string_equal(state_file_bindings(store, "h", buf), "a=1 ");
	store_close(store);
}

static void the_serial_can_be_raised(void **state)
{
	const struct place *place = *state;
	struct covey_error error = {0};
	struct store *store = state_file_open(place->file);
	uint32_t spi = 4711;

	assert_true(store->next_spi == COVEY_SPI_MIN);
	assert_int_equal(state_file_take_spi(store), COVEY_SPI_MIN);
	assert_true(store->next_spi == COVEY_SPI_MIN + 1);
	assert_int_equal(COMMIT(store, &error, .kind = STORE_RAISE_SPI, .spi = 1000), 0);
	assert_true(store->next_spi == 1001);
	assert_int_equal(state_file_take_spi(store), 1001);
	/* It never falls. */
	assert_int_equal(COMMIT(store, &error, .kind = STORE_RAISE_SPI, .spi = 1000), 0);
	assert_int_equal(COMMIT(store, &error, .kind = STORE_RAISE_SPI, .spi = 0), 0);
	assert_true(store->next_spi == 1002);
	store = state_file_reopen(store, place->file);
	assert_true(store->next_spi == 1002);
	assert_int_equal(state_file_take_spi(store), 1002);
	assert_int_equal(COMMIT(store, &error, .kind = STORE_RAISE_SPI, .spi = UINT32_MAX), 0);
	assert_int_equal(store->ops->take_spi(store, &spi, &error), -EOVERFLOW);
	store = state_file_reopen(store, place->file);
	assert_true(store->next_spi == (uint64_t)UINT32_MAX + 1);
	store_close(store);
}

/* Many at once are one write, and no other instance takes those that are left. */
static void spis_that_are_wanted_come_together(void **state)
{
	const struct place *place = *state;
	struct covey_error error = {0};
	struct store *store = state_file_open(place->file);

	store->spis_wanted = 10;
	assert_int_equal(state_file_take_spi(store), 256);
	assert_true(store->next_spi == 257 && store->next_spi_in_file == 266);
	for (uint32_t spi = 257; spi < 260; spi++)
		assert_int_equal(state_file_take_spi(store), spi);
	/* What a member knows of them is no sign of an older file. */
	assert_int_equal(COMMIT(store, &error, .kind = STORE_RAISE_SPI, .spi = 261), 0);
	assert_int_equal(state_file_take_spi(store), 262);
	store = state_file_reopen(store, place->file);
	assert_true(store->next_spi == 266 && store->next_spi_in_file == 266);
	assert_int_equal(state_file_take_spi(store), 266);
	store_close(store);
}

static void the_last_spis_are_taken_one_by_one(void **state)
{
	const struct place *place = *state;
	struct covey_error error = {0};
	struct store *store;
	uint32_t spi = 4711;

	store_close(state_file_open(place->file));
	state_file_run_sql(place->file,
			   "UPDATE serial SET next_spi = 4294967294, complement = ~4294967294");
	store = state_file_open(place->file);
	store->spis_wanted = 10;
	assert_int_equal(state_file_take_spi(store), UINT32_MAX - 1);
	assert_int_equal(state_file_take_spi(store), UINT32_MAX);
	assert_int_equal(store->ops->take_spi(store, &spi, &error), -EOVERFLOW);
	assert_int_equal(spi, 4711);
	store_close(store);
}

static void spis_run_out_and_never_wrap(void **state)
{
	const struct place *place = *state;
	struct covey_error error = {0};
	struct store *store;
	uint32_t spi = 4711;

	store_close(state_file_open(place->file));
	state_file_run_sql(place->file,
			   "UPDATE serial SET next_spi = 4294967295, complement = ~4294967295");
	store = state_file_open(place->file);
	assert_int_equal(state_file_take_spi(store), UINT32_MAX);
	assert_int_equal(store->ops->take_spi(store, &spi, &error), -EOVERFLOW);
	assert_int_equal(spi, 4711);
	assert_non_null(strstr(error.text, "used up"));
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_file_begins_at_the_lowest_spi),
		TEST(it_is_all_there_after_reopening),
		TEST(evictions_last),
		TEST(former_sender_ids),
		TEST(lifetimes),
		TEST(modes_last),
		TEST(a_file_of_a_version_before),
		TEST(a_file_of_a_later_version),
		TEST(it_goes_from_one_to_another),
		TEST(it_survives_being_killed),
		TEST(a_sender_id_is_bound_once_per_group),
		TEST(many_are_bound_together_or_none),
		TEST(the_serial_can_be_raised),
		TEST(spis_run_out_and_never_wrap),
		TEST(spis_that_are_wanted_come_together),
		TEST(the_last_spis_are_taken_one_by_one),
		TEST(a_copy_is_the_file_and_no_larger_than_allowed),
	};

	return cmocka_run_group_tests_name("gkm-store", tests, NULL, NULL);
}
