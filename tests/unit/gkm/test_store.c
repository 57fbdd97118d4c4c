/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The state file: what it keeps, and that no damage to it, nor a disk without room, ever makes it
 * give out an SPI or a SenderID a second time.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <covey/limits.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scratch.h"
#include "sqlite.h"

struct place {
	char directory[SCRATCH_PATH_MAX];
	char file[SCRATCH_PATH_MAX + 16];
};

static int begin(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	*state = place;
	if (!place || scratch_new(place->directory) < 0)
		return -1;
	snprintf(place->file, sizeof(place->file), "%s/gkm.db", place->directory);
	return 0;
}

static int end(void **state)
{
	struct place *place = *state;

	scratch_free(place->directory);
	free(place);
	return 0;
}

static struct store *open_store(const char *path)
{
	struct covey_error error = {0};
	struct store *store = NULL;
	int status = sqlite_store_open(path, &store, &error);

	if (status < 0)
		fail_msg("%s: %s", path, error.text);
	return store;
}

static void assert_refused(const char *path, int status, const char *text)
{
	struct covey_error error = {0};
	struct store *store = (struct store *)&error;

	assert_int_equal(sqlite_store_open(path, &store, &error), status);
	assert_ptr_equal(store, &error);
	if (!strstr(error.text, text))
		fail_msg("\"%s\" does not say \"%s\"", error.text, text);
	assert_non_null(strstr(error.text, path));
}

static int bind_one(struct store *store, const char *group, const char *identity,
		    uint16_t sender_id, struct covey_error *error)
{
	const struct store_binding binding = {
		.group = group, .identity = identity, .sender_id = sender_id};

	return store->ops->bind_all(store, &binding, 1, error);
}

static uint32_t take_spi(struct store *store)
{
	struct covey_error error = {0};
	uint32_t spi = 0;

	if (store->ops->take_spi(store, &spi, &error) < 0)
		fail_msg("%s", error.text);
	return spi;
}

static int append_binding(const char *identity, uint16_t sender_id, void *arg)
{
	char *text = arg;

	snprintf(text + strlen(text), 64, "%s=%u ", identity, sender_id);
	return 0;
}

/* "a=1 b=2 " */
static const char *bindings(struct store *store, const char *group, char buf[4096])
{
	buf[0] = '\0';
	assert_int_equal(store->ops->each_binding(store, group, append_binding, buf, NULL), 0);
	return buf;
}

/* A file with content, closed again: bindings a=1, b=2 in g; SPIs up to 300 taken. */
static void make_file(const char *path)
{
	struct store *store = open_store(path);

	assert_int_equal(bind_one(store, "g", "a", 1, NULL), 0);
	assert_int_equal(bind_one(store, "g", "b", 2, NULL), 0);
	while (take_spi(store) < 300)
		continue;
	store_close(store);
}

/* --- keeping ------------------------------------------------------------------------------- */

static void a_new_file_begins_at_the_lowest_spi(void **state)
{
	const struct place *place = *state;
	struct store *store = open_store(place->file);
	struct stat status;

	assert_int_equal(take_spi(store), 256);
	assert_int_equal(take_spi(store), 257);
	assert_int_equal(stat(place->file, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	store_close(store);
}

static void it_is_all_there_after_reopening(void **state)
{
	const struct place *place = *state;
	struct store *store;
	char buf[4096];

	make_file(place->file);
	store = open_store(place->file);
	assert_string_equal(bindings(store, "g", buf), "a=1 b=2 ");
	assert_string_equal(bindings(store, "other", buf), "");
	assert_int_equal(take_spi(store), 301);
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
	struct store *store = open_store(place->file);
	struct covey_error error;
	char buf[4096];

	assert_int_equal(store->ops->evict(store, "a", "", &error), 0);
	assert_int_equal(store->ops->evict(store, "a", "g", &error), 0);
	assert_int_equal(store->ops->evict(store, "b", "g", &error), 0);
	assert_int_equal(store->ops->evict(store, "b", "g", &error), 0);
	assert_int_equal(store->ops->evict(store, "b", "h", &error), 0);
	store_close(store);
	store = open_store(place->file);
	assert_string_equal(evictions(store, buf), "a from ; a from g; b from g; b from h; ");
	assert_int_equal(store->ops->readmit(store, "b", "g", &error), 0);
	assert_int_equal(store->ops->readmit(store, "a", NULL, &error), 0);
	store_close(store);
	store = open_store(place->file);
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
	const struct place *place = *state;
	struct store *store = open_store(place->file);
	struct covey_error error;
	char buf[4096];
	uint32_t spi;

	assert_int_equal(bind_one(store, "g", "a", 1, &error), 0);
	assert_int_equal(bind_one(store, "g", "a", 1, &error), 0);
	assert_string_equal(formers(store, "g", buf), "");
	assert_int_equal(bind_one(store, "g", "a", 5, &error), 0);
	assert_string_equal(formers(store, "g", buf), "a=1/255 ");
	assert_int_equal(store->ops->take_spi(store, &spi, &error), 0);
	assert_int_equal(bind_one(store, "g", "a", 6, &error), 0);
	assert_string_equal(formers(store, "h", buf), "");
	store_close(store);
	store = open_store(place->file);
	assert_string_equal(formers(store, "g", buf), "a=1/255 a=5/256 ");
	assert_int_equal(bind_one(store, "h", "b", 1, &error), 0);
	assert_string_equal(formers(store, "g", buf), "a=1/255 a=5/256 ");
	assert_int_equal(store->ops->forget_former(store, "g", 255, &error), 0);
	assert_string_equal(formers(store, "g", buf), "a=5/256 ");
	assert_int_equal(bind_one(store, "g", "a", 5, &error), 0);
	assert_string_equal(formers(store, "g", buf), "a=6/256 ");
	assert_int_equal(bind_one(store, "g", "b", 6, &error), 0);
	assert_string_equal(formers(store, "g", buf), "");
	store_close(store);
}

/* A shorter one counts only when nothing is kept from the time of the longer. */
static void lifetimes(void **state)
{
	const struct place *place = *state;
	struct store *store = open_store(place->file);
	struct covey_error error;
	uint32_t seconds = 0;

	assert_int_equal(store->ops->lifetime(store, "g", 50, &seconds, &error), 0);
	assert_int_equal(seconds, 86400);
	assert_int_equal(store->ops->lifetime(store, "g", 100000, &seconds, &error), 0);
	assert_int_equal(seconds, 100000);
	assert_int_equal(store->ops->lifetime(store, "g", 90000, &seconds, &error), 0);
	assert_int_equal(seconds, 90000);
	assert_int_equal(store->ops->lifetime(store, "g", 100000, &seconds, &error), 0);
	assert_int_equal(bind_one(store, "g", "a", 1, &error), 0);
	assert_int_equal(bind_one(store, "g", "a", 2, &error), 0);
	store_close(store);
	store = open_store(place->file);
	assert_int_equal(store->ops->lifetime(store, "g", 90000, &seconds, &error), 0);
	assert_int_equal(seconds, 100000);
	assert_int_equal(store->ops->lifetime(store, "g", 50, &seconds, &error), 0);
	assert_int_equal(seconds, 100000);
	assert_int_equal(store->ops->lifetime(store, "h", 50, &seconds, &error), 0);
	assert_int_equal(seconds, 86400);
	assert_int_equal(store->ops->forget_former(store, "g", UINT32_MAX, &error), 0);
	assert_int_equal(store->ops->lifetime(store, "g", 90000, &seconds, &error), 0);
	assert_int_equal(seconds, 90000);
	store_close(store);
}

/* Version 1 had no evictions, version 2 no former SenderIDs. */
static void a_file_of_the_version_before(void **state)
{
	const struct place *place = *state;
	struct covey_error error;
	struct store *store;
	char command[1024];
	char buf[4096];

	make_file(place->file);
	snprintf(command, sizeof(command),
		 "python3 -c 'import sqlite3; d = sqlite3.connect(\"%s\"); d.executescript(\"DROP "
		 "TRIGGER give_up; DROP TRIGGER take_up; DROP TABLE former; DROP TABLE lifetime; "
		 "DROP TABLE eviction; PRAGMA user_version = 1\"); d.commit()'",
		 place->file);
	assert_int_equal(system(command), 0);
	for (size_t i = 0; i < 2; i++) {
		store = open_store(place->file);
		assert_string_equal(bindings(store, "g", buf), "a=1 b=2 ");
		assert_string_equal(evictions(store, buf), i ? "a from g; " : "");
		assert_int_equal(store->ops->evict(store, "a", "g", &error), 0);
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
		    bind_one(store, "g", "a", 7, NULL) == 0) {
			take_spi(store);
			raise(SIGKILL);
		}
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	store = open_store(place->file);
	assert_string_equal(bindings(store, "g", buf), "a=7 ");
	assert_int_equal(take_spi(store), 257);
	store_close(store);
}

static void a_sender_id_is_bound_once_per_group(void **state)
{
	const struct place *place = *state;
	struct store *store = open_store(place->file);
	struct covey_error error = {0};
	char buf[4096];

	assert_int_equal(bind_one(store, "g", "a", 1, &error), 0);
	assert_int_equal(bind_one(store, "g", "a", 1, &error), 0);
	assert_int_equal(bind_one(store, "g", "b", 1, &error), -EEXIST);
	assert_non_null(strstr(error.text, "SenderID 1"));
	assert_int_equal(bind_one(store, "h", "b", 1, &error), 0);
	assert_int_equal(bind_one(store, "g", "b", 2, &error), 0);
	assert_int_equal(bind_one(store, "g", "a", 9, &error), 0);
	assert_string_equal(bindings(store, "g", buf), "b=2 a=9 ");
	assert_int_equal(bind_one(store, "g", "c", 0, &error), -EEXIST);
	store_close(store);
}

static void many_are_bound_together_or_none(void **state)
{
	const struct place *place = *state;
	const struct store_binding good[] = {{"g", "a", 1}, {"g", "b", 2}, {"h", "a", 1}};
	const struct store_binding bad[] = {{"g", "c", 3}, {"g", "d", 2}, {"g", "e", 5}};
	struct store *store = open_store(place->file);
	struct covey_error error = {0};
	char buf[4096];

	assert_int_equal(store->ops->bind_all(store, good, 3, &error), 0);
	assert_string_equal(bindings(store, "g", buf), "a=1 b=2 ");
	assert_int_equal(store->ops->bind_all(store, bad, 3, &error), -EEXIST);
	assert_non_null(strstr(error.text, "SenderID 2"));
	assert_string_equal(bindings(store, "g", buf), "a=1 b=2 ");
	/* No transaction is left behind: what follows is durable by itself. */
	assert_int_equal(bind_one(store, "g", "f", 6, &error), 0);
	store_close(store);
	store = open_store(place->file);
	assert_string_equal(bindings(store, "g", buf), "a=1 b=2 f=6 ");
	assert_string_equal(bindings(store, "h", buf), "a=1 ");
	store_close(store);
}

static void the_serial_can_be_raised(void **state)
{
	const struct place *place = *state;
	struct covey_error error = {0};
	struct store *store = open_store(place->file);
	uint32_t spi = 4711;

	assert_true(store->next_spi == COVEY_SPI_MIN);
	assert_int_equal(take_spi(store), COVEY_SPI_MIN);
	assert_true(store->next_spi == COVEY_SPI_MIN + 1);
	assert_int_equal(store->ops->raise_spi(store, 1000, &error), 0);
	assert_true(store->next_spi == 1001);
	assert_int_equal(take_spi(store), 1001);
	/* It never falls. */
	assert_int_equal(store->ops->raise_spi(store, 1000, &error), 0);
	assert_int_equal(store->ops->raise_spi(store, 0, &error), 0);
	assert_true(store->next_spi == 1002);
	store_close(store);
	store = open_store(place->file);
	assert_true(store->next_spi == 1002);
	assert_int_equal(take_spi(store), 1002);
	assert_int_equal(store->ops->raise_spi(store, UINT32_MAX, &error), 0);
	assert_int_equal(store->ops->take_spi(store, &spi, &error), -EOVERFLOW);
	store_close(store);
	store = open_store(place->file);
	assert_true(store->next_spi == (uint64_t)UINT32_MAX + 1);
	store_close(store);
}

static void spis_run_out_and_never_wrap(void **state)
{
	const struct place *place = *state;
	struct covey_error error = {0};
	struct store *store;
	uint32_t spi = 4711;
	char command[1024];

	store_close(open_store(place->file));
	snprintf(command, sizeof(command),
		 "python3 -c 'import sqlite3; d = sqlite3.connect(\"%s\"); d.execute(\"UPDATE "
		 "serial SET next_spi = 4294967295, complement = ~4294967295\"); d.commit()'",
		 place->file);
	assert_int_equal(system(command), 0);
	store = open_store(place->file);
	assert_int_equal(take_spi(store), UINT32_MAX);
	assert_int_equal(store->ops->take_spi(store, &spi, &error), -EOVERFLOW);
	assert_int_equal(spi, 4711);
	assert_non_null(strstr(error.text, "used up"));
	store_close(store);
}

/* --- refusing ------------------------------------------------------------------------------ */

static void only_one_has_it(void **state)
{
	const struct place *place = *state;
	struct store *store = open_store(place->file);

	assert_refused(place->file, -EBUSY, "another covey-gkm");
	store_close(store);
	store_close(open_store(place->file));
}

static void only_one_process_has_it(void **state)
{
	const struct place *place = *state;
	struct store *store = open_store(place->file);
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		execl("/usr/bin/python3", "python3", "-c",
		      "import sqlite3, sys\n"
		      "d = sqlite3.connect(sys.argv[1], timeout=0)\n"
		      "try: d.execute('BEGIN EXCLUSIVE')\n"
		      "except sqlite3.OperationalError: sys.exit(3)\n",
		      place->file, NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), 3);
	store_close(store);
}

static void write_file(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	close(fd);
}

static size_t read_file(const char *path, uint8_t *data, size_t max)
{
	int fd = open(path, O_RDONLY);
	ssize_t len;

	assert_true(fd >= 0);
	len = read(fd, data, max);
	close(fd);
	assert_true(len > 0 && (size_t)len < max);
	return (size_t)len;
}

static void what_is_no_state_file(void **state)
{
	const struct place *place = *state;
	char command[1024];
	char text[8192];

	memset(text, 'x', sizeof(text));
	write_file(place->file, text, sizeof(text));
	assert_refused(place->file, -EBADMSG, "not a covey-gkm state file");
	write_file(place->file, "", 0);
	assert_refused(place->file, -EBADMSG, "is empty");
	unlink(place->file);
	assert_int_equal(mkdir(place->file, 0700), 0);
	assert_refused(place->file, -EBADMSG, "no regular file");
	rmdir(place->file);
	snprintf(command, sizeof(command),
		 "python3 -c 'import sqlite3; d = sqlite3.connect(\"%s\"); d.execute(\"CREATE "
		 "TABLE t (x)\"); d.commit()'",
		 place->file);
	assert_int_equal(system(command), 0);
	assert_refused(place->file, -EBADMSG, "another program's");
}

static void a_directory_that_is_not_there(void **state)
{
	const struct place *place = *state;
	char path[SCRATCH_PATH_MAX + 32];

	snprintf(path, sizeof(path), "%s/absent/gkm.db", place->directory);
	assert_refused(path, -ENOENT, "its directory does not exist");
}

static void truncated_anywhere(void **state)
{
	const struct place *place = *state;
	static uint8_t whole[1 << 20];
	size_t len;

	make_file(place->file);
	len = read_file(place->file, whole, sizeof(whole));
	for (size_t cut = 0; cut < len; cut += 173) {
		struct covey_error error = {0};
		struct store *store;

		write_file(place->file, whole, cut);
		assert_int_equal(sqlite_store_open(place->file, &store, &error), -EBADMSG);
		assert_true(strlen(error.text) > 40);
	}
}

/* Either it is noticed, or all that counts is still as it was. Returns whether it was. */
static bool is_flip_noticed(const char *path)
{
	struct covey_error error = {0};
	struct store *store;
	char buf[4096];

	if (sqlite_store_open(path, &store, &error) < 0) {
		assert_true(strlen(error.text) > 40);
		return true;
	}
	assert_string_equal(bindings(store, "g", buf), "a=1 b=2 ");
	assert_int_equal(take_spi(store), 301);
	store_close(store);
	return false;
}

/* Every bit of every byte that says something, and some of the empty space. COVEY_TEST_SHALLOW: of
 * each byte one bit. */
static void bits_flipped_anywhere(void **state)
{
	const struct place *place = *state;
	const size_t share = getenv("COVEY_TEST_SHALLOW") ? 8 : 1;
	static uint8_t whole[1 << 20];
	size_t noticed = 0;
	size_t len;

	if (share > 1)
		printf("note: shallow: of each byte of the state file 1 bit of 8 is flipped\n");

	make_file(place->file);
	len = read_file(place->file, whole, sizeof(whole));
	for (size_t i = 0; i < len * 8; i++) {
		if ((whole[i / 8] == 0 && i % 97) || (i % 8 + i / 8) % share)
			continue;
		whole[i / 8] ^= (uint8_t)(1u << (i % 8));
		write_file(place->file, whole, len);
		whole[i / 8] ^= (uint8_t)(1u << (i % 8));
		noticed += is_flip_noticed(place->file);
	}
	assert_true(noticed > 1000 / share);
}

/* --- disks --------------------------------------------------------------------------------- */

static void a_full_disk(void **state)
{
	const struct place *place = *state;
	char filler[SCRATCH_PATH_MAX + 16];
	struct covey_error error = {0};
	struct store *store;
	char identity[600];
	const struct store_binding many[] = {{"g", identity, 3}, {"g", "short", 4}};
	uint32_t spi = 4711;
	char buf[4096];
	int status = 0;

	if (!scratch_mount(place->directory))
		skip();
	make_file(place->file);
	store = open_store(place->file);
	snprintf(filler, sizeof(filler), "%s/filler", place->directory);
	assert_int_equal(scratch_fill(filler), 0);
	assert_int_equal(store->ops->take_spi(store, &spi, &error), -ENOSPC);
	assert_int_equal(spi, 4711);
	assert_non_null(strstr(error.text, "disk is full"));
	memset(identity, 'i', sizeof(identity));
	identity[sizeof(identity) - 1] = '\0';
	status = bind_one(store, "g", identity, 3, &error);
	assert_int_equal(status, -ENOSPC);
	assert_string_equal(bindings(store, "g", buf), "a=1 b=2 ");
	status = store->ops->bind_all(store, many, 2, &error);
	assert_int_equal(status, -ENOSPC);
	assert_string_equal(bindings(store, "g", buf), "a=1 b=2 ");
	/* It goes on where it was when there is room again. */
	unlink(filler);
	assert_int_equal(take_spi(store), 301);
	store_close(store);
	unlink(place->file);
	assert_int_equal(scratch_fill(filler), 0);
	assert_refused(place->file, -ENOSPC, "disk is full");
	scratch_unmount(place->directory);
}

static void a_read_only_disk(void **state)
{
	const struct place *place = *state;

	if (!scratch_mount(place->directory))
		skip();
	make_file(place->file);
	assert_int_equal(mount(NULL, place->directory, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	assert_refused(place->file, -EROFS, "read-only");
	assert_int_equal(mount(NULL, place->directory, NULL, MS_REMOUNT, NULL), 0);
	store_close(open_store(place->file));
	scratch_unmount(place->directory);
}

static void an_open_mode_is_closed(void **state)
{
	const struct place *place = *state;
	struct stat status;

	make_file(place->file);
	assert_int_equal(chmod(place->file, 0666), 0);
	store_close(open_store(place->file));
	assert_int_equal(stat(place->file, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_file_begins_at_the_lowest_spi),
		TEST(it_is_all_there_after_reopening),
		TEST(evictions_last),
		TEST(former_sender_ids),
		TEST(lifetimes),
		TEST(a_file_of_the_version_before),
		TEST(it_survives_being_killed),
		TEST(a_sender_id_is_bound_once_per_group),
		TEST(many_are_bound_together_or_none),
		TEST(the_serial_can_be_raised),
		TEST(spis_run_out_and_never_wrap),
		TEST(only_one_has_it),
		TEST(only_one_process_has_it),
		TEST(what_is_no_state_file),
		TEST(a_directory_that_is_not_there),
		TEST(truncated_anywhere),
		TEST(bits_flipped_anywhere),
		TEST(a_full_disk),
		TEST(a_read_only_disk),
		TEST(an_open_mode_is_closed),
	};

	return cmocka_run_group_tests_name("gkm-store", tests, NULL, NULL);
}
