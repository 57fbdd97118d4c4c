/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Packets that a member saw with its own SenderID.
 */

#include <errno.h>

#include "world.h"

static int begin(void **state)
{
	struct world *world = world_new();

	world->group->limits.packets_per_second = 1000;
	world_gather(world, B);
	world_pass(world, 5000);
	*state = world;
	return 0;
}

/* How many are new. */
static uint64_t report(struct world *world, size_t seat, uint32_t spi, uint64_t packets)
{
	struct covey_error error;
	uint64_t new = 77;

	assert_int_equal(usage_report_impostors(world->group, seat, spi, packets, world->now_ms,
						&new, &error),
			 0);
	return new;
}

static uint32_t active(const struct world *world)
{
	return group_active_sa(world->group)->spi;
}

static void what_is_new_is_told_once(void **state)
{
	struct world *world = *state;
	uint32_t spi = active(world);

	assert_int_equal(report(world, A, spi, 0), 0);
	assert_int_equal(report(world, A, spi, 3), 3);
	assert_int_equal(report(world, A, spi, 3), 0);
	assert_int_equal(report(world, A, spi, 10), 7);
	assert_int_equal(report(world, B, spi, 1), 1);
	assert_int_equal(world->group->members[A].own_sender, 10);
	assert_int_equal(world->group->members[B].own_sender, 1);
}

/* SAs count apart; the member's total is of all. */
static void sas_are_counted_apart(void **state)
{
	struct world *world = *state;
	uint32_t first = active(world), second;

	assert_int_equal(report(world, A, first, 5), 5);
	second = world_rekey(world);
	world_calm(world);
	assert_int_equal(report(world, A, second, 2), 2);
	assert_int_equal(report(world, A, first, 6), 1);
	assert_int_equal(world->group->members[A].own_sender, 8);
}

/* Who reconnects goes on counting, who restarts begins at 0. */
static void registrations(void **state)
{
	struct world *world = *state;
	uint32_t spi = active(world);

	assert_int_equal(report(world, A, spi, 5), 5);
	group_lost(world->group, A);
	assert_int_equal(report(world, A, spi, 9), 0);
	world_admit(world, A);
	assert_int_equal(report(world, A, spi, 6), 1);
	group_lost(world->group, A);
	world_admit(world, A);
	assert_int_equal(report(world, A, spi, 2), 2);
	assert_int_equal(world->group->members[A].own_sender, 8);
}

static void what_cannot_be(void **state)
{
	struct world *world = *state;
	struct covey_error error = {.text = ""};
	uint64_t new;

	assert_int_equal(report(world, A, active(world) + 1, 5), 0);
	assert_int_equal(report(world, A, active(world), 6000), 6000);
	assert_int_equal(usage_report_impostors(world->group, A, active(world), 6001, world->now_ms,
						&new, &error),
			 -EINVAL);
	assert_true(error.text[0] != '\0');
	assert_int_equal(world->group->members[A].own_sender, 6000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_new_is_told_once),
		TEST(sas_are_counted_apart),
		TEST(registrations),
		TEST(what_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
