/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rules.h"

/* --- leases -------------------------------------------------------------------------------- */

static struct tek_record *find_tek(struct world *world, uint32_t spi)
{
	for (unsigned i = 1; i <= world->record.tek_count; i++)
		if (world->record.teks[i].spi == spi)
			return &world->record.teks[i];
	return NULL;
}

static void lease(struct world *world, struct tek_record *tek, uint16_t sender_id, uint16_t epoch)
{
	uint64_t bit = UINT64_C(1) << (epoch % EPOCHS_SEEN);

	if (tek->leased[sender_id] & bit)
		world_violate(world, "lease: SenderID %u epoch %u of SA %u's key is leased again",
			      sender_id, epoch, tek->spi);
	tek->leased[sender_id] |= bit;
}

/* Who is there, and who was before the GKM was restarted and is awaited. */
static uint8_t who_is_expected(const struct world *world)
{
	uint8_t expected = 0;

	for (unsigned i = 0; i < MEMBERS; i++) {
		const struct host *host = &world->hosts[i];
		bool was_there = !world->gkm.group->sa_was_active && world->gkm.bound[i] &&
				 !(world->record.back & 1u << i) && host->plane.count > 0;

		if (is_live(world, i) || was_there)
			expected |= (uint8_t)(1u << i);
	}
	return expected;
}

void rules_sa_begins(struct world *world, uint32_t spi, uint8_t number)
{
	struct tek_record *tek = &world->record.teks[number];

	if (number > world->record.tek_count)
		world->record.tek_count = number;
	if (number + 1 >= TEKS) {
		world_violate(world, "the model has no room for more keys");
		return;
	}
	tek->spi = spi;
	tek->begin_ms = world->now;
	tek->expected = who_is_expected(world);
	for (unsigned i = 0; i < MEMBERS; i++) {
		const struct member *member = &world->gkm.group->members[i];

		if (member->session)
			lease(world, tek, member->sender_id, member->epoch);
	}
}

static void hold(struct world *world, unsigned host, uint16_t sender_id)
{
	uint16_t *holder = &world->record.holder[sender_id <= MEMBERS ? sender_id : 0];

	for (unsigned i = 1; i <= MEMBERS; i++)
		if (world->record.holder[i] == host + 1 && i != sender_id)
			world_violate(world, "binding: m%u has SenderID %u, and had %u", host + 1,
				      sender_id, i);
	if (*holder && *holder != host + 1)
		world_violate(world, "binding: m%u gets SenderID %u, which was m%u's", host + 1,
			      sender_id, *holder);
	*holder = (uint16_t)(host + 1);
}

void rules_leased(struct world *world, unsigned host, uint16_t sender_id, uint16_t epoch)
{
	const struct group *group = world->gkm.group;

	hold(world, host, sender_id);
	world->record.back |= (uint8_t)(1u << host);
	for (size_t i = 0; i < group->sa_count; i++) {
		struct tek_record *tek = find_tek(world, group->sas[i]->spi);

		if (tek && sa_is_live(group->sas[i]))
			lease(world, tek, sender_id, epoch);
	}
}

void rules_installed(struct world *world, unsigned host, const struct covey_sa *sa)
{
	struct tek_record *tek = &world->record.teks[sa->tek[0]];
	uint64_t bit = UINT64_C(1) << (sa->epoch % EPOCHS_SEEN);

	if (tek->installed[sa->sender_id] & bit)
		world_violate(world,
			      "lease: m%u begins to count again as SenderID %u epoch %u under SA "
			      "%u's key",
			      host + 1, sa->sender_id, sa->epoch, sa->spi);
	tek->installed[sa->sender_id] |= bit;
}

void rules_not_expected(struct world *world, unsigned host)
{
	for (unsigned i = 1; i <= world->record.tek_count; i++)
		world->record.teks[i].expected &= (uint8_t) ~(1u << host);
}

void rules_retired(struct world *world, uint32_t spi)
{
	struct tek_record *tek = find_tek(world, spi);

	if (tek)
		tek->retired = true;
}

void rules_gkm_starts(struct world *world)
{
	memset(world->record.floors, 0, sizeof(world->record.floors));
	world->record.back = 0;
}

/* --- floors -------------------------------------------------------------------------------- */

void rules_published(struct world *world, const struct roster_part *part)
{
	for (size_t i = 0; i < part->set_count; i++) {
		const struct roster_entry *entry = part->set[i];
		uint16_t *floor = &world->record.floors[entry->sender_id];

		if (entry->epoch_floor < *floor)
			world_violate(world,
				      "floor: the floor of SenderID %u falls from %u to %u in "
				      "generation %" PRIu64,
				      entry->sender_id, *floor, entry->epoch_floor,
				      part->generation);
		else
			*floor = entry->epoch_floor;
	}
}
