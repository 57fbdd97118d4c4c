/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A random walk through a group's life that looks for a way around the rules of rekeying.
 */

#include <stdlib.h>

#include "world.h"

#include "floor_reports.h"

#define WALK_SENDER_IDS 12
#define WALK_LEASES     (1u << 18)

/* Every (SPI, SenderID, epoch) that a registration was given: one given twice repeats an IV. */
struct walk {
	struct world *world;
	uint64_t leased[WALK_LEASES]; /* hash set, 0: free */
	size_t leases;
	size_t last_said;
};

static void note_lease(struct walk *walk, const struct saying *saying)
{
	const struct member *member = &walk->world->group->members[saying->seat];
	uint64_t lease =
		(uint64_t)saying->spi << 32 | (uint32_t)member->sender_id << 16 | member->epoch;
	size_t at = lease * UINT64_C(0x9e3779b97f4a7c15) >> 46;

	while (walk->leased[at]) {
		assert_true(walk->leased[at] != lease);
		at = (at + 1) % WALK_LEASES;
	}
	walk->leased[at] = lease;
	assert_true(++walk->leases < WALK_LEASES / 2);
}

/* Only one SA is sent on at a time, whatever overlaps. */
static size_t active_count(const struct world *world)
{
	size_t count = 0;

	for (size_t i = 0; i < world->group->sa_count; i++)
		count += world->group->sas[i]->state == SA_ACTIVE;
	return count;
}

static size_t live_count(const struct world *world)
{
	size_t count = 0;

	for (size_t i = 0; i < world->group->sa_count; i++)
		count += sa_is_live(world->group->sas[i]);
	return count;
}

/* Some have been restarted, and the others still have every SA. */
static void join_with_sas(struct world *world, size_t seat)
{
	uint32_t spis[COVEY_SAS_PER_GROUP_MAX + GROUP_RETIRED_KEPT];
	size_t count = 0;

	world_join(world, seat);
	for (size_t i = 0; i < world->group->sa_count; i++)
		spis[count++] = world->group->sas[i]->spi;
	floor_reports_note_held(world->group, seat, spis, random() % 2 ? count : 0);
}

static void random_event(struct walk *walk)
{
	struct group *group = walk->world->group;
	size_t seat = (size_t)random() % WORLD_SEATS;
	struct member *member = &group->members[seat];
	uint16_t sender_id = (uint16_t)(1 + random() % (WALK_SENDER_IDS - 1));

	switch (random() % 11) {
	case 0:
		if (!member->session && member->sender_id)
			join_with_sas(walk->world, seat);
		break;
	case 1:
		group_lost(group, seat);
		break;
	case 2:
		if (member->session && random() % 4 == 0)
			group_left(group, seat);
		break;
	case 3:
		if (!member->session && (!member->sender_id || random() % 8 == 0))
			group_bind(group, seat, sender_id);
		break;
	case 4:
	case 5:
		world_ack_rosters(walk->world, seat);
		break;
	case 6:
	case 7:
		world_ack_sas(walk->world, seat);
		break;
	case 8:
		walk->world->now_ms += (uint64_t)random() % 3000;
		break;
	case 9:
		world_say_switched(walk->world, seat);
		break;
	case 10:
		if (random() % 20 == 0 && live_count(walk->world) < COVEY_SAS_PER_GROUP_MAX)
			world_rekey(walk->world);
		break;
	}
}

/* No packet of who is told to send is dropped: all have its epoch, or were waited for. */
static void check_activation(const struct world *world, const struct saying *saying)
{
	const struct member *sender = &world->group->members[saying->seat];

	assert_true(world_floor(world, saying->seat) == sender->epoch);
	assert_int_equal(world->group->roster.entries[saying->seat].sender_id, sender->sender_id);
	for (size_t i = 0; i < WORLD_SEATS; i++) {
		const struct member *other = &world->group->members[i];

		if (i != saying->seat && other->session && world->now_ms < sender->listed_by_ms)
			assert_true(other->acked_generation >= sender->listed_generation);
	}
}

static void check_rules(struct walk *walk)
{
	const struct world *world = walk->world;

	assert_true(active_count(world) <= 1);
	for (size_t i = walk->last_said; i < world->said_count; i++) {
		if (world->said[i].what == SAID_INSTALL)
			note_lease(walk, &world->said[i]);
		if (world->said[i].what == SAID_ACTIVATE)
			check_activation(world, &world->said[i]);
	}
	for (size_t i = 0; i < WORLD_SEATS; i++)
		for (size_t j = i + 1; j < WORLD_SEATS; j++)
			assert_true(!world->group->members[i].sender_id ||
				    world->group->members[i].sender_id !=
					    world->group->members[j].sender_id);
	for (size_t i = 0; i < world->group->sa_count; i++)
		assert_int_equal(world->group->sas[i]->state == SA_RETIRED,
				 world->group->sas[i]->tek == NULL);
}

static void a_random_walk(void **state)
{
	struct walk *walk = calloc(1, sizeof(*walk));

	assert_non_null(walk);
	walk->world = world_new();
	world_gather(walk->world, C);
	world_hush(walk->world);
	srandom(20240);
	for (size_t i = 0; i < 200000; i++) {
		random_event(walk);
		if (random() % 3 == 0) {
			walk->last_said = walk->world->said_count;
			world_settle(walk->world);
			check_rules(walk);
		}
		if (walk->world->said_count > WORLD_HISTORY / 2)
			world_hush(walk->world);
	}
	/* It has been everywhere. */
	assert_true(walk->leases > 1000);
	assert_true(walk->world->next_spi > 300);
	world_free(walk->world);
	free(walk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_random_walk),
	};

	return cmocka_run_group_tests_name("gkm-rekey-walk", tests, NULL, NULL);
}
