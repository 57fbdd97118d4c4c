/* SPDX-License-Identifier: BSD-3-Clause */

/* The file with the modes that groups had when covey-host ran last: what is believed of it, and
 * what happens when it cannot be written. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <mode_file.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scratch.h"

#define WEEK_MS (COVEY_MODE_DEADLINE_MAX_S * UINT64_C(1000))
#define NEVER   UINT64_MAX

/* Which allocation fails, counted from 1; 0: none does. */
static unsigned fails_at, allocations;

int __wrap_asprintf(char **ret_text, const char *format, ...);

int __wrap_asprintf(char **ret_text, const char *format, ...)
{
	va_list arguments;
	int len;

	if (++allocations == fails_at)
		return -1;
	va_start(arguments, format);
	len = vasprintf(ret_text, format, arguments);
	va_end(arguments);
	return len;
}

/* The library's allocations. */
static void *allocate(size_t size)
{
	return ++allocations == fails_at ? NULL : malloc(size);
}

struct scene {
	char directory[SCRATCH_PATH_MAX];
	char path[SCRATCH_PATH_MAX + 16];
	char new[SCRATCH_PATH_MAX + 16];
	struct mode_record records[COVEY_GROUPS_PER_HOST_MAX];
};

static int set_up(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	if (!scene || scratch_new(scene->directory) < 0)
		return -1;
	snprintf(scene->path, sizeof(scene->path), "%s/modes", scene->directory);
	snprintf(scene->new, sizeof(scene->new), "%s/modes.new", scene->directory);
	*state = scene;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *scene = *state;

	fails_at = 0;
	mode_records_free(scene->records, COVEY_GROUPS_PER_HOST_MAX);
	scratch_free(scene->directory);
	free(scene);
	return 0;
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static uint64_t boot_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* What covey-host would write, with this list of groups. */
static void put_groups(const struct scene *scene, const char *groups)
{
	char boot_id[64] = "", *text;
	FILE *stream = fopen("/proc/sys/kernel/random/boot_id", "r");

	assert_non_null(stream);
	assert_int_equal(fscanf(stream, "%36s", boot_id), 1);
	fclose(stream);
	allocations = fails_at = 0;
	assert_true(asprintf(&text, "{\"boot_id\": \"%s\", \"groups\": %s}", boot_id, groups) > 0);
	put(scene->path, text);
	free(text);
}

/* One group in observe, and enforce comes at this time of the machine. */
static void put_deadline(const struct scene *scene, long long at)
{
	char groups[256];

	snprintf(groups, sizeof(groups),
		 "[{\"group\": \"g\", \"mode\": \"observe\", \"then\": \"enforce\", "
		 "\"deadline_ms\": %lld}]",
		 at);
	put_groups(scene, groups);
}

/* It is read without a complaint; how many records there are. */
static int read_well(struct scene *scene)
{
	struct covey_error error = {.text = "untouched"};
	int count;

	mode_records_free(scene->records, COVEY_GROUPS_PER_HOST_MAX);
	count = mode_file_read(scene->path, scene->records, COVEY_GROUPS_PER_HOST_MAX, &error);
	assert_string_equal(error.text, "untouched");
	return count;
}

static void read_badly(struct scene *scene)
{
	struct covey_error error = {.text = ""};

	assert_int_equal(
		mode_file_read(scene->path, scene->records, COVEY_GROUPS_PER_HOST_MAX, &error),
		-EPERM);
	assert_non_null(strstr(error.text, scene->path));
	assert_non_null(strstr(error.text, "remove it"));
}

static struct covey_vnis vnis[] = {{0, 0}, {7, 100}, {200, 0xffffff}};

static const struct mode_record some[] = {
	{"forever", COVEY_MODE_TRANSITION, COVEY_MODE_ENFORCE, NEVER, 0, false, NULL, 0},
	{"for an hour", COVEY_MODE_OBSERVE, COVEY_MODE_ENFORCE, 3600000, 4000, true, vnis, 3},
};

static void write_well(const struct scene *scene)
{
	struct covey_error error = {.text = "untouched"};
	struct stat info;

	assert_int_equal(mode_file_write(scene->path, some, 2, &error), 0);
	assert_string_equal(error.text, "untouched");
	assert_int_equal(lstat(scene->path, &info), 0);
	assert_true(S_ISREG(info.st_mode));
	assert_int_equal(info.st_mode & 07777, 0600);
	assert_int_equal(access(scene->new, F_OK), -1);
}

static void write_badly(const struct scene *scene, int status, const char *reason)
{
	struct covey_error error = {.text = ""};

	assert_int_equal(mode_file_write(scene->path, some, 2, &error), status);
	if (!strstr(error.text, reason))
		fail_msg("\"%s\" does not say \"%s\"", error.text, reason);
}

static void check_one(const struct mode_record *record)
{
	const struct mode_record *written = &some[strcmp(record->group, some[0].group) != 0];

	assert_string_equal(record->group, written->group);
	assert_int_equal(record->mode, written->mode);
	assert_int_equal(record->then, written->then);
	assert_int_equal(record->between_ms, written->between_ms);
	assert_true(record->left_ms <= written->left_ms);
	assert_true(record->left_ms >= written->left_ms - 60000);
	assert_int_equal(record->left_ms == NEVER, written->left_ms == NEVER);
	assert_int_equal(record->has_vnis, written->has_vnis);
	assert_int_equal(record->vnis_count, written->vnis_count);
	if (record->vnis_count)
		assert_memory_equal(record->vnis, vnis, sizeof(vnis));
}

static void check_some(const struct scene *scene)
{
	assert_string_equal(scene->records[0].group, some[0].group);
	check_one(&scene->records[0]);
	check_one(&scene->records[1]);
}

/* --- what is believed ----------------------------------------------------------------------- */

static void no_file(void **state)
{
	assert_int_equal(read_well(*state), 0);
}

static void it_comes_back_as_it_was_written(void **state)
{
	struct scene *scene = *state;

	write_well(scene);
	assert_int_equal(read_well(scene), 2);
	check_some(scene);
}

static void as_many_groups_as_a_host_may_have(void **state)
{
	static struct mode_record many[COVEY_GROUPS_PER_HOST_MAX];
	struct scene *scene = *state;
	struct covey_error error;

	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		many[i] = some[0];
		snprintf(many[i].group, sizeof(many[i].group), "g%0*zu", COVEY_NAME_MAX - 1, i);
	}
	assert_int_equal(COVEY_GROUPS_PER_HOST_MAX, 256);
	assert_int_equal(mode_file_write(scene->path, many, 256, &error), 0);
	assert_int_equal(read_well(scene), 256);
	for (size_t i = 0; i < 256; i++)
		assert_string_equal(scene->records[i].group, many[i].group);
	/* No more than there is room for. */
	memset(scene->records, 0, sizeof(scene->records));
	assert_int_equal(mode_file_read(scene->path, scene->records, 3, &error), 3);
	assert_string_equal(scene->records[3].group, "");
}

static void one_that_others_may_read_or_write(void **state)
{
	static const mode_t modes[] = {0640, 0620, 0610, 0604, 0602, 0601};
	struct scene *scene = *state;

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		write_well(scene);
		assert_int_equal(chmod(scene->path, modes[i]), 0);
		read_badly(scene);
	}
	write_well(scene); /* which mends it */
	assert_int_equal(read_well(scene), 2);
}

static void one_of_another_user(void **state)
{
	struct scene *scene = *state;

	if (geteuid() != 0)
		skip();
	write_well(scene);
	assert_int_equal(chown(scene->path, 65534, 65534), 0);
	read_badly(scene);
}

static void a_link_to_one(void **state)
{
	struct scene *scene = *state;
	char target[SCRATCH_PATH_MAX + 16];

	snprintf(target, sizeof(target), "%s/target", scene->directory);
	write_well(scene);
	assert_int_equal(rename(scene->path, target), 0);
	assert_int_equal(symlink(target, scene->path), 0);
	read_badly(scene);
}

/* It does not wait for a writer either. */
static void a_pipe(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(mkfifo(scene->path, 0600), 0);
	read_badly(scene);
}

static void a_folder(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(mkdir(scene->path, 0700), 0);
	read_badly(scene);
}

/* Of a file that is not whole, nothing counts. */
static void one_that_was_cut(void **state)
{
	struct scene *scene = *state;
	struct stat info;
	off_t len;

	write_well(scene);
	assert_int_equal(stat(scene->path, &info), 0);
	len = info.st_size;
	for (off_t cut = 0; cut < len; cut++) {
		write_well(scene);
		assert_int_equal(truncate(scene->path, cut), 0);
		assert_int_equal(read_well(scene), 0);
	}
}

static void one_with_something_behind(void **state)
{
	struct scene *scene = *state;
	FILE *stream;

	write_well(scene);
	stream = fopen(scene->path, "a");
	assert_non_null(stream);
	fputs("{}", stream);
	fclose(stream);
	assert_int_equal(read_well(scene), 0);
}

static void of_another_start_of_the_machine(void **state)
{
	static const char *const ids[] = {"0c1c4b9e-8d0c-4b4e-9d3a-5f0b6f7a8b9c", "", "x"};
	struct scene *scene = *state;
	char text[256];

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		snprintf(text, sizeof(text),
			 "{\"boot_id\": \"%s\", \"groups\": [{\"group\": \"g\", \"mode\": "
			 "\"observe\", \"then\": \"enforce\"}]}",
			 ids[i]);
		put(scene->path, text);
		assert_int_equal(read_well(scene), 0);
	}
}

static void a_deadline_that_has_passed(void **state)
{
	struct scene *scene = *state;
	const long long passed[] = {0, 1, (long long)boot_ms() - 1, (long long)boot_ms()};

	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
		put_deadline(scene, passed[i]);
		assert_int_equal(read_well(scene), 1);
		assert_true(scene->records[0].left_ms == 0);
		assert_int_equal(scene->records[0].then, COVEY_MODE_ENFORCE);
	}
}

/* No key manager allows it, so it is a mistake, and without an end would be the worst guess. */
static void a_deadline_that_cannot_be(void **state)
{
	struct scene *scene = *state;
	const long long bad[] = {
		(long long)(boot_ms() + WEEK_MS + 60000), INT64_MAX, -1, -60000, INT64_MIN,
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put_deadline(scene, bad[i]);
		assert_int_equal(read_well(scene), 0);
	}
	put_deadline(scene, (long long)(boot_ms() + WEEK_MS - 60000));
	assert_int_equal(read_well(scene), 1);
}

static void records_that_make_no_sense(void **state)
{
	static const char *const bad[] = {
		"1",
		"[]",
		"{}",
		"{\"group\": 1, \"mode\": \"observe\", \"then\": \"enforce\"}",
		"{\"group\": \"g\", \"mode\": \"observe\"}",
		"{\"group\": \"g\", \"mode\": \"clear\", \"then\": \"enforce\"}",
		"{\"group\": \"g\", \"mode\": \"observe\", \"then\": \"\"}",
		"{\"group\": \"g\", \"mode\": 1, \"then\": \"enforce\"}",
		"{\"group\": \"g\", \"mode\": \"observe\", \"then\": \"enforce\", "
		"\"deadline_ms\": \"1\"}",
		"{\"group\": \"g\", \"mode\": \"observe\", \"then\": \"enforce\", "
		"\"deadline_ms\": 1.5}",
		"{\"group\": \"g\", \"mode\": \"observe\", \"then\": \"enforce\", "
		"\"deadline_ms\": null}",
		"{\"group\": \"g\", \"mode\": \"observe\", \"then\": \"enforce\", "
		"\"between_ms\": -1}",
		"{\"group\": \"g\", \"mode\": \"observe\", \"then\": \"enforce\", "
		"\"between_ms\": 10001}",
		"{\"group\": \"0123456789012345678901234567890123456789012345678901234567890123456"
		"78901234567890123456789\", \"mode\": \"observe\", \"then\": \"enforce\"}",
	};
	struct scene *scene = *state;
	char groups[512];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(groups, sizeof(groups),
			 "[%s, {\"group\": \"good\", \"mode\": \"transition\", \"then\": "
			 "\"enforce\"}]",
			 bad[i]);
		put_groups(scene, groups);
		if (read_well(scene) != 1)
			fail_msg("%s", groups);
		assert_string_equal(scene->records[0].group, "good");
		assert_true(scene->records[0].left_ms == NEVER);
	}
	put_groups(scene, "{}");
	assert_int_equal(read_well(scene), 0);
	put(scene->path, "[]");
	assert_int_equal(read_well(scene), 0);
}

/* Then no VNI of the group is known, and the rest of the record counts. */
static void vnis_that_make_no_sense(void **state)
{
	static const char *const bad[] = {"1",
					  "null",
					  "{}",
					  "[]",
					  "[1]",
					  "[1, 2, 3]",
					  "[2, 1]",
					  "[-1, 1]",
					  "[1, 1.5]",
					  "[\"1\", \"2\"]",
					  "[1, 16777216]",
					  "[1, 5, 5, 6]",
					  "[5, 6, 1, 2]",
					  "[1, 2, 4, 3]"};
	struct scene *scene = *state;
	char groups[512];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(groups, sizeof(groups),
			 "[{\"group\": \"g\", \"mode\": \"observe\", \"then\": \"enforce\", "
			 "\"vnis\": %s}]",
			 bad[i]);
		put_groups(scene, groups);
		if (read_well(scene) != 1 || !scene->records[0].has_vnis ||
		    scene->records[0].vnis_count || scene->records[0].vnis)
			fail_msg("%s", groups);
	}
}

static void a_key_twice(void **state)
{
	struct scene *scene = *state;

	put_groups(scene, "[{\"group\": \"g\", \"mode\": \"enforce\", \"mode\": \"observe\", "
			  "\"then\": \"enforce\"}]");
	assert_int_equal(read_well(scene), 0);
	put_groups(scene, "[], \"groups\": [{\"group\": \"g\", \"mode\": \"observe\", \"then\": "
			  "\"enforce\"}]");
	assert_int_equal(read_well(scene), 0);
}

/* --- what is written ------------------------------------------------------------------------ */

static void what_died_before_its_rename(void **state)
{
	struct scene *scene = *state;

	put(scene->new, "half");
	write_well(scene);
	assert_int_equal(read_well(scene), 2);
}

static void a_link_where_the_new_one_is_written(void **state)
{
	struct scene *scene = *state;
	char target[SCRATCH_PATH_MAX + 16];
	struct stat info;

	snprintf(target, sizeof(target), "%s/target", scene->directory);
	put(target, "left alone");
	assert_int_equal(symlink(target, scene->new), 0);
	write_well(scene);
	assert_int_equal(stat(target, &info), 0);
	assert_int_equal(info.st_size, strlen("left alone"));
}

static void no_folder(void **state)
{
	struct scene scene = *(struct scene *)*state;

	snprintf(scene.path, sizeof(scene.path), "%s/no/modes", scene.directory);
	write_badly(&scene, -ENOENT, "cannot be written (No such file or directory)");
}

/* The old one says what is not so any more: perhaps that a group sends in clear. */
static void the_old_one_does_not_stay(void **state)
{
	struct scene *scene = *state;

	write_well(scene);
	assert_int_equal(mkdir(scene->new, 0700), 0);
	write_badly(scene, -EEXIST, "cannot be written (File exists)");
	assert_int_equal(access(scene->path, F_OK), -1);
}

static void it_cannot_be_replaced(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(mkdir(scene->path, 0700), 0);
	write_badly(scene, -EISDIR, "cannot be written (Is a directory)");
	assert_int_equal(access(scene->new, F_OK), -1);
}

/* Root may write there, unless the file system is read-only. */
static void a_folder_that_is_read_only(void **state)
{
	struct scene *scene = *state;
	pid_t child;
	int status;

	assert_int_equal(chmod(scene->directory, 0555), 0);
	child = fork();
	if (child == 0) {
		struct covey_error error = {.text = ""};

		if (geteuid() == 0 && seteuid(65534) < 0)
			_exit(2);
		status = mode_file_write(scene->path, some, 2, &error);
		_exit(status == -EACCES && strstr(error.text, "Permission denied") ? 0 : 1);
	}
	assert_true(waitpid(child, &status, 0) == child);
	assert_int_equal(status, 0);
	assert_int_equal(chmod(scene->directory, 0700), 0);
	assert_int_equal(access(scene->new, F_OK), -1);
}

static void no_room(void **state)
{
	const struct rlimit half = {.rlim_cur = 40, .rlim_max = RLIM_INFINITY};
	struct scene *scene = *state;
	struct rlimit before;

	write_well(scene);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &half), 0);
	write_badly(scene, -EIO, "cannot be written (Input/output error)");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(access(scene->path, F_OK), -1);
	assert_int_equal(access(scene->new, F_OK), -1);
}

/* Whichever allocation fails: all of it is written, with the deadline, or nothing is. */
static void no_memory_to_write(void **state)
{
	struct scene *scene = *state;
	struct covey_error error;
	unsigned failed = 0;
	int status;

	json_set_alloc_funcs(allocate, free);
	do {
		unlink(scene->path);
		allocations = 0;
		fails_at = failed + 1;
		status = mode_file_write(scene->path, some, 2, &error);
		fails_at = 0;
		if (status == 0) {
			assert_int_equal(read_well(scene), 2);
			check_some(scene);
		} else {
			assert_int_equal(access(scene->path, F_OK), -1);
		}
	} while (++failed < 2 || status != 0 || allocations >= failed);
	json_set_alloc_funcs(malloc, free);
	assert_true(failed > 10);
}

/* A record may be missing, and no deadline is. */
static void no_memory_to_read(void **state)
{
	struct scene *scene = *state;
	unsigned failed = 0;
	int count;

	write_well(scene);
	json_set_alloc_funcs(allocate, free);
	do {
		allocations = 0;
		fails_at = ++failed;
		count = read_well(scene);
		for (int i = 0; i < count; i++)
			check_one(&scene->records[i]);
	} while (allocations >= failed);
	fails_at = 0;
	json_set_alloc_funcs(malloc, free);
	assert_true(failed > 10);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		test(no_file),
		test(it_comes_back_as_it_was_written),
		test(as_many_groups_as_a_host_may_have),
		test(one_that_others_may_read_or_write),
		test(one_of_another_user),
		test(a_link_to_one),
		test(a_pipe),
		test(a_folder),
		test(one_that_was_cut),
		test(one_with_something_behind),
		test(of_another_start_of_the_machine),
		test(a_deadline_that_has_passed),
		test(a_deadline_that_cannot_be),
		test(records_that_make_no_sense),
		test(vnis_that_make_no_sense),
		test(a_key_twice),
		test(what_died_before_its_rename),
		test(a_link_where_the_new_one_is_written),
		test(no_folder),
		test(the_old_one_does_not_stay),
		test(it_cannot_be_replaced),
		test(a_folder_that_is_read_only),
		test(no_room),
		test(no_memory_to_write),
		test(no_memory_to_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
