/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Windows that members report, and what a newcomer is told of them.
 */

#include <covey/wire.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

#include "floor_reports.h"

static int begin(void **state)
{
	struct world *world = world_new();

	world->group->limits.packets_per_second = 1000000;
	world_gather(world, C);
	world_pass(world, 5000);
	*state = world;
	return 0;
}

static struct sa *active(const struct world *world)
{
	return group_active_sa(world->group);
}

/* So many windows from window_id on, their ESNs one up from esn. */
static int report(struct world *world, size_t seat, uint32_t spi, uint32_t window_id, uint64_t esn,
		  size_t count)
{
	uint32_t *window_ids = calloc(count + 1, sizeof(*window_ids));
	uint64_t *esns = calloc(count + 1, sizeof(*esns));
	struct floor_report windows = {.window_ids = window_ids,
				       .window_id_count = count,
				       .esns = esns,
				       .esn_count = count};
	struct covey_error error = {.text = ""};
	int status;

	for (size_t i = 0; i < count; i++) {
		window_ids[i] = window_id + (uint32_t)i;
		esns[i] = esn + i;
	}
	status = floor_reports_take(world->group, seat, spi, &windows, world->now_ms, &error);
	assert_int_equal(status == -EINVAL, error.text[0] != '\0');
	free(window_ids);
	free(esns);
	return status;
}

/* What a seat was told. */
struct told {
	struct covey_floor floors[COVEY_FLOORS_PER_GROUP_MAX];
	size_t count;
	unsigned parts;
	bool ended;
};

static void note(const struct floor_part *part, void *arg)
{
	struct told *told = arg;

	assert_false(told->ended);
	assert_in_range(part->count, 1, COVEY_FLOORS_PER_MESSAGE);
	for (size_t i = 0; i < part->count; i++)
		told->floors[told->count++] =
			(struct covey_floor){.esn = part->esns[i],
					     .sender_id = (uint16_t)part->sender_ids[i],
					     .window_id = (uint16_t)part->window_ids[i]};
	told->parts++;
	told->ended = !part->more;
}

static const struct told *tell(const struct world *world, size_t seat, const struct sa *sa)
{
	static struct told told;

	memset(&told, 0, sizeof(told));
	floor_reports_tell(world->group, seat, sa, note, &told);
	assert_int_equal(told.ended, told.parts > 0);
	for (size_t i = 1; i < told.count; i++)
		assert_true(told.floors[i].sender_id > told.floors[i - 1].sender_id ||
			    (told.floors[i].sender_id == told.floors[i - 1].sender_id &&
			     told.floors[i].window_id > told.floors[i - 1].window_id));
	return &told;
}

static void a_newcomer_is_told_the_last_reports(void **state)
{
	struct world *world = *state;
	uint32_t spi = active(world)->spi;
	const struct told *told;

	assert_int_equal(tell(world, D, active(world))->count, 0);
	assert_int_equal(report(world, B, spi, 7, covey_esn(1, 100), 2), 0);
	assert_int_equal(report(world, A, spi, 9, covey_esn(1, 50), 1), 0);
	assert_int_equal(report(world, B, spi, 3, covey_esn(1, 10), 1), 0);
	assert_int_equal(report(world, B, spi, 7, covey_esn(1, 200), 1), 0);
	assert_int_equal(report(world, B, spi, 0, 0, 0), 0);
	world_join(world, D);
	told = tell(world, D, active(world));
	assert_int_equal(told->count, 4);
	assert_int_equal(told->floors[0].sender_id, world->group->members[A].sender_id);
	assert_int_equal(told->floors[0].esn, covey_esn(1, 50));
	assert_int_equal(told->floors[1].window_id, 3);
	assert_int_equal(told->floors[2].window_id, 7);
	assert_int_equal(told->floors[2].esn, covey_esn(1, 200));
	assert_int_equal(told->floors[3].esn, covey_esn(1, 101));
}

/* Its own windows are not its business, nor those of an SA that it has had all the while. */
static void who_needs_none_is_told_none(void **state)
{
	struct world *world = *state;
	uint32_t spis[] = {1, active(world)->spi};

	assert_int_equal(report(world, A, spis[1], 9, covey_esn(1, 50), 1), 0);
	assert_int_equal(report(world, B, spis[1], 9, covey_esn(1, 50), 1), 0);
	assert_int_equal(tell(world, A, active(world))->count, 1);
	assert_int_equal(tell(world, A, active(world))->floors[0].sender_id,
			 world->group->members[B].sender_id);
	group_lost(world->group, A);
	world_join(world, A);
	floor_reports_note_held(world->group, A, spis, 2);
	assert_int_equal(tell(world, A, active(world))->count, 0);
	group_lost(world->group, A);
	world_join(world, A);
	floor_reports_note_held(world->group, A, spis, 1);
	assert_int_equal(tell(world, A, active(world))->count, 1);
}

/* A sender that died stays replayable, and so its windows known. */
static void reports_outlive_the_registration(void **state)
{
	struct world *world = *state;
	uint32_t spi = active(world)->spi;

	assert_int_equal(report(world, A, spi, 9, covey_esn(1, 50), 1), 0);
	group_lost(world->group, A);
	assert_int_equal(tell(world, B, active(world))->count, 1);
	assert_int_equal(report(world, A, spi, 9, covey_esn(1, 60), 1), 0); /* ignored */
	assert_int_equal(tell(world, B, active(world))->floors[0].esn, covey_esn(1, 50));
	world_admit(world, A);
	assert_int_equal(report(world, A, spi, 9, covey_esn(2, 1), 1), 0);
	assert_int_equal(tell(world, B, active(world))->floors[0].esn, covey_esn(2, 1));
}

/* SAs have floors of their own, while they carry traffic, and none when they are gone. */
static void each_sa_has_its_own(void **state)
{
	struct world *world = *state;
	struct sa *first = active(world), *second;

	assert_int_equal(report(world, A, first->spi, 9, covey_esn(1, 50), 1), 0);
	second = world_sa(world, world_rekey(world));
	world_settle(world);
	assert_int_equal(report(world, A, second->spi, 9, covey_esn(1, 1), 1), 0);
	assert_int_equal(floor_reports_count(second), 0); /* nobody sends on it yet */
	world_calm(world);
	assert_int_equal(report(world, A, second->spi, 9, covey_esn(1, 1), 1), 0);
	assert_int_equal(report(world, A, first->spi, 9, covey_esn(1, 70), 1), 0);
	assert_int_equal(tell(world, B, first)->floors[0].esn, covey_esn(1, 70));
	assert_int_equal(tell(world, B, second)->floors[0].esn, covey_esn(1, 1));
	world_pass(world, DRAIN_MS);
	assert_int_equal(first->state, SA_RETIRED);
	assert_int_equal(floor_reports_count(first), 0);
	assert_int_equal(report(world, A, first->spi, 9, covey_esn(1, 80), 1), 0);
	assert_int_equal(floor_reports_count(first), 0);
	assert_int_equal(floor_reports_count(second), 1);
}

static void what_no_honest_member_says(void **state)
{
	struct world *world = *state;
	uint32_t spi = active(world)->spi, same[] = {4, 4};
	uint64_t esns[] = {covey_esn(1, 1), covey_esn(1, 1)};
	struct floor_report bad = {same, 2, esns, 2};
	struct covey_error error;

	assert_int_equal(report(world, A, spi, 9, covey_esn(1, 50), 1), 0);
	assert_int_equal(report(world, A, spi, 9, covey_esn(1, 49), 1), -EINVAL);
	assert_int_equal(report(world, A, spi, 10, covey_esn(2, 1), 1), -EINVAL);
	assert_int_equal(report(world, A, spi, 10, 5, 1), -EINVAL); /* epoch 0 */
	assert_int_equal(report(world, A, spi, 10, covey_esn(1, 0), 1), -EINVAL);
	assert_int_equal(report(world, A, spi, 10, covey_esn(1, 6000001), 1), -EINVAL);
	assert_int_equal(report(world, A, spi, 10, covey_esn(1, 6000000), 1), 0);
	assert_int_equal(report(world, A, spi, 65535, covey_esn(1, 1), 2), -EINVAL);
	assert_int_equal(report(world, A, spi, 0, covey_esn(1, 1), COVEY_FLOORS_PER_SENDER_MAX + 1),
			 -EINVAL);
	assert_int_equal(floor_reports_take(world->group, A, spi, &bad, world->now_ms, &error),
			 -EINVAL);
	bad.window_id_count = 1;
	assert_int_equal(floor_reports_take(world->group, A, spi, &bad, world->now_ms, &error),
			 -EINVAL);
	world->group->members[B].may_send = false;
	assert_int_equal(report(world, B, spi, 9, covey_esn(1, 50), 1), -EINVAL);
	world->group->limits.packets_hard = 6000000;
	world_pass(world, 10000);
	assert_int_equal(report(world, A, spi, 10, covey_esn(1, 6000001), 1), -EINVAL);
	assert_int_equal(floor_reports_count(active(world)), 2);
}

/* A lie that came with truths: none of them counts. */
static void a_bad_report_changes_nothing(void **state)
{
	struct world *world = *state;
	uint32_t spi = active(world)->spi, ids[] = {1, 2};
	uint64_t esns[] = {covey_esn(1, 9), covey_esn(7, 1)};
	struct floor_report bad = {ids, 2, esns, 2};
	struct covey_error error;

	assert_int_equal(report(world, A, spi, 1, covey_esn(1, 5), 1), 0);
	assert_int_equal(floor_reports_take(world->group, A, spi, &bad, world->now_ms, &error),
			 -EINVAL);
	assert_int_equal(tell(world, B, active(world))->floors[0].esn, covey_esn(1, 5));
}

/* One sender has as many as its receivers have room for, whatever it says over time. */
static void a_sender_is_bounded(void **state)
{
	struct world *world = *state;
	uint32_t spi = active(world)->spi;

	assert_int_equal(report(world, A, spi, 0, covey_esn(1, 1), COVEY_FLOORS_PER_SENDER_MAX), 0);
	assert_int_equal(report(world, A, spi, 2000, covey_esn(1, 1), 1), -ENOSPC);
	assert_int_equal(report(world, A, spi, 2001, covey_esn(1, 1), 1), 0); /* said already */
	assert_int_equal(floor_reports_count(active(world)), COVEY_FLOORS_PER_SENDER_MAX);
	assert_int_equal(report(world, A, spi, 5, covey_esn(1, 999), 1), 0);
	assert_int_equal(tell(world, B, active(world))->floors[5].esn, covey_esn(1, 999));
	assert_int_equal(report(world, B, spi, 5, covey_esn(1, 999), 1), 0);
}

/* The group is bounded over all its SAs. Senders beyond the seats come one after the other. */
static void a_group_is_bounded(void **state)
{
	struct world *world = *state;
	uint32_t spi = active(world)->spi;
	const struct told *told;
	size_t senders = COVEY_FLOORS_PER_GROUP_MAX / COVEY_FLOORS_PER_SENDER_MAX;

	for (size_t i = 0; i < senders; i++) {
		world->group->members[A].sender_id = (uint16_t)(1000 - i);
		assert_int_equal(
			report(world, A, spi, 0, covey_esn(1, 1), COVEY_FLOORS_PER_SENDER_MAX), 0);
	}
	assert_int_equal(report(world, B, spi, 5, covey_esn(1, 1), 1), -ENOSPC);
	assert_int_equal(report(world, B, spi, 6, covey_esn(1, 1), 1), 0);
	told = tell(world, D, active(world));
	assert_int_equal(told->count, COVEY_FLOORS_PER_GROUP_MAX);
	assert_int_equal(told->parts, COVEY_FLOORS_PER_GROUP_MAX / COVEY_FLOORS_PER_MESSAGE);
	assert_int_equal(told->floors[0].sender_id, 1000 - (senders - 1));
	/* A further SA has room when this one is gone. */
	world->group->members[A].sender_id = 1;
	spi = world_rekey(world);
	world_calm(world);
	assert_int_equal(report(world, B, spi, 5, covey_esn(1, 1), 1), -ENOSPC);
	world_pass(world, DRAIN_MS);
	assert_int_equal(report(world, B, spi, 5, covey_esn(1, 1), 1), 0);
	assert_int_equal(floor_reports_count(active(world)), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_newcomer_is_told_the_last_reports),
		TEST(who_needs_none_is_told_none),
		TEST(reports_outlive_the_registration),
		TEST(each_sa_has_its_own),
		TEST(what_no_honest_member_says),
		TEST(a_bad_report_changes_nothing),
		TEST(a_sender_is_bounded),
		TEST(a_group_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
