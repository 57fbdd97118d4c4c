/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The state file on a disk that fails, is full, or ends the program, at every single access in
 * turn: what was answered is there afterwards, and nothing is given out twice.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commit.h"
#include "faulty_disk.h"
#include "scratch.h"
#include "sqlite.h"

#define ACCESSES_MAX 2000 /* no run needs so many */
#define STEPS        6

struct place {
	char directory[SCRATCH_PATH_MAX];
	char file[SCRATCH_PATH_MAX + 16];
};

/* What the store has answered; shared with a process that is killed. */
struct answers {
	bool opened;
	bool bound[STEPS];   /* identity i, to SenderID i + 1 */
	bool evicted[STEPS]; /* the same identity */
	uint32_t spi;        /* the highest, 0: none */
};

static struct answers *answers;

static int begin(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	*state = place;
	if (!place || scratch_new(place->directory) < 0 || faulty_disk_use() < 0)
		return -1;
	snprintf(place->file, sizeof(place->file), "%s/gkm.db", place->directory);
	answers = mmap(NULL, sizeof(*answers), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	faulty_disk_arm(DISK_SOUND, 0, false);
	return answers == MAP_FAILED ? -1 : 0;
}

static int end(void **state)
{
	struct place *place = *state;

	munmap(answers, sizeof(*answers));
	scratch_free(place->directory);
	free(place);
	return 0;
}

/* --- using it ------------------------------------------------------------------------------ */

/* A refusal tells what to do. */
static bool is_done(int status, const struct covey_error *error)
{
	if (status < 0 && strlen(error->text) < 30)
		abort(); /* in a child as well */
	return status == 0;
}

static int bind_one(struct store *store, const char *group, const char *identity,
		    uint16_t sender_id, struct covey_error *error)
{
	return COMMIT(store, error, .kind = STORE_BIND, .group = group, .identity = identity,
		      .sender_id = sender_id);
}

static void take_step(struct store *store, size_t i)
{
	struct covey_error error = {0};
	uint32_t spi = 4711;
	char identity[16];
	int status;

	snprintf(identity, sizeof(identity), "host%zu", i);
	status = bind_one(store, "g", identity, (uint16_t)(i + 1), &error);
	answers->bound[i] = is_done(status, &error);
	status = store->ops->take_spi(store, &spi, &error);
	if (is_done(status, &error))
		answers->spi = spi;
	else if (spi != 4711)
		abort();
	status = COMMIT(store, &error, .kind = STORE_EVICT, .identity = identity, .group = "g");
	answers->evicted[i] = is_done(status, &error);
}

/* Whatever fails, the program goes on, as covey-gkm does. */
static void use(const char *path)
{
	struct covey_error error = {0};
	struct store *store;

	answers->opened = is_done(sqlite_store_open(path, &store, &error), &error);
	if (!answers->opened)
		return;
	for (size_t i = 0; i < STEPS; i++)
		take_step(store, i);
	store_close(store);
}

/* --- what is there afterwards -------------------------------------------------------------- */

struct found {
	bool bound[STEPS];
	bool evicted[STEPS];
};

static size_t number_of(const char *identity)
{
	size_t i = (size_t)(identity[4] - '0');

	assert_memory_equal(identity, "host", 4);
	assert_true(i < STEPS);
	return i;
}

static int note_binding(const char *identity, uint16_t sender_id, void *arg)
{
	struct found *found = arg;
	size_t i = number_of(identity);

	assert_int_equal(sender_id, i + 1);
	assert_false(found->bound[i]);
	found->bound[i] = true;
	return 0;
}

static int note_eviction(const char *identity, const char *group, void *arg)
{
	struct found *found = arg;

	assert_string_equal(group, "g");
	found->evicted[number_of(identity)] = true;
	return 0;
}

/* On a sound disk again. What was refused may have come to pass, or not. */
static void check(const char *path, const char *what, size_t access)
{
	struct covey_error error = {0};
	struct found found = {0};
	struct store *store;
	uint32_t spi = 0;

	faulty_disk_arm(DISK_SOUND, 0, false);
	if (sqlite_store_open(path, &store, &error) < 0)
		fail_msg("%s at access %zu: %s", what, access, error.text);
	assert_int_equal(store->ops->each_binding(store, "g", note_binding, &found, &error), 0);
	assert_int_equal(store->ops->each_eviction(store, note_eviction, &found, &error), 0);
	for (size_t i = 0; i < STEPS; i++) {
		if (answers->bound[i] && !found.bound[i])
			fail_msg("%s at access %zu: binding %zu is gone", what, access, i + 1);
		if (answers->evicted[i] && !found.evicted[i])
			fail_msg("%s at access %zu: eviction %zu is gone", what, access, i + 1);
	}
	assert_int_equal(store->ops->take_spi(store, &spi, &error), 0);
	if (spi <= answers->spi)
		fail_msg("%s at access %zu: SPI %u comes after %u", what, access, spi,
			 answers->spi);
	store_close(store);
}

/* --- the disks ----------------------------------------------------------------------------- */

static void make_sound(const char *path)
{
	struct covey_error error = {0};
	struct store *store;

	faulty_disk_arm(DISK_SOUND, 0, false);
	unlink(path);
	assert_int_equal(sqlite_store_open(path, &store, &error), 0);
	store_close(store);
}

/* COVEY_TEST_SHALLOW: one access of so many. */
static size_t step_of_accesses(void)
{
	return getenv("COVEY_TEST_SHALLOW") ? 5 : 1;
}

/* All accesses, from opening a file that is there (or making it) to closing it. */
static void fail_everywhere(const struct place *place, enum disk_fault fault, bool lasting,
			    bool is_there, const char *what)
{
	size_t access = 0, used, refused = 0, step = step_of_accesses();

	do {
		access += step;
		assert_true(access < ACCESSES_MAX);
		make_sound(place->file);
		if (!is_there)
			unlink(place->file);
		memset(answers, 0, sizeof(*answers));
		faulty_disk_arm(fault, access, lasting);
		use(place->file);
		used = faulty_disk_accesses();
		refused += !answers->bound[STEPS - 1] || !answers->evicted[0] || !answers->opened;
		check(place->file, what, access);
	} while (used >= access);
	assert_true(access > 50);
	assert_true(refused > 10 / step);
	assert_true(answers->bound[STEPS - 1]); /* the last one was past all accesses */
}

static void an_io_error_at_any_access(void **state)
{
	fail_everywhere(*state, DISK_BROKEN, false, true, "I/O error");
}

static void a_disk_that_breaks_at_any_access(void **state)
{
	fail_everywhere(*state, DISK_BROKEN, true, true, "broken disk");
}

static void a_disk_that_is_full_for_a_moment(void **state)
{
	fail_everywhere(*state, DISK_FULL, false, true, "full disk");
}

static void a_disk_that_is_full_from_then_on(void **state)
{
	fail_everywhere(*state, DISK_FULL, true, true, "full disk, lasting");
}

static void an_io_error_while_it_is_made(void **state)
{
	fail_everywhere(*state, DISK_BROKEN, false, false, "I/O error in a new file");
	fail_everywhere(*state, DISK_BROKEN, true, false, "broken disk under a new file");
}

/* Returns false when it came to its end. */
static bool is_killed_at(const char *path, size_t access)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		faulty_disk_arm(DISK_KILLS, access, false);
		use(path);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFSIGNALED(status))
		assert_int_equal(WTERMSIG(status), SIGKILL);
	return WIFSIGNALED(status);
}

/* At each access, from opening a file that is there (or making it) to closing it. */
static void kill_everywhere(const struct place *place, bool is_there, const char *what)
{
	size_t access = 0, step = step_of_accesses();
	bool killed;

	do {
		access += step;
		assert_true(access < ACCESSES_MAX);
		make_sound(place->file);
		if (!is_there)
			unlink(place->file);
		memset(answers, 0, sizeof(*answers));
		killed = is_killed_at(place->file, access);
		check(place->file, what, access);
	} while (killed);
	assert_true(access > 50);
	assert_true(answers->bound[STEPS - 1]); /* the last one was past all accesses */
}

static void killed_at_any_access(void **state)
{
	kill_everywhere(*state, true, "killed");
}

/* A half-made file is never taken for a state file. */
static void killed_while_it_is_made(void **state)
{
	kill_everywhere(*state, false, "killed with a new file");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_io_error_at_any_access),        TEST(a_disk_that_breaks_at_any_access),
		TEST(a_disk_that_is_full_for_a_moment), TEST(a_disk_that_is_full_from_then_on),
		TEST(an_io_error_while_it_is_made),     TEST(killed_at_any_access),
		TEST(killed_while_it_is_made),
	};

	if (step_of_accesses() > 1)
		printf("note: shallow: the disk fails at 1 of %zu accesses\n", step_of_accesses());
	return cmocka_run_group_tests_name("gkm-state-file-disk", tests, NULL, NULL);
}
