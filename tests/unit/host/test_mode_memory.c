/* SPDX-License-Identifier: BSD-3-Clause */

/* What outlasts a reboot of groups' modes: it only ever makes a group stricter than the inventory
 * says, and what cannot be believed closes all of them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <inventory.h>
#include <mode_memory.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scratch.h"

enum { OBSERVED, TRANSIENT, ENFORCED, GROUPS };

struct scene {
	char directory[SCRATCH_PATH_MAX];
	char path[SCRATCH_PATH_MAX + 16];
	struct inventory_group groups[GROUPS];
	struct inventory inventory;
	struct mode_memory memory;
	struct covey_error error;
};

/* As after a boot. */
static int recall(struct scene *scene)
{
	static const char *const names[] = {"observed", "transient", "enforced"};

	for (size_t i = 0; i < GROUPS; i++) {
		scene->groups[i].name = (char *)names[i];
		scene->groups[i].mode = (enum covey_mode)(COVEY_MODE_OBSERVE + i);
	}
	scene->inventory.groups = scene->groups;
	scene->inventory.group_count = scene->inventory.group_room = GROUPS;
	mode_memory_free(&scene->memory);
	return mode_memory_read(scene->path, &scene->inventory, &scene->memory, &scene->error);
}

static int set_up(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	if (!scene || scratch_new(scene->directory) < 0)
		return -1;
	snprintf(scene->path, sizeof(scene->path), "%s/modes", scene->directory);
	*state = scene;
	return recall(scene);
}

static int tear_down(void **state)
{
	struct scene *scene = *state;

	mode_memory_free(&scene->memory);
	scratch_free(scene->directory);
	free(scene);
	return 0;
}

static void expect(const struct scene *scene, enum covey_mode observed, enum covey_mode transient)
{
	assert_int_equal(scene->groups[OBSERVED].mode, observed);
	assert_int_equal(scene->groups[TRANSIENT].mode, transient);
	assert_int_equal(scene->groups[ENFORCED].mode, COVEY_MODE_ENFORCE);
}

static void put(const struct scene *scene, const char *text, size_t len)
{
	int fd = open(scene->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
}

static void write_well(struct scene *scene)
{
	assert_int_equal(mode_memory_write(&scene->memory, &scene->inventory, &scene->error), 0);
	assert_false(scene->memory.failed);
}

static void the_first_start_of_all(void **state)
{
	struct scene *scene = *state;

	expect(scene, COVEY_MODE_OBSERVE, COVEY_MODE_TRANSITION);
	write_well(scene);
	/* Observe is not written either: nothing is less strict. */
	mode_memory_note(&scene->memory, OBSERVED, COVEY_MODE_OBSERVE);
	mode_memory_note(&scene->memory, TRANSIENT, COVEY_MODE_OBSERVE);
	mode_memory_note(&scene->memory, ENFORCED, COVEY_MODE_OBSERVE);
	write_well(scene);
	assert_int_equal(access(scene->path, F_OK), -1);
}

static void it_has_enforced(void **state)
{
	struct scene *scene = *state;
	struct stat info;

	mode_memory_note(&scene->memory, OBSERVED, COVEY_MODE_ENFORCE);
	assert_true(scene->memory.failed);
	write_well(scene);
	assert_int_equal(stat(scene->path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_int_equal(recall(scene), 0);
	expect(scene, COVEY_MODE_ENFORCE, COVEY_MODE_TRANSITION);
	assert_false(scene->memory.failed);
	/* And after the next boot, too, although nobody has said it again. */
	write_well(scene);
	assert_int_equal(recall(scene), 0);
	expect(scene, COVEY_MODE_ENFORCE, COVEY_MODE_TRANSITION);
	/* Until the key manager says that it is open again. */
	mode_memory_note(&scene->memory, OBSERVED, COVEY_MODE_TRANSITION);
	write_well(scene);
	assert_int_equal(recall(scene), 0);
	expect(scene, COVEY_MODE_TRANSITION, COVEY_MODE_TRANSITION);
	mode_memory_note(&scene->memory, OBSERVED, COVEY_MODE_OBSERVE);
	write_well(scene);
	assert_int_equal(recall(scene), 0);
	expect(scene, COVEY_MODE_OBSERVE, COVEY_MODE_TRANSITION);
}

/* The inventory may be the stricter one. */
static void the_stricter_one_counts(void **state)
{
	static const char text[] =
		"{\"groups\": {\"observed\": \"transition\", \"transient\": "
		"\"observe\", \"enforced\": \"observe\", \"gone\": \"enforce\"}}";
	struct scene *scene = *state;

	put(scene, text, strlen(text));
	assert_int_equal(recall(scene), 0);
	expect(scene, COVEY_MODE_TRANSITION, COVEY_MODE_TRANSITION);
}

/* What the inventory says now is not what it will say at the next boot. */
static void an_inventory_of_before(void **state)
{
	struct scene *scene = *state;

	mode_memory_note(&scene->memory, TRANSIENT, COVEY_MODE_TRANSITION);
	mode_memory_note(&scene->memory, ENFORCED, COVEY_MODE_ENFORCE);
	write_well(scene);
	assert_int_equal(recall(scene), 0);
	expect(scene, COVEY_MODE_OBSERVE, COVEY_MODE_TRANSITION);
	for (size_t i = 0; i < GROUPS; i++)
		scene->groups[i].mode = COVEY_MODE_OBSERVE;
	mode_memory_free(&scene->memory);
	assert_int_equal(
		mode_memory_read(scene->path, &scene->inventory, &scene->memory, &scene->error), 0);
	expect(scene, COVEY_MODE_OBSERVE, COVEY_MODE_TRANSITION);
}

/* It may be the inventory that forgets a group for a while, and not the host. */
static void a_group_that_comes_back(void **state)
{
	struct scene *scene = *state;

	mode_memory_note(&scene->memory, OBSERVED, COVEY_MODE_ENFORCE);
	write_well(scene);
	scene->inventory.groups = &scene->groups[TRANSIENT];
	scene->inventory.group_count = GROUPS - TRANSIENT;
	for (int boots = 0; boots < 2; boots++) {
		mode_memory_free(&scene->memory);
		assert_int_equal(mode_memory_read(scene->path, &scene->inventory, &scene->memory,
						  &scene->error),
				 0);
		assert_false(scene->memory.failed);
		/* The file is written anew meanwhile. */
		mode_memory_note(&scene->memory, 0,
				 boots == 0 ? COVEY_MODE_ENFORCE : COVEY_MODE_TRANSITION);
		write_well(scene);
	}
	assert_int_equal(recall(scene), 0);
	expect(scene, COVEY_MODE_ENFORCE, COVEY_MODE_TRANSITION);
	/* Until the key manager says that it is open. */
	mode_memory_note(&scene->memory, OBSERVED, COVEY_MODE_OBSERVE);
	write_well(scene);
	assert_int_equal(recall(scene), 0);
	expect(scene, COVEY_MODE_OBSERVE, COVEY_MODE_TRANSITION);
}

static void expect_closed(struct scene *scene, int status, const char *why)
{
	assert_int_equal(recall(scene), status);
	if (!strstr(scene->error.text, why))
		fail_msg("%s", scene->error.text);
	expect(scene, COVEY_MODE_ENFORCE, COVEY_MODE_ENFORCE);
}

static void damaged_anywhere(void **state)
{
	static const char text[] = "{\"groups\": {\"observed\": \"transition\"}}";
	static const char *const wrong[] = {
		"[]",
		"{}",
		"{\"groups\": []}",
		"{\"groups\": {\"observed\": 3}}",
		"{\"groups\": {\"observed\": \"open\"}}",
		"{\"groups\": {\"gone\": \"open\"}}",
		"{\"groups\": {\"observed\": \"observe\", \"observed\": \"observe\"}}",
		"{\"groups\": {}} {}",
	};
	struct scene *scene = *state;

	for (size_t len = 0; len < strlen(text); len++) {
		put(scene, text, len);
		expect_closed(scene, -EINVAL, "is damaged");
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		put(scene, wrong[i], strlen(wrong[i]));
		expect_closed(scene, -EINVAL, "is damaged");
	}
	/* What the key manager says now is written in its place. */
	mode_memory_note(&scene->memory, OBSERVED, COVEY_MODE_OBSERVE);
	mode_memory_note(&scene->memory, TRANSIENT, COVEY_MODE_TRANSITION);
	write_well(scene);
	assert_int_equal(recall(scene), 0);
	expect(scene, COVEY_MODE_OBSERVE, COVEY_MODE_TRANSITION);
}

/* Modes are put in force, and the file is written, before the key manager is heard. */
static void damaged_and_written_without_a_word(void **state)
{
	static const char half[] = "{\"groups\": {\"observed\": \"transition\", \"transient\": 3}}";
	struct scene *scene = *state;

	put(scene, half, strlen(half));
	expect_closed(scene, -EINVAL, "is damaged");
	write_well(scene);
	for (int boots = 0; boots < 2; boots++) {
		assert_int_equal(recall(scene), 0);
		expect(scene, COVEY_MODE_ENFORCE, COVEY_MODE_ENFORCE);
	}
	/* One group that it speaks of does not open the others. */
	put(scene, half, strlen(half));
	expect_closed(scene, -EINVAL, "is damaged");
	mode_memory_note(&scene->memory, TRANSIENT, COVEY_MODE_TRANSITION);
	write_well(scene);
	assert_int_equal(recall(scene), 0);
	expect(scene, COVEY_MODE_ENFORCE, COVEY_MODE_TRANSITION);
}

/* Its disk is not there yet. */
static void no_folder(void **state)
{
	struct scene *scene = *state;

	strcat(scene->path, "/late");
	expect_closed(scene, -ENOENT, "the folder of");
	assert_true(scene->memory.failed);
	*strrchr(scene->path, '/') = '\0';
	assert_int_equal(mkdir(scene->path, 0700), 0);
	strcat(scene->path, "/late");
	assert_int_equal(recall(scene), 0);
	expect(scene, COVEY_MODE_OBSERVE, COVEY_MODE_TRANSITION);
}

static void one_that_is_not_ours_alone(void **state)
{
	static const char text[] = "{\"groups\": {}}";
	struct scene *scene = *state;

	put(scene, text, strlen(text));
	assert_int_equal(chmod(scene->path, 0620), 0);
	expect_closed(scene, -EPERM, "not a plain file");
	assert_int_equal(unlink(scene->path), 0);
	assert_int_equal(symlink("/dev/null", scene->path), 0);
	expect_closed(scene, -EPERM, "not a plain file");
}

static void it_cannot_be_written(void **state)
{
	struct scene *scene = *state;

	mode_memory_note(&scene->memory, OBSERVED, COVEY_MODE_ENFORCE);
	scene->memory.path = "/nowhere/modes";
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
			mode_memory_write(&scene->memory, &scene->inventory, &scene->error),
			-ENOENT);
		assert_non_null(strstr(scene->error.text, "/nowhere/modes cannot be written (No"));
		assert_true(scene->memory.failed);
	}
	scene->memory.path = scene->path;
	write_well(scene);
	/* The old one stays when a new one cannot be made: it is the stricter one, or as strict as
	 * the mode is soon. */
	mode_memory_note(&scene->memory, OBSERVED, COVEY_MODE_OBSERVE);
	strcat(scene->path, ".new");
	assert_int_equal(mkdir(scene->path, 0700), 0);
	scene->path[strlen(scene->path) - strlen(".new")] = '\0';
	assert_int_equal(mode_memory_write(&scene->memory, &scene->inventory, &scene->error),
			 -EEXIST);
	assert_int_equal(recall(scene), 0);
	expect(scene, COVEY_MODE_ENFORCE, COVEY_MODE_TRANSITION);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(the_first_start_of_all),
		test(it_has_enforced),
		test(an_inventory_of_before),
		test(the_stricter_one_counts),
		test(a_group_that_comes_back),
		test(damaged_anywhere),
		test(damaged_and_written_without_a_word),
		test(no_folder),
		test(one_that_is_not_ours_alone),
		test(it_cannot_be_written),
	};

	return cmocka_run_group_tests_name("host-mode-memory", tests, NULL, NULL);
}
