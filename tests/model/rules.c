/* SPDX-License-Identifier: BSD-3-Clause */
#include "rules.h"

#include <stdio.h>

#include "host.h"

static const struct sa *find_sa(const struct world *world, uint32_t spi)
{
	const struct group *group = world->gkm.group;

	for (size_t i = 0; i < group->sa_count; i++)
		if (group->sas[i]->spi == spi)
			return group->sas[i];
	return NULL;
}

/* --- one member ---------------------------------------------------------------------------- */

static void check_two(struct world *world, unsigned host)
{
	struct dataplane *plane = &world->hosts[host].plane;
	struct membership *group = host_group(world, host);
	unsigned sending = 0;

	for (size_t i = 0; i < plane->count; i++)
		sending += plane->sas[i].state == COVEY_SA_ACTIVE;
	if (sending > 1)
		world_violate(world, "two: m%u sends on %u SAs at once", host + 1, sending);
	if (plane->count != (group ? group->sa_count : 0) && !breaks(world, BREAK_INSTALL))
		world_violate(world, "two: m%u believes in %zu SAs, its dataplane has %zu",
			      host + 1, group ? group->sa_count : 0, plane->count);
	for (size_t i = 0; group && i < group->sa_count; i++) {
		const struct plane_sa *sa = plane_find(plane, group->sas[i].spi);

		if (sa && (sa->state != group->sas[i].state || sa->epoch != group->sas[i].epoch))
			world_violate(world,
				      "two: m%u has SA %u as %s in epoch %u, its dataplane as %s "
				      "in epoch %u",
				      host + 1, sa->spi, covey_sa_state_name(group->sas[i].state),
				      group->sas[i].epoch, covey_sa_state_name(sa->state),
				      sa->epoch);
	}
}

static const struct tek_record *tek_of(const struct world *world, const struct sa *sa)
{
	return &world->record.teks[sa->tek[0]];
}

static void check_kept(struct world *world, unsigned host)
{
	const struct group *group = world->gkm.group;
	const struct membership *own = host_group(world, host);

	if (!is_live(world, host) || !own || own->state != MEMBERSHIP_JOINED)
		return;
	for (size_t i = 0; i < group->sa_count; i++) {
		const struct sa *sa = group->sas[i];

		if (sa_is_live(sa) && (tek_of(world, sa)->acked & 1u << host) &&
		    sa->members[host] < SA_MEMBER_GONE &&
		    !plane_find(&world->hosts[host].plane, sa->spi))
			world_violate(world, "kept: m%u has lost SA %u, which is %s at the GKM",
				      host + 1, sa->spi, sa_state_name(sa->state));
	}
}

/* --- a sender and a peer ------------------------------------------------------------------- */

/* The SA is from before its eviction: it is neither to be heard there nor to hear,
 * and perhaps it does not know yet.
 */
static bool was_cast_out(const struct world *world, unsigned host, const struct plane_sa *on)
{
	return on->tek <= world->record.evicted_at[host];
}

static void check_lacks(struct world *world, unsigned from, unsigned to, const struct plane_sa *on)
{
	const struct sa *sa = find_sa(world, on->spi);
	const struct membership *own = host_group(world, to);

	if (!sa || !sa_is_live(sa) || !is_live(world, to) || !sa_is_acked(sa, to))
		return;
	if (own && own->state == MEMBERSHIP_JOINED && !plane_find(&world->hosts[to].plane, on->spi))
		world_violate(world, "lacks: m%u sends on SA %u, which m%u acknowledged and lacks",
			      from + 1, on->spi, to + 1);
}

static bool has_left(const struct world *world, unsigned host)
{
	const struct membership *group = host_group(world, host);

	return !group || group->state == MEMBERSHIP_LEAVING;
}

static void check_hurry(struct world *world, unsigned from, unsigned to, const struct plane_sa *on)
{
	const struct tek_record *tek = &world->record.teks[on->tek];

	if (!(tek->expected & 1u << to) || world->now >= tek->begin_ms + ACTIVATION_DELAY_S * 1000)
		return;
	if (has_left(world, to))
		return;
	if (!plane_find(&world->hosts[to].plane, on->spi))
		world_violate(world, "hurry: m%u sends on SA %u, which m%u has not got yet",
			      from + 1, on->spi, to + 1);
}

/* On an SA that the GKM has retired nobody can count on being heard. */
static void check_fence(struct world *world, unsigned from, unsigned to, const struct plane_sa *on)
{
	const struct plane_sa *theirs = plane_find(&world->hosts[to].plane, on->spi);

	if (world->record.teks[on->tek].retired)
		return;
	if (theirs && theirs->tek == on->tek && theirs->floors[on->sender_id] > on->epoch)
		world_violate(world,
			      "fence: m%u sends on SA %u in epoch %u, m%u drops all below %u",
			      from + 1, on->spi, on->epoch, to + 1, theirs->floors[on->sender_id]);
}

/* Those who registered after the sender was activated learn of it with their first roster. */
static void check_heard(struct world *world, unsigned from, unsigned to, const struct plane_sa *on)
{
	const struct plane_sa *theirs = plane_find(&world->hosts[to].plane, on->spi);
	const struct sa *sa = find_sa(world, on->spi);
	const struct member *sender = &world->gkm.group->members[from];

	if (!sa || !theirs || !is_live(world, from) || !is_live(world, to) ||
	    sa->members[from] != SA_MEMBER_ACTIVE || !sa_is_acked(sa, to) ||
	    world->now >= sender->listed_by_ms)
		return;
	if (!theirs->listed[on->sender_id])
		world_violate(world, "heard: m%u sends on SA %u, m%u does not know it", from + 1,
			      on->spi, to + 1);
}

/* Whether it has a session or not: what it sends must be heard where it was heard. */
static void check_stranded(struct world *world, unsigned from, unsigned to,
			   const struct plane_sa *on)
{
	const struct tek_record *tek = &world->record.teks[on->tek];

	if (on->tek < world->record.first_tek || tek->excused || !(tek->had & 1u << to) ||
	    was_cast_out(world, to, on) || has_left(world, to) ||
	    world->now >= tek->begin_ms + world_lifetime_s(world) * 1000)
		return;
	if (!plane_find(&world->hosts[to].plane, on->spi))
		world_violate(world, "stranded: m%u sends on SA %u, which m%u had and has not",
			      from + 1, on->spi, to + 1);
}

/* --- evictions ----------------------------------------------------------------------------- */

static bool is_too_new(const struct world *world, unsigned evicted, const struct plane_sa *sa)
{
	return sa->tek >= world->record.first_tek && sa->tek > world->record.evicted_at[evicted];
}

static void check_evicted(struct world *world, unsigned evicted, unsigned host)
{
	const struct dataplane *plane = &world->hosts[host].plane;

	for (size_t i = 0; i < plane->count; i++) {
		const struct plane_sa *sa = &plane->sas[i];

		if (!is_too_new(world, evicted, sa))
			continue;
		if (host == evicted)
			world_violate(world,
				      "evicted: m%u was evicted before SA %u began, and has it",
				      evicted + 1, sa->spi);
		else if (sa->listed[world->gkm.bound[evicted]])
			world_violate(world, "evicted: m%u was evicted, and m%u lists it on SA %u",
				      evicted + 1, host + 1, sa->spi);
	}
}

void rules_check(struct world *world)
{
	for (unsigned from = 0; from < MEMBERS; from++) {
		const struct plane_sa *on = plane_sending(&world->hosts[from].plane);

		check_two(world, from);
		check_kept(world, from);
		for (unsigned to = 0; on && to < MEMBERS; to++) {
			if (to == from)
				continue;
			if (was_cast_out(world, from, on))
				continue;
			check_lacks(world, from, to, on);
			check_hurry(world, from, to, on);
			check_fence(world, from, to, on);
			check_heard(world, from, to, on);
			check_stranded(world, from, to, on);
		}
		for (unsigned to = 0; world->gkm.evicted[from] && to < MEMBERS; to++)
			check_evicted(world, from, to);
	}
}

bool rules_all_on_one(const struct world *world)
{
	const struct sa *active = group_active_sa(world->gkm.group);

	for (unsigned i = 0; i < MEMBERS; i++) {
		const struct dataplane *plane = &world->hosts[i].plane;

		if (!active || !is_live(world, i) || world->hosts[i].wire.up.first ||
		    world->hosts[i].wire.down.first || plane->count != 1 ||
		    plane->sas[0].spi != active->spi || plane->sas[0].state != COVEY_SA_ACTIVE)
			return false;
		for (unsigned j = 0; j < MEMBERS; j++) {
			const struct plane_sa *peer = &world->hosts[j].plane.sas[0];

			if (!plane->sas[0].listed[peer->sender_id] ||
			    plane->sas[0].floors[peer->sender_id] > peer->epoch)
				return false;
		}
	}
	return true;
}
