/* SPDX-License-Identifier: BSD-3-Clause */

/* The file that tells which start of covey-host was the last: what is believed of it, and what
 * happens when it cannot be written. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <instance_file.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scratch.h"

#define FIRST  UINT64_C(0x1111111111111111)
#define SECOND UINT64_C(0x2222222222222222)
#define UNSET  UINT64_C(0x9999999999999999)

static bool memory_is_out;

int __wrap_asprintf(char **ret_text, const char *format, ...);

int __wrap_asprintf(char **ret_text, const char *format, ...)
{
	va_list arguments;
	int len;

	if (memory_is_out)
		return -1;
	va_start(arguments, format);
	len = vasprintf(ret_text, format, arguments);
	va_end(arguments);
	return len;
}

struct scene {
	char directory[SCRATCH_PATH_MAX];
	char path[SCRATCH_PATH_MAX + 16];
	char new[SCRATCH_PATH_MAX + 16];
};

static int set_up(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	if (!scene || scratch_new(scene->directory) < 0)
		return -1;
	snprintf(scene->path, sizeof(scene->path), "%s/instance", scene->directory);
	snprintf(scene->new, sizeof(scene->new), "%s/instance.new", scene->directory);
	*state = scene;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *scene = *state;

	memory_is_out = false;
	scratch_free(scene->directory);
	free(scene);
	return 0;
}

static void put(const char *path, const void *data, size_t len, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void put_instance(const char *path, uint64_t instance)
{
	put(path, &instance, sizeof(instance), 0600);
}

static uint64_t stored(const char *path)
{
	uint64_t instance = 0;
	int fd = open(path, O_RDONLY | O_NOFOLLOW);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, &instance, sizeof(instance)), sizeof(instance));
	close(fd);
	return instance;
}

/* Swap SECOND in, which works; what was there before. */
static uint64_t swap_well(const struct scene *scene)
{
	struct covey_error error = {.text = "untouched"};
	uint64_t previous = UNSET;
	struct stat info;

	assert_int_equal(instance_file_swap(scene->path, SECOND, &previous, &error), 0);
	assert_string_equal(error.text, "untouched");
	assert_true(stored(scene->path) == SECOND);
	assert_int_equal(lstat(scene->path, &info), 0);
	assert_true(S_ISREG(info.st_mode));
	assert_int_equal(info.st_mode & 07777, 0600);
	assert_int_equal(info.st_uid, geteuid());
	assert_int_equal(access(scene->new, F_OK), -1);
	return previous;
}

/* It cannot be written; what was there before. */
static uint64_t swap_badly(const struct scene *scene, int status, const char *reason)
{
	struct covey_error error = {.text = ""};
	uint64_t previous = UNSET;

	assert_int_equal(instance_file_swap(scene->path, SECOND, &previous, &error), status);
	if (!strstr(error.text, reason))
		fail_msg("\"%s\" does not say \"%s\"", error.text, reason);
	if (status != -ENOMEM && !strstr(error.text, scene->path))
		fail_msg("\"%s\" does not name the file", error.text);
	return previous;
}

/* --- what is believed ----------------------------------------------------------------------- */

static void no_file(void **state)
{
	assert_true(swap_well(*state) == 0);
}

static void each_start_sees_the_one_before(void **state)
{
	const struct scene *scene = *state;
	struct covey_error error;
	uint64_t previous = UNSET;

	assert_int_equal(instance_file_swap(scene->path, FIRST, &previous, &error), 0);
	assert_true(previous == 0);
	assert_true(swap_well(scene) == FIRST);
	assert_true(swap_well(scene) == SECOND);
}

static void one_of_another_length(void **state)
{
	const struct scene *scene = *state;
	const uint64_t both[2] = {FIRST, FIRST};

	for (size_t len = 0; len <= sizeof(both); len++) {
		if (len == sizeof(uint64_t))
			continue;
		put(scene->path, both, len, 0600);
		assert_true(swap_well(scene) == 0);
	}
}

static void one_that_others_may_read_or_write(void **state)
{
	static const mode_t modes[] = {0640, 0620, 0610, 0604, 0602, 0601};
	const struct scene *scene = *state;
	const uint64_t instance = FIRST;

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		put(scene->path, &instance, sizeof(instance), modes[i]);
		assert_true(swap_well(scene) == 0);
	}
}

static void one_of_another_user(void **state)
{
	const struct scene *scene = *state;

	if (geteuid() != 0)
		skip();
	put_instance(scene->path, FIRST);
	assert_int_equal(chown(scene->path, 65534, 65534), 0);
	assert_true(swap_well(scene) == 0);
}

static void a_link_to_one(void **state)
{
	const struct scene *scene = *state;
	char target[SCRATCH_PATH_MAX + 16];

	snprintf(target, sizeof(target), "%s/target", scene->directory);
	put_instance(target, FIRST);
	assert_int_equal(symlink(target, scene->path), 0);
	assert_true(swap_well(scene) == 0);
	assert_true(stored(target) == FIRST);
}

/* It does not wait for a writer either. */
static void a_pipe(void **state)
{
	const struct scene *scene = *state;

	assert_int_equal(mkfifo(scene->path, 0600), 0);
	assert_true(swap_well(scene) == 0);
}

/* --- what is written ------------------------------------------------------------------------ */

static void what_died_before_its_rename(void **state)
{
	const struct scene *scene = *state;

	put_instance(scene->path, FIRST);
	put(scene->new, "half", 4, 0600);
	assert_true(swap_well(scene) == FIRST);
}

static void a_link_where_the_new_one_is_written(void **state)
{
	const struct scene *scene = *state;
	char target[SCRATCH_PATH_MAX + 16];

	snprintf(target, sizeof(target), "%s/target", scene->directory);
	put_instance(target, FIRST);
	assert_int_equal(symlink(target, scene->new), 0);
	assert_true(swap_well(scene) == 0);
	assert_true(stored(target) == FIRST);
}

static void no_folder(void **state)
{
	struct scene scene = *(struct scene *)*state;

	snprintf(scene.path, sizeof(scene.path), "%s/no/instance", scene.directory);
	assert_true(swap_badly(&scene, -ENOENT, "No such file or directory") == 0);
}

static void new_one_cannot_be_made(void **state)
{
	const struct scene *scene = *state;

	put_instance(scene->path, FIRST);
	assert_int_equal(mkdir(scene->new, 0700), 0);
	assert_true(swap_badly(scene, -EEXIST, "cannot be written (File exists)") == FIRST);
	assert_true(stored(scene->path) == FIRST);
}

/* Nothing of the secret is left beside it. */
static void it_cannot_be_replaced(void **state)
{
	const struct scene *scene = *state;

	assert_int_equal(mkdir(scene->path, 0700), 0);
	assert_true(swap_badly(scene, -EISDIR, "cannot be written (Is a directory)") == 0);
	assert_int_equal(access(scene->new, F_OK), -1);
}

static void no_room(void **state)
{
	const struct rlimit half = {.rlim_cur = 4, .rlim_max = RLIM_INFINITY};
	const struct scene *scene = *state;
	struct rlimit before;
	uint64_t previous;

	put_instance(scene->path, FIRST);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &half), 0);
	previous = swap_badly(scene, -EIO, "cannot be written (Input/output error)");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_true(previous == FIRST);
	assert_true(stored(scene->path) == FIRST);
	assert_int_equal(access(scene->new, F_OK), -1);
}

static void no_memory(void **state)
{
	const struct scene *scene = *state;

	put_instance(scene->path, FIRST);
	memory_is_out = true;
	assert_true(swap_badly(scene, -ENOMEM, "out of memory") == FIRST);
	memory_is_out = false;
	assert_true(stored(scene->path) == FIRST);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		test(no_file),
		test(each_start_sees_the_one_before),
		test(one_of_another_length),
		test(one_that_others_may_read_or_write),
		test(one_of_another_user),
		test(a_link_to_one),
		test(a_pipe),
		test(what_died_before_its_rename),
		test(a_link_where_the_new_one_is_written),
		test(no_folder),
		test(new_one_cannot_be_made),
		test(it_cannot_be_replaced),
		test(no_room),
		test(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
