/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Every allocation of the key manager's state machine fails once: through start, join, rekey and
 * stop. What was asked for is refused and nothing else changes, so the same asked again succeeds;
 * nothing is left behind, a key least of all.
 */

#include <covey/wire.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../faulty_memory.h"
#include "floor_reports.h"
#include "world.h"

#define KEY     0xa5
#define WINDOWS 20 /* a table of floors has to grow for them */

static int begin_sa(struct world *world)
{
	const struct sa_timing timing = {.begin_ms = world->now_ms,
					 .activation_delay_ms = DELAY_MS,
					 .drain_delay_ms = DRAIN_MS,
					 .hard_lifetime_ms = LIFETIME_MS};
	uint8_t tek[32];

	memset(tek, KEY, sizeof(tek));
	return group_begin_sa(world->group, world->next_spi, tek, sizeof(tek), &timing);
}

static int report(struct world *world, size_t seat)
{
	uint32_t window_ids[WINDOWS];
	uint64_t esns[WINDOWS];
	const struct floor_report report = {.window_ids = window_ids,
					    .window_id_count = WINDOWS,
					    .esns = esns,
					    .esn_count = WINDOWS};
	struct covey_error error;

	for (uint32_t i = 0; i < WINDOWS; i++) {
		window_ids[i] = i + 1;
		esns[i] = covey_esn(1, 1 + i);
	}
	return floor_reports_take(world->group, seat, group_active_sa(world->group)->spi, &report,
				  world->now_ms, &error);
}

/* What fails does so for want of memory, and changes nothing that a second try would mind. */
#define TRY(call)                                                                                  \
	do {                                                                                       \
		int rc_ = (call);                                                                  \
                                                                                                   \
		if (rc_) {                                                                         \
			assert_int_equal(rc_, -ENOMEM);                                            \
			assert_true(faulty_memory_has_failed());                                   \
			assert_int_equal((call), 0);                                               \
		}                                                                                  \
	} while (0)

static void rekey(struct world *world)
{
	size_t before = world->group->sa_count;
	int status = begin_sa(world);

	if (status) {
		assert_int_equal(status, -ENOMEM);
		assert_true(faulty_memory_has_failed());
		assert_int_equal(world->group->sa_count, before);
		assert_int_equal(begin_sa(world), 0);
	}
	assert_int_equal(world->group->sa_count, before + 1);
	world->next_spi++;
}

static void join(struct world *world, size_t seat)
{
	uint16_t epoch = 0;

	TRY(group_bind(world->group, seat, (uint16_t)(seat + 1)));
	if (group_needs_sa(world->group))
		rekey(world);
	TRY(group_join(world->group, seat, world, &epoch));
	assert_int_equal(epoch, 1);
	world_calm(world);
}

/* What was not noted must not look like silence. */
static void hear(struct world *world, size_t seat)
{
	const struct clear_heard heard = {
		.vtep = world->group->members[0].vtep, .packets = 1, .at_ms = world->now_ms};

	clear_heard_take(world->group, seat, &heard);
	assert_true(world->group->members[seat].clear.count == 1 ||
		    clear_heard_missed(world->group, seat, world->now_ms));
}

/* True when an allocation has failed. */
static bool run_with(unsigned at)
{
	struct world *world = world_new();
	uint16_t epoch = 0;
	bool failed;

	faulty_memory_begin(at);
	for (size_t seat = 0; seat < WORLD_SEATS; seat++)
		join(world, seat);
	assert_int_equal(group_active_sa(world->group)->spi, COVEY_SPI_MIN);
	for (size_t seat = 0; seat < WORLD_SEATS; seat++)
		TRY(report(world, seat));
	for (size_t seat = 0; seat < WORLD_SEATS; seat++)
		hear(world, seat);
	rekey(world);
	world_calm(world);
	world_pass(world, DELAY_MS + 1);
	world_calm(world);
	assert_int_equal(group_active_sa(world->group)->spi, COVEY_SPI_MIN + 1);
	/* One comes back in between, and one goes. */
	group_lost(world->group, 1);
	TRY(group_join(world->group, 1, world, &epoch));
	group_left(world->group, 2);
	world_pass(world, DRAIN_MS + 1);
	world_calm(world);
	assert_int_equal(group_live_sas(world->group), 1);
	assert_int_equal(epoch, 2);
	failed = faulty_memory_end();
	world_free(world);
	return failed;
}

static void each_allocation_fails(void **state)
{
	size_t held = faulty_memory_held();
	unsigned at = 1;

	faulty_memory_watch(KEY, 16);
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

static void no_start_without_memory(void **state)
{
	const struct group_output output = {.arg = NULL};
	size_t held = faulty_memory_held();
	struct group *group = NULL;
	unsigned at = 1;
	int status;

	for (;; at++) {
		faulty_memory_begin(at);
		status = group_new(WORLD_SEATS, DELAY_MS, &output, &group);
		if (!faulty_memory_end())
			break;
		assert_int_equal(status, -ENOMEM);
		assert_null(group);
		assert_int_equal(faulty_memory_held(), held);
	}
	assert_int_equal(status, 0);
	assert_true(at > 1);
	group_free(group);
	assert_int_equal(faulty_memory_held(), held);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_allocation_fails),
		cmocka_unit_test(no_start_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
