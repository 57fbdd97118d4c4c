/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * No damage to the state file, nor a disk without room, ever makes it give out an SPI or a SenderID
 * a second time. And nobody else's file is taken for one.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commit.h"
#include "state_file.h"

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

/* --- refusing ------------------------------------------------------------------------------ */

static void only_one_has_it(void **state)
{
	const struct place *place = *state;
	struct store *store = state_file_open(place->file);

	assert_refused(place->file, -EBUSY, "another covey-gkm");
	store_close(store);
	store_close(state_file_open(place->file));
}

static void only_one_process_has_it(void **state)
{
	const struct place *place = *state;
	struct store *store = state_file_open(place->file);
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
	state_file_run_sql(place->file, "CREATE TABLE t (x)");
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

	state_file_make(place->file);
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
	assert_string_equal(state_file_bindings(store, "g", buf), "a=1 b=2 ");
	assert_int_equal(state_file_take_spi(store), 301);
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

	state_file_make(place->file);
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
	const struct store_change many[] = {
		{.kind = STORE_BIND, .group = "g", .identity = identity, .sender_id = 3},
		{.kind = STORE_BIND, .group = "g", .identity = "short", .sender_id = 4},
	};
	uint32_t spi = 4711;
	char buf[4096];

	if (!scratch_mount(place->directory))
		skip();
	state_file_make(place->file);
	store = state_file_open(place->file);
	snprintf(filler, sizeof(filler), "%s/filler", place->directory);
	assert_int_equal(scratch_fill(filler), 0);
	assert_int_equal(store->ops->take_spi(store, &spi, &error), -ENOSPC);
	assert_int_equal(spi, 4711);
	assert_non_null(strstr(error.text, "disk is full"));
	memset(identity, 'i', sizeof(identity));
	identity[sizeof(identity) - 1] = '\0';
	for (size_t count = 1; count <= 2; count++) {
		assert_int_equal(commit(store, many, count, &error), -ENOSPC);
		assert_string_equal(state_file_bindings(store, "g", buf), "a=1 b=2 ");
	}
	/* It goes on where it was when there is room again. */
	unlink(filler);
	assert_int_equal(state_file_take_spi(store), 301);
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
	state_file_make(place->file);
	assert_int_equal(mount(NULL, place->directory, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	assert_refused(place->file, -EROFS, "read-only");
	assert_int_equal(mount(NULL, place->directory, NULL, MS_REMOUNT, NULL), 0);
	store_close(state_file_open(place->file));
	scratch_unmount(place->directory);
}

static void an_open_mode_is_closed(void **state)
{
	const struct place *place = *state;
	struct stat status;

	state_file_make(place->file);
	assert_int_equal(chmod(place->file, 0666), 0);
	store_close(state_file_open(place->file));
	assert_int_equal(stat(place->file, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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

	return cmocka_run_group_tests_name("gkm-store-damage", tests, NULL, NULL);
}
