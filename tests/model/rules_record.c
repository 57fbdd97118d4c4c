/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rules.h"

/* --- leases -------------------------------------------------------------------------------- */

/* Of this GKM instance. */
static struct tek_record *find_tek(struct world *world, uint32_t spi)
{
	for (unsigned i = world->record.first_tek; i <= world->record.tek_count; i++)
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

/* It sends on an SA of an earlier GKM instance, and the GKM can know: it does not remember that of
 * those who were evicted, also when they are readmitted. */
static bool is_left_over(const struct world *world, unsigned host)
{
	const struct plane_sa *on = plane_sending((struct dataplane *)&world->hosts[host].plane);

	return on && on->tek < world->record.first_tek && world->record.awaited[host];
}

/* Who is there, and who was before the GKM was restarted and is awaited. */
static uint8_t who_is_expected(const struct world *world)
{
	uint8_t expected = 0;

	for (unsigned i = 0; i < MEMBERS; i++) {
		bool was_there = !world->gkm.group->sa_was_active && is_left_over(world, i);

		if (is_live(world, i) || was_there)
			expected |= (uint8_t)(1u << i);
	}
	return expected;
}

/* Absent as the GKM knows, and sending on what all send on. */
static void check_deaf(struct world *world)
{
	const struct sa *active = group_active_sa(world->gkm.group);

	for (unsigned i = 0; active && i < MEMBERS; i++) {
		const struct plane_sa *on = plane_sending(&world->hosts[i].plane);

		if (on && on->spi == active->spi && !world->hosts[i].wire.gkm_end &&
		    !world->gkm.evicted[i] &&
		    world->now < active->begin_ms + world_lifetime_s(world) * 800)
			world_violate(world, "deaf: the interval of SA %u is over, but m%u is away",
				      active->spi, i + 1);
	}
}

void rules_sa_begins(struct world *world, uint32_t spi, uint8_t number, enum rekey_reason reason)
{
	struct tek_record *tek = &world->record.teks[number];

	if (number > world->record.tek_count)
		world->record.tek_count = number;
	if (number + 1 >= TEKS) {
		world_violate(world, "the model has no room for more keys");
		return;
	}
	if (reason == REKEY_INTERVAL)
		check_deaf(world);
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
	tek->had |= (uint8_t)(1u << host);
}

/* --- who has what, and may count on what --------------------------------------------------- */

static void not_expected(struct world *world, unsigned host)
{
	for (unsigned i = 1; i <= world->record.tek_count; i++)
		world->record.teks[i].expected &= (uint8_t) ~(1u << host);
}

void rules_acked(struct world *world, unsigned host, uint32_t spi)
{
	struct tek_record *tek = find_tek(world, spi);

	if (tek)
		tek->acked |= (uint8_t)(1u << host);
}

static void not_acked(struct world *world, unsigned host)
{
	for (unsigned i = 1; i <= world->record.tek_count; i++)
		world->record.teks[i].acked &= (uint8_t) ~(1u << host);
}

void rules_lost(struct world *world, unsigned host)
{
	not_acked(world, host);
	if (world->gkm.group->sa_was_active || !is_left_over(world, host))
		not_expected(world, host);
}

void rules_left(struct world *world, unsigned host)
{
	not_acked(world, host);
	not_expected(world, host);
	world->record.known[host] = world->record.awaited[host] = false;
}

void rules_wiped(struct world *world, unsigned host)
{
	not_expected(world, host);
	for (unsigned i = 1; i <= world->record.tek_count; i++)
		world->record.teks[i].had &= (uint8_t) ~(1u << host);
}

void rules_registers(struct world *world, unsigned host)
{
	const struct group *group = world->gkm.group;
	uint64_t past = 0;

	if (world->record.known[host])
		return;
	world->record.known[host] = true;
	if (!world->setup->rekeys_on_join)
		return;
	for (size_t i = 0; i < group->sa_count; i++)
		if (group->sas[i]->state == SA_ACTIVE || group->sas[i]->state == SA_DRAINING)
			past |= UINT64_C(1) << group->sas[i]->tek[0];
	world->record.past[host] |= past;
}

void rules_sent(struct world *world, unsigned host, uint8_t number)
{
	struct tek_record *tek = &world->record.teks[number];

	tek->sent |= (uint8_t)(1u << host);
	if (world->gkm.evicted[host])
		world_violate(world, "evicted: m%u is evicted, and is sent SA %u", host + 1,
			      tek->spi);
	if (world->record.past[host] & UINT64_C(1) << number)
		world_violate(world, "past: m%u is sent SA %u, which is older than its membership",
			      host + 1, tek->spi);
}

void rules_active(struct world *world, const struct sa *sa)
{
	const struct tek_record *tek = &world->record.teks[sa->tek[0]];

	for (unsigned i = 0; i < MEMBERS; i++)
		if (world->gkm.evicted[i] && (tek->sent & 1u << i))
			world_violate(world, "evicted: SA %u becomes active, and m%u has its key",
				      sa->spi, i + 1);
}

/* It is retired by now: one more was live before. */
static bool was_room_wanted(const struct group *group)
{
	return group_live_sas(group) + 1 == COVEY_SAS_PER_GROUP_MAX;
}

void rules_retired(struct world *world, const struct sa *sa)
{
	struct tek_record *tek = find_tek(world, sa->spi);

	if (!tek)
		return;
	tek->retired = true;
	tek->excused =
		world->now >= sa->expires_ms || sa->cut_short || was_room_wanted(world->gkm.group);
}

void rules_evicted(struct world *world, unsigned host)
{
	not_expected(world, host);
	not_acked(world, host);
	world->record.known[host] = world->record.awaited[host] = false;
	world->record.evicted_at[host] = world->record.tek_count;
}

void rules_gkm_starts(struct world *world)
{
	memset(world->record.floors, 0, sizeof(world->record.floors));
	world->record.first_tek = (uint8_t)(world->record.tek_count + 1);
	memset(world->record.past, 0, sizeof(world->record.past));
	for (unsigned i = 0; i < MEMBERS; i++)
		world->record.known[i] = world->record.awaited[i] =
			world->gkm.bound[i] && !world->gkm.evicted[i];
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
