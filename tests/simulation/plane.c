/* SPDX-License-Identifier: BSD-3-Clause */

/* A dataplane that keeps to dataplane.h, refuses what that page says, and has the rules look on. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "membership.h"
#include "rules.h"

struct plane_sa *plane_find(struct plane_group *group, uint32_t spi)
{
	for (size_t i = 0; i < group->count; i++)
		if (group->sas[i].spi == spi)
			return &group->sas[i];
	return NULL;
}

struct plane_sa *plane_sending(struct plane_group *group)
{
	for (size_t i = 0; i < group->count; i++)
		if (group->sas[i].state == COVEY_SA_ACTIVE)
			return &group->sas[i];
	return NULL;
}

bool plane_takes(const struct plane_sa *sa, uint16_t sender_id, uint16_t epoch)
{
	return sender_id < sa->ids && sa->listed[sender_id] && epoch >= sa->floors[sender_id];
}

static unsigned group_at(const struct dataplane *plane, uint32_t index)
{
	for (unsigned i = 0; i < plane->host->process.fleet->plan->groups; i++) {
		const struct membership *group = host_membership(plane->host, i);

		if (group && group->index == index)
			return i;
	}
	abort();
}

static struct plane_sa *search(struct dataplane *plane, uint32_t spi, unsigned *ret_group)
{
	for (unsigned i = 0; i < GROUPS_MAX; i++) {
		struct plane_sa *sa = plane_find(&plane->groups[i], spi);

		*ret_group = i;
		if (sa)
			return sa;
	}
	return NULL;
}

/* What a crashed program does has no effect. */
static bool is_dead(const struct dataplane *plane)
{
	return plane->host->process.dead;
}

static int group_set(struct dataplane *plane, uint32_t group, const uint32_t *vnis,
		     size_t vni_count, struct covey_error *error)
{
	return 0;
}

/* --- rosters ------------------------------------------------------------------------------- */

static void make_room(struct plane_sa *sa, size_t ids)
{
	if (ids <= sa->ids)
		return;
	ids = ids < 2 * sa->ids ? 2 * sa->ids : ids;
	sa->floors = reallocarray(sa->floors, ids, sizeof(*sa->floors));
	sa->listed = reallocarray(sa->listed, ids, sizeof(*sa->listed));
	if (!sa->floors || !sa->listed)
		abort();
	memset(sa->floors + sa->ids, 0, (ids - sa->ids) * sizeof(*sa->floors));
	memset(sa->listed + sa->ids, 0, (ids - sa->ids) * sizeof(*sa->listed));
	sa->ids = ids;
}

/* The higher of old and new floor holds; that a lower one comes at all is a violation. */
static void list(struct dataplane *plane, struct plane_sa *sa,
		 const struct covey_roster_entry *roster, size_t count)
{
	if (breakage == BREAK_UNHEARD && sa->ids)
		return;
	if (sa->ids)
		memset(sa->listed, 0, sa->ids * sizeof(*sa->listed));
	for (size_t i = 0; i < count; i++) {
		uint16_t id = roster[i].sender_id;
		uint16_t floor = (uint16_t)(roster[i].epoch_floor + (breakage == BREAK_FENCE));

		if (breakage == BREAK_FLOOR && floor > 2)
			floor = 1;
		make_room(sa, (size_t)id + 1);
		if (floor < sa->floors[id])
			rules_floor_falls(plane->host, sa->spi, id);
		else
			sa->floors[id] = floor;
		sa->listed[id] = true;
	}
}

static int roster_set(struct dataplane *plane, uint32_t spi,
		      const struct covey_roster_entry *roster, size_t count,
		      struct covey_error *error)
{
	unsigned group;
	struct plane_sa *sa = search(plane, spi, &group);

	if (!sa)
		return covey_error_set(error, -ENOENT, "SA %u is not installed", spi);
	list(plane, sa, roster, count);
	rules_changed(plane->host);
	return 0;
}

/* --- SAs ----------------------------------------------------------------------------------- */

static void let_go(struct plane_sa *sa)
{
	free(sa->floors);
	free(sa->listed);
}

/* What the broken dataplane says that it has installed, and has not. */
static bool is_withheld(const struct host *host, uint32_t sa)
{
	return (breakage == BREAK_ACK && host->number % 3 == 1 && sa % 4 == 3) ||
	       (breakage == BREAK_LACKS && rules_has_senders(host->process.fleet, sa));
}

static int sa_install(struct dataplane *plane, const struct covey_sa *sa,
		      const struct covey_roster_entry *roster, size_t count,
		      struct covey_error *error)
{
	struct plane_group *group;
	struct plane_sa *own;
	unsigned number = group_at(plane, sa->group);
	uint32_t known;

	if (is_dead(plane))
		return 0;
	group = &plane->groups[number];
	own = plane_find(group, sa->spi);
	known = rules_installed(plane->host, number, sa);
	if (!own && is_withheld(plane->host, known))
		return 0;
	if (own && (own->sa != known || own->epoch >= sa->epoch))
		return covey_error_set(error, -EEXIST, "SA %u is installed already", sa->spi);
	if (!own && group->count == COVEY_SAS_PER_GROUP_MAX)
		return covey_error_set(error, -ENOSPC, "SA %u has no room", sa->spi);
	if (!own) {
		own = &group->sas[group->count++];
		*own = (struct plane_sa){.spi = sa->spi, .sa = known, .state = COVEY_SA_INSTALLED};
	}
	own->sender_id = sa->sender_id;
	own->epoch = sa->epoch;
	list(plane, own, roster, count);
	rules_changed(plane->host);
	return 0;
}

static void end_sending(struct dataplane *plane, struct plane_sa *sa)
{
	if (sa->state != COVEY_SA_ACTIVE)
		return;
	sa->state = COVEY_SA_DRAINING;
	rules_stopped(plane->host, sa->sa);
}

static int sa_activate(struct dataplane *plane, uint32_t spi, struct covey_error *error)
{
	unsigned group;
	struct plane_sa *sa = search(plane, spi, &group), *before;

	if (is_dead(plane))
		return 0;
	if (!sa)
		return covey_error_set(error, -ENOENT, "SA %u is not installed", spi);
	before = plane_sending(&plane->groups[group]);
	if (before == sa)
		return 0;
	if (before)
		end_sending(plane, before);
	sa->state = COVEY_SA_ACTIVE;
	rules_sends(plane->host, group, sa->sa);
	return 0;
}

static void sa_remove(struct dataplane *plane, uint32_t spi)
{
	unsigned group;
	struct plane_sa *sa = search(plane, spi, &group);
	struct plane_group *own = &plane->groups[group];

	if (!sa || is_dead(plane))
		return;
	end_sending(plane, sa);
	let_go(sa);
	*sa = own->sas[--own->count];
	rules_changed(plane->host);
}

static int sa_drain(struct dataplane *plane, uint32_t spi, struct covey_error *error)
{
	unsigned group;
	struct plane_sa *sa = search(plane, spi, &group);

	if (is_dead(plane))
		return 0;
	if (!sa)
		return covey_error_set(error, -ENOENT, "SA %u is not installed", spi);
	end_sending(plane, sa);
	sa->state = COVEY_SA_DRAINING;
	if (breakage == BREAK_DRAIN)
		sa_remove(plane, spi);
	rules_changed(plane->host);
	return 0;
}

void plane_clear(struct dataplane *plane)
{
	for (unsigned i = 0; i < GROUPS_MAX; i++) {
		struct plane_group *group = &plane->groups[i];

		for (size_t k = 0; k < group->count; k++) {
			end_sending(plane, &group->sas[k]);
			let_go(&group->sas[k]);
		}
		group->count = 0;
	}
}

static size_t read_sas(const struct dataplane *plane, struct dataplane_sa_status *sas, size_t max)
{
	return 0;
}

static size_t read_sent(const struct dataplane *plane, uint32_t spi,
			struct dataplane_window_status *windows, size_t max)
{
	return 0;
}

const struct dataplane_ops plane_ops = {
	.group_set = group_set,
	.sa_install = sa_install,
	.sa_activate = sa_activate,
	.sa_drain = sa_drain,
	.sa_remove = sa_remove,
	.roster_set = roster_set,
	.read_sas = read_sas,
	.read_sent = read_sent,
};
