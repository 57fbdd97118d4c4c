/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Every allocation of the member's state machine fails once: through start, join, rekey, leave and
 * stop. The session ends with an error that says so, the next one comes to the same end as if
 * nothing had failed, and nothing is left behind, a key least of all.
 */

#include <errno.h>
#include <string.h>

#include "../faulty_memory.h"
#include "world.h"

#define MEMBERS  20 /* a list of senders has to grow for them */
#define WINDOWS  80 /* and one of floors */
#define SPI_STEP 32 /* so the keys of all SPIs are the same, see world_install() */

struct run {
	struct world *world;
	uint32_t spi; /* of the first SA of this session */
	uint32_t epoch;
};

static int join(struct run *run)
{
	return member_state_join(run->world->state, "g", &run->world->error);
}

static int open_session(struct run *run)
{
	run->epoch++;
	return world_open(run->world, 1);
}

static int joined(struct run *run)
{
	return world_joined(run->world, "g", 7, run->epoch);
}

static int roster(struct run *run)
{
	return world_roster(run->world, "g", 1, true, false, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
			    13, 14, 15, 16, 17, 18, 19, 20, 0);
}

/* In place of world_floors(), which allocates itself. */
static int floors(struct run *run)
{
	uint32_t sender_ids[WINDOWS], window_ids[WINDOWS];
	uint64_t esns[WINDOWS];
	Covey__SaFloors floors = COVEY__SA_FLOORS__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	for (uint32_t i = 0; i < WINDOWS; i++) {
		sender_ids[i] = 8;
		window_ids[i] = i + 1;
		esns[i] = (UINT64_C(1) << 48) + i + 1;
	}
	floors.group = (char *)"g";
	floors.spi = run->spi;
	floors.sender_ids = sender_ids;
	floors.window_ids = window_ids;
	floors.esns = esns;
	floors.n_sender_ids = floors.n_window_ids = floors.n_esns = WINDOWS;
	message.body_case = COVEY__MESSAGE__BODY_SA_FLOORS;
	message.sa_floors = &floors;
	return world_message(run->world, &message);
}

static int install(struct run *run)
{
	return world_install(run->world, "g", run->spi, 86400);
}

static int activate(struct run *run)
{
	return world_activate(run->world, "g", run->spi);
}

static int roster_change(struct run *run)
{
	return world_removed(run->world, "g", 2, MEMBERS);
}

static int install_next(struct run *run)
{
	return world_install(run->world, "g", run->spi + SPI_STEP, 86400);
}

static int activate_next(struct run *run)
{
	return world_activate(run->world, "g", run->spi + SPI_STEP);
}

static int drain(struct run *run)
{
	return world_drain(run->world, "g", run->spi, 30);
}

static int pass(struct run *run)
{
	world_forget(run->world);
	return world_pass(run->world, 40000);
}

static int (*const session[])(struct run *run) = {
	open_session,  joined,       roster,        floors, install, activate,
	roster_change, install_next, activate_next, drain,  pass,
};

/* What the machine believes to be installed is, and nothing else. */
static void assert_agree(struct world *world)
{
	const struct membership *group = member_state_find(world->state, "g");

	assert_int_equal(world->dataplane.sa_count, group->sa_count);
	for (size_t i = 0; i < group->sa_count; i++) {
		const struct world_sa *sa = world_sa(world, group->sas[i].spi);

		assert_non_null(sa);
		assert_int_equal(sa->state, group->sas[i].state);
		assert_int_equal(sa->epoch, group->sas[i].epoch);
	}
}

/* What fails is why memory failed, and says so. */
static void assert_clean_failure(const struct run *run, int status)
{
	assert_int_equal(status, -ENOMEM);
	assert_true(faulty_memory_has_failed());
	assert_non_null(strstr(run->world->error.text, "out of memory"));
}

static int run_session(struct run *run)
{
	for (size_t i = 0; i < sizeof(session) / sizeof(session[0]); i++) {
		int status = session[i](run);

		assert_agree(run->world);
		if (status)
			return status;
	}
	return 0;
}

/* True when an allocation has failed. */
static bool run_with(unsigned at)
{
	struct run run = {.world = world_new(), .spi = 256};
	bool failed;
	int status;

	faulty_memory_begin(at);
	status = join(&run);
	if (status) {
		assert_clean_failure(&run, status);
		assert_null(member_state_find(run.world->state, "g"));
		assert_int_equal(join(&run), 0);
	}
	status = run_session(&run);
	if (status) {
		assert_clean_failure(&run, status);
		member_state_closed(run.world->state);
		assert_agree(run.world);
		run.spi += 2 * SPI_STEP;
		assert_int_equal(run_session(&run), 0);
	}
	failed = faulty_memory_end();
	assert_int_equal(run.world->dataplane.sa_count, 1);
	assert_int_equal(world_sa(run.world, run.spi + SPI_STEP)->state, COVEY_SA_ACTIVE);
	assert_int_equal(world_sa(run.world, run.spi + SPI_STEP)->roster_count, MEMBERS - 1);
	assert_int_equal(member_state_leave(run.world->state, "g", &run.world->error), 0);
	assert_int_equal(run.world->dataplane.sa_count, 0);
	assert_int_equal(world_left(run.world, "g"), 0);
	/* The stand-in for the dataplane wipes nothing; that is not what is looked at. */
	memset(run.world->dataplane.sas, 0, sizeof(run.world->dataplane.sas));
	world_free(run.world);
	return failed;
}

static void test_each_allocation_fails(void **state)
{
	size_t held = faulty_memory_held();
	unsigned at = 1;

	faulty_memory_watch(0xa0 + 256 % 32, 16);
	while (run_with(at)) {
		assert_int_equal(faulty_memory_held(), held);
		assert_int_equal(faulty_memory_keys_freed(), 0);
		at++;
	}
	assert_int_equal(faulty_memory_held(), held);
	assert_int_equal(faulty_memory_keys_freed(), 0);
	print_message("%u allocations failed, one by one\n", at - 1);
	assert_true(at > 10);
}

static void test_no_start_without_memory(void **state)
{
	const struct effects none = {.ops = NULL};
	const struct covey_addr vtep = {.family = 0};
	struct member_state *machine = NULL;

	faulty_memory_begin(1);
	assert_int_equal(member_state_new(&none, &vtep, &machine), -ENOMEM);
	assert_true(faulty_memory_end());
	assert_null(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_allocation_fails),
		cmocka_unit_test(test_no_start_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
