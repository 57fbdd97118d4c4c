/* SPDX-License-Identifier: BSD-3-Clause */

/* The inventory's file changes, comes late, in pieces, or with its directory: when it is read. */

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clock.h"
#include "inventory_watch.h"
#include "shell.h"
#include "watching.h"

#define HEAD                                                                                       \
	"all:\n  vars:\n    covey_fabric: f\n    covey_gkm: 192.0.2.1\n"                           \
	"    covey_groups:\n      g: {vnis: [1], members: [a]}\n  hosts:\n    a: {covey_vtep: "    \
	"10.0.0.1}\n"
#define B "    b: {covey_vtep: 10.0.0.2}\n"
#define C "    c: {covey_vtep: 10.0.0.3}\n"

struct scene {
	struct watching seen; /* its directory and its loop */
	char path[PATH_MAX + 16];
	struct inventory *inventory;
	struct stat stamp;
	struct inventory_watch *watch;
	unsigned taken, removed; /* the latter: of host b */
};

static int on_taken(const struct inventory_changes *changes, const struct inventory *before,
		    void *arg, struct covey_error *error)
{
	struct scene *scene = arg;

	scene->taken++;
	for (size_t i = 0; i < changes->count; i++)
		scene->removed += changes->list[i].kind == INVENTORY_HOST_REMOVED &&
				  changes->list[i].host == 1;
	return 0;
}

static bool concerns(const struct inventory_change *change)
{
	return true;
}

static void append(const struct scene *scene, const char *mode, const char *text)
{
	FILE *file = fopen(scene->path, mode);

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* In one step. */
static void replace(const struct scene *scene, const char *text)
{
	append(scene, "w", text);
	assert_true(
		shell("cd '%s' && cp inventory new && mv new inventory", scene->seen.directory));
}

static void begin(struct scene *scene)
{
	const struct inventory_watch_config config = {.base = scene->seen.base,
						      .path = scene->path,
						      .stamp = &scene->stamp,
						      .program = "covey-test",
						      .inventory = scene->inventory,
						      .taken = on_taken,
						      .concerns = concerns,
						      .arg = scene};
	struct covey_error error;

	assert_int_equal(inventory_watch_new(&config, &scene->watch, &error), 0);
}

static int setup(void **state)
{
	static struct scene scene;
	struct diagnostics diagnostics;

	scene = (struct scene){.seen.base = event_base_new()};
	*state = &scene;
	directory_make(scene.seen.directory);
	assert_true(shell("mkdir '%s/in'", scene.seen.directory));
	strcat(scene.seen.directory, "/in");
	snprintf(scene.path, sizeof(scene.path), "%s/inventory", scene.seen.directory);
	append(&scene, "w", HEAD B);
	inventory_watch_stamp(scene.path, &scene.stamp);
	diagnostics_init(&diagnostics);
	assert_int_equal(inventory_load(scene.path, &diagnostics, &scene.inventory), 0);
	diagnostics_free(&diagnostics);
	return inventory_make_room(scene.inventory);
}

static int teardown(void **state)
{
	struct scene *scene = *state;

	inventory_watch_free(scene->watch);
	inventory_free(scene->inventory);
	event_base_free(scene->seen.base);
	*strrchr(scene->seen.directory, '/') = '\0';
	directory_remove(scene->seen.directory);
	return 0;
}

static bool has_problem(const struct scene *scene)
{
	json_t *problems = inventory_watch_problems(scene->watch);
	bool has = json_array_size(problems) > 0;

	json_decref(problems);
	return has;
}

/* --- tests --------------------------------------------------------------------------------- */

static void what_changes_during_the_start(void **state)
{
	struct scene *scene = *state;

	replace(scene, HEAD B C);
	begin(scene);
	assert_int_equal(scene->taken, 0);
	WAIT_FOR(&scene->seen, scene->taken == 1);
	assert_non_null(inventory_find_host(scene->inventory, "c"));
}

static void at_once_when_asked(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	append(scene, "w", HEAD B C);
	inventory_watch_reload(scene->watch);
	assert_int_equal(scene->taken, 1);
}

/* False: we were held up for so long that it could believe the half. */
static bool writes_in_halves(struct scene *scene, const char *second)
{
	uint64_t begun = clock_ms();

	append(scene, "w", HEAD);
	while (clock_ms() - begun < 100)
		watching_turn(&scene->seen);
	append(scene, "a", second);
	return clock_ms() - begun < 150;
}

/* The first half is a good inventory, too. */
static void half_of_it_is_not_read(void **state)
{
	struct scene *scene = *state;
	bool quick = false;

	begin(scene);
	for (unsigned i = 0; !quick; i++) {
		char name[16], text[128];

		snprintf(name, sizeof(name), "c%u", i);
		snprintf(text, sizeof(text), B "    %s: {covey_vtep: 10.0.0.3}\n", name);
		scene->removed = 0;
		quick = writes_in_halves(scene, text);
		WAIT_FOR(&scene->seen, inventory_find_host(scene->inventory, name));
		if (quick)
			assert_int_equal(scene->removed, 0);
	}
}

static void a_directory_that_was_away(void **state)
{
	struct scene *scene = *state;
	const char *in = scene->seen.directory;

	begin(scene);
	assert_true(shell("mv '%s' '%s.away'", in, in));
	WAIT_FOR(&scene->seen, has_problem(scene));
	assert_int_equal(scene->taken, 0);
	assert_true(shell("mkdir '%s' && cp '%s.away/inventory' '%s'", in, in, in));
	WAIT_FOR(&scene->seen, !has_problem(scene));
	assert_int_equal(scene->taken, 1);
	replace(scene, HEAD B C);
	WAIT_FOR(&scene->seen, inventory_find_host(scene->inventory, "c"));
}

/* It goes on: whoever needs the inventory now and then must not end for that. */
static void no_inotify(void **state)
{
	struct scene *scene = *state;
	struct rlimit all, none;
	int next = dup(STDERR_FILENO);

	assert_int_equal(close(next), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
	none = (struct rlimit){(rlim_t)next, all.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(dup(STDERR_FILENO), -1);
	begin(scene);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
	replace(scene, HEAD B C);
	WAIT_FOR(&scene->seen, scene->taken == 1);
	replace(scene, HEAD B);
	WAIT_FOR(&scene->seen, scene->taken == 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_changes_during_the_start, setup, teardown),
		cmocka_unit_test_setup_teardown(at_once_when_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(half_of_it_is_not_read, setup, teardown),
		cmocka_unit_test_setup_teardown(a_directory_that_was_away, setup, teardown),
		cmocka_unit_test_setup_teardown(no_inotify, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
