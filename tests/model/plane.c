/* SPDX-License-Identifier: BSD-3-Clause */
#include "plane.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rules.h"

struct plane_sa *plane_find(struct dataplane *plane, uint32_t spi)
{
	for (size_t i = 0; i < plane->count; i++)
		if (plane->sas[i].spi == spi)
			return &plane->sas[i];
	return NULL;
}

struct plane_sa *plane_sending(struct dataplane *plane)
{
	for (size_t i = 0; i < plane->count; i++)
		if (plane->sas[i].state == COVEY_SA_ACTIVE)
			return &plane->sas[i];
	return NULL;
}

static int group_set(struct dataplane *plane, uint32_t group, const uint32_t *vnis,
		     size_t vni_count, struct covey_error *error)
{
	return 0;
}

/* The higher of old and new floor holds; that a lower one comes at all is a violation. */
static void list(struct dataplane *plane, struct plane_sa *sa,
		 const struct covey_roster_entry *roster, size_t roster_count)
{
	memset(sa->listed, 0, sizeof(sa->listed));
	for (size_t i = 0; i < roster_count; i++) {
		uint16_t id = roster[i].sender_id;

		if (id > MEMBERS) {
			world_violate(plane->world, "binding: m%u hears of SenderID %u",
				      plane->host + 1, id);
			return;
		}
		if (roster[i].epoch_floor < sa->floors[id])
			world_violate(plane->world,
				      "floor: m%u's floor of SenderID %u on SA %u falls from %u "
				      "to %u",
				      plane->host + 1, id, sa->spi, sa->floors[id],
				      roster[i].epoch_floor);
		else
			sa->floors[id] = roster[i].epoch_floor;
		sa->listed[id] = true;
	}
}

static int install_again(struct plane_sa *old, const struct covey_sa *sa)
{
	if (sa->epoch <= old->epoch || sa->tek[0] != old->tek)
		return -EEXIST;
	old->epoch = sa->epoch;
	return 0;
}

static int sa_install(struct dataplane *plane, const struct covey_sa *sa,
		      const struct covey_roster_entry *roster, size_t roster_count,
		      struct covey_error *error)
{
	struct plane_sa *own = plane_find(plane, sa->spi);
	int status = 0;

	if (breaks(plane->world, BREAK_INSTALL) && plane->host == 1)
		return 0;
	rules_installed(plane->world, plane->host, sa);
	if (own)
		status = install_again(own, sa);
	else if (plane->count == PLANE_SAS)
		status = -ENOSPC;
	if (status)
		return covey_error_set(error, status, "SA %u cannot be installed: %s", sa->spi,
				       strerror(-status));
	if (!own) {
		own = &plane->sas[plane->count++];
		*own = (struct plane_sa){.spi = sa->spi,
					 .state = COVEY_SA_INSTALLED,
					 .sender_id = sa->sender_id,
					 .epoch = sa->epoch,
					 .tek = sa->tek[0]};
	}
	list(plane, own, roster, roster_count);
	return 0;
}

static int sa_activate(struct dataplane *plane, uint32_t spi, struct covey_error *error)
{
	struct plane_sa *sa = plane_find(plane, spi);

	if (!sa)
		return covey_error_set(error, -ENOENT, "SA %u is not installed", spi);
	for (size_t i = 0; i < plane->count && !breaks(plane->world, BREAK_SWITCH); i++)
		if (plane->sas[i].state == COVEY_SA_ACTIVE)
			plane->sas[i].state = COVEY_SA_DRAINING;
	sa->state = COVEY_SA_ACTIVE;
	return 0;
}

static int sa_drain(struct dataplane *plane, uint32_t spi, struct covey_error *error)
{
	struct plane_sa *sa = plane_find(plane, spi);

	if (!sa)
		return covey_error_set(error, -ENOENT, "SA %u is not installed", spi);
	sa->state = COVEY_SA_DRAINING;
	return 0;
}

static void sa_remove(struct dataplane *plane, uint32_t spi)
{
	struct plane_sa *sa = plane_find(plane, spi);

	if (sa) {
		*sa = plane->sas[--plane->count];
		plane->sas[plane->count] = (struct plane_sa){0};
	}
}

static int set_roster(struct dataplane *plane, uint32_t spi,
		      const struct covey_roster_entry *roster, size_t roster_count,
		      struct covey_error *error)
{
	struct plane_sa *sa = plane_find(plane, spi);

	if (!sa && breaks(plane->world, BREAK_INSTALL))
		return 0;
	if (!sa)
		return covey_error_set(error, -ENOENT, "SA %u is not installed", spi);
	list(plane, sa, roster, roster_count);
	return 0;
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
	.roster_set = set_roster,
	.read_sas = read_sas,
	.read_sent = read_sent,
};
