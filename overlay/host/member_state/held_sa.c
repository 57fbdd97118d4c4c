/* SPDX-License-Identifier: BSD-3-Clause */

#include "held_sa.h"

#include <errno.h>
#include <inttypes.h>

#include "effects.h"
#include "membership.h"

#define MS UINT64_C(1000)

struct held_sa *held_sa_find(struct membership *group, uint32_t spi)
{
	for (size_t i = 0; i < group->sa_count; i++) {
		if (group->sas[i].spi == spi)
			return &group->sas[i];
	}
	return NULL;
}

void held_sa_forget(struct membership *group, struct held_sa *sa, const struct effects *effects)
{
	effects->ops->sa_remove(effects->dataplane, sa->spi);
	if (sa->registration == group->registration && sa->spi > group->removed_spi)
		group->removed_spi = sa->spi;
	*sa = group->sas[--group->sa_count];
}

void held_sa_remove_all(struct membership *group, const struct effects *effects)
{
	while (group->sa_count > 0)
		held_sa_forget(group, &group->sas[group->sa_count - 1], effects);
}

int held_sa_claim(struct membership *group, uint32_t spi, uint64_t instance,
		  const struct effects *effects, struct covey_error *error)
{
	struct held_sa *sa = held_sa_find(group, spi);

	if (!sa)
		return 0;
	if (sa->instance == instance)
		return covey_error_set(error, -EPROTO, "SPI %" PRIu32 " is group %s's already", spi,
				       group->name);
	effects_note(effects, LOG_LEVEL_WARNING,
		     "group %s: the GKM uses SPI %" PRIu32 " again, has it lost its database?",
		     group->name, spi);
	held_sa_forget(group, sa, effects);
	return 0;
}

static void drain_until(struct held_sa *sa, uint64_t drained_at)
{
	sa->state = COVEY_SA_DRAINING;
	if (drained_at < sa->drained_at)
		sa->drained_at = drained_at;
}

/*
 * End the SAs that the GKM did not name in this registration. That happens only now, when there is
 * something newer to send on. If an earlier instance made the SA, it drains, because other hosts
 * may be slower. If this instance made it, it goes at once: this instance names an SA for as long
 * as anybody may send on it, so it has ended this one for good, perhaps because of an eviction.
 */
static void drain_others(struct membership *group, uint32_t active_spi, uint64_t now,
			 const struct effects *effects)
{
	for (size_t i = group->sa_count; i-- > 0;) {
		struct held_sa *sa = &group->sas[i];

		if (sa->spi == active_spi)
			continue;
		if (sa->registration != group->registration && sa->instance == group->instance) {
			held_sa_forget(group, sa, effects);
		} else if (sa->registration != group->registration) {
			effects->ops->sa_drain(effects->dataplane, sa->spi, NULL);
			drain_until(sa, now + group->drain_s * MS);
		} else if (sa->state == COVEY_SA_ACTIVE) {
			sa->state = COVEY_SA_DRAINING; /* the dataplane has done this already;
							  SaDrain ends it */
		}
	}
}

static int send_activated(const struct membership *group, uint32_t spi,
			  const struct effects *effects)
{
	Covey__SaActivated activated = COVEY__SA_ACTIVATED__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	activated.group = (char *)group->name;
	activated.spi = spi;
	message.body_case = COVEY__MESSAGE__BODY_SA_ACTIVATED;
	message.sa_activated = &activated;
	return effects->send(effects->arg, &message);
}

int held_sa_activate(struct membership *group, uint32_t spi, uint64_t now,
		     const struct effects *effects, struct covey_error *error)
{
	struct held_sa *sa = held_sa_find(group, spi);
	int status;

	/* It expired while the message was on its way: we go on with what we have. */
	if (!sa && spi <= group->removed_spi)
		return 0;
	if (!sa || sa->registration != group->registration)
		return covey_error_set(error, -EPROTO,
				       "group %s: SPI %" PRIu32 " is to be active, but is not "
				       "installed",
				       group->name, spi);
	status = effects->ops->sa_activate(effects->dataplane, spi, error);
	if (status)
		return status;
	if (sa->state == COVEY_SA_INSTALLED)
		durations_add(&group->switches, now - sa->installed_at);
	sa->state = COVEY_SA_ACTIVE;
	sa->drained_at = SA_NEVER;
	member_mode_keyed(&group->mode);
	drain_others(group, spi, now, effects);
	held_sa_expire(group, now, effects);
	if (send_activated(group, spi, effects) != 0)
		return covey_error_set(error, -EPROTO, "cannot queue SaActivated");
	return 0;
}

int held_sa_drain(struct membership *group, uint32_t spi, uint32_t drain_s, uint64_t now,
		  const struct effects *effects, struct covey_error *error)
{
	struct held_sa *sa = held_sa_find(group, spi);
	int status;

	if (!sa)
		return 0;
	if (drain_s == 0) {
		held_sa_forget(group, sa, effects);
		return 0;
	}
	status = effects->ops->sa_drain(effects->dataplane, spi, error);
	if (status)
		return status;
	drain_until(sa, now + drain_s * MS);
	return 0;
}

void held_sa_expire(struct membership *group, uint64_t now, const struct effects *effects)
{
	for (size_t i = group->sa_count; i-- > 0;) {
		struct held_sa *sa = &group->sas[i];

		if (now < sa->expires_at && now < sa->drained_at)
			continue;
		if (now >= sa->expires_at)
			effects_note(effects,
				     sa->state == COVEY_SA_ACTIVE ? LOG_LEVEL_ERROR
								  : LOG_LEVEL_WARNING,
				     "group %s: SPI %" PRIu32 " reached its hard lifetime while "
				     "%s and is wiped: the GKM has not replaced it",
				     group->name, sa->spi, covey_sa_state_name(sa->state));
		held_sa_forget(group, sa, effects);
	}
}

uint64_t held_sa_deadline(const struct membership *group)
{
	uint64_t deadline = SA_NEVER;

	for (size_t i = 0; i < group->sa_count; i++) {
		const struct held_sa *sa = &group->sas[i];
		uint64_t first = sa->drained_at < sa->expires_at ? sa->drained_at : sa->expires_at;

		if (first < deadline)
			deadline = first;
	}
	return deadline;
}
