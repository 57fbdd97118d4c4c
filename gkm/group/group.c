/* SPDX-License-Identifier: BSD-3-Clause */
#include "group.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int group_new(size_t seats, uint64_t activation_delay_ms, const struct group_output *output,
	      struct group **ret_group)
{
	struct group *group = calloc(1, sizeof(*group));

	if (!group)
		return -ENOMEM;
	group->members = calloc(seats ? seats : 1, sizeof(*group->members));
	if (!group->members || roster_init(&group->roster, seats) < 0) {
		free(group->members);
		free(group);
		return -ENOMEM;
	}
	group->seats = seats;
	group->activation_delay_ms = activation_delay_ms;
	group->limits = usage_limits_default;
	group->deadline_ms = GROUP_NEVER;
	group->join_due_ms = GROUP_NEVER;
	group->output = *output;
	*ret_group = group;
	return 0;
}

void group_free(struct group *group)
{
	if (!group)
		return;
	for (size_t i = 0; i < group->sa_count; i++)
		sa_free(group->sas[i]);
	for (size_t i = 0; i < group->seats; i++)
		clear_heard_forget(group, i, UINT64_MAX);
	sender_ids_free(&group->sender_ids);
	roster_free(&group->roster);
	free(group->members);
	free(group);
}

int group_add_seats(struct group *group, size_t seats)
{
	size_t all = group->seats + seats;
	struct member *members = reallocarray(group->members, all, sizeof(*members));

	if (!members)
		return -ENOMEM;
	group->members = members;
	memset(&members[group->seats], 0, seats * sizeof(*members));
	if (roster_add_seats(&group->roster, seats) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < group->sa_count; i++)
		if (sa_add_seats(&group->sas[i], all) < 0)
			return -ENOMEM;
	group->seats = all;
	return 0;
}

void group_set_times(struct group *group, uint64_t activation_delay_ms, uint64_t rekey_after_ms)
{
	struct sa *last = group->sa_count ? group->sas[group->sa_count - 1] : NULL;

	group->activation_delay_ms = activation_delay_ms;
	if (last && sa_is_live(last))
		last->rekey_ms = last->begin_ms + rekey_after_ms;
}

void group_close(struct group *group)
{
	for (size_t i = 0; i < group->sa_count; i++)
		group->sas[i]->expires_ms = 0;
	group->wish = (struct rekey_wish){0};
}

uint32_t group_lowest_spi(const struct group *group)
{
	for (size_t i = 0; i < group->sa_count; i++)
		if (sa_is_live(group->sas[i]))
			return group->sas[i]->spi;
	return UINT32_MAX;
}

/* The highest SPI that a member may hold; 0 when there is none. */
static uint32_t highest_live_spi(const struct group *group)
{
	for (size_t i = group->sa_count; i-- > 0;)
		if (sa_is_live(group->sas[i]))
			return group->sas[i]->spi;
	return 0;
}

int group_bind(struct group *group, size_t seat, uint16_t sender_id)
{
	struct member *member = &group->members[seat];
	int status;

	status = sender_ids_bind(&group->sender_ids, member->identity, sender_id,
				 highest_live_spi(group));
	if (status < 0)
		return status;
	if (member->sender_id != sender_id)
		roster_remove(&group->roster, seat);
	member->sender_id = sender_id;
	return 0;
}

int group_restore(struct group *group, size_t seat, uint16_t sender_id)
{
	int status = group_bind(group, seat, sender_id);

	if (status == 0)
		group->members[seat].restored = group->members[seat].enrolled = true;
	return status;
}

void group_earlier_gone(struct group *group)
{
	sender_ids_stop_keeping(&group->sender_ids);
	sender_ids_release(&group->sender_ids, group_lowest_spi(group));
}

static void forget_registration(struct group *group, size_t seat)
{
	struct member *member = &group->members[seat];

	usage_end_registration(group, seat);
	hearing_end_registration(group, seat);
	member->session = NULL;
	member->greeted = false;
	member->sent_generation = 0;
	member->acked_generation = 0;
	member->listed_generation = 0;
	member->listed_by_ms = 0;
	member->floor_rises_ms = 0;
	member->knows_modes = false;
	member->mode_told = member->mode_acked = 0;
	member->mode_rtt_ms = 0;
	member->reported_ms = 0;
	member->mode_in_force = 0;
	for (size_t i = 0; i < group->sa_count; i++)
		if (group->sas[i]->members[seat] != SA_MEMBER_BARRED)
			group->sas[i]->members[seat] = SA_MEMBER_NONE;
}

/*
 * A new member may get SAs on which nobody sends yet. It gets the others only if the group lets new
 * members read what was sent before. A member that comes back, restarted or not, is not new.
 */
static void enroll(struct group *group, size_t seat)
{
	if (group->members[seat].enrolled)
		return;
	group->members[seat].enrolled = true;
	for (size_t i = 0; i < group->sa_count; i++) {
		struct sa *sa = group->sas[i];
		bool barred = group->rekeys_on_join && sa->state != SA_INSTALLING;

		sa->members[seat] = barred ? SA_MEMBER_BARRED : SA_MEMBER_NONE;
	}
}

int group_join(struct group *group, size_t seat, void *session, uint16_t *ret_epoch)
{
	struct member *member = &group->members[seat];

	if (member->sender_id == 0 || !session)
		return -EINVAL;
	if (member->evicted)
		return -EACCES;
	if (member->session)
		return -EALREADY;
	if (member->epoch == COVEY_EPOCH_MAX)
		return -EOVERFLOW;
	forget_registration(group, seat);
	enroll(group, seat);
	member->session = session;
	member->epoch++;
	*ret_epoch = member->epoch;
	return 0;
}

void group_lost(struct group *group, size_t seat)
{
	const struct member *member = &group->members[seat];

	/* It sends in its new epoch already, and may stay away: what it sent before must not be
	 * replayable for so long. That is worth the little that may still be on its way. */
	if (member->floor_rises_ms != 0)
		roster_set(&group->roster, seat, member->sender_id, member->epoch, &member->vtep,
			   member->identity);
	forget_registration(group, seat);
}

void group_left(struct group *group, size_t seat)
{
	struct member *member = &group->members[seat];

	forget_registration(group, seat);
	member->sends_from_spi = member->sends_to_spi = 0;
	member->restored = false;
	member->enrolled = false;
	roster_remove(&group->roster, seat);
}

/* Let an SA that the member was sent end soon. True when the group needs another SA at once. */
static bool hasten(struct sa *sa, size_t seat)
{
	if (!sa_is_live(sa) || !sa->usages[seat].was_sent)
		return false;
	if (sa->state == SA_INSTALLING)
		sa->expires_ms = 0;
	if (sa->state == SA_DRAINING && sa->drain_by_ms > sa->drain_begin_ms + COVEY_DRAIN_MIN_MS) {
		sa->cut_short = true;
		sa->drain_by_ms = sa->drain_begin_ms + COVEY_DRAIN_MIN_MS;
	}
	return sa->state != SA_DRAINING;
}

void group_evict(struct group *group, size_t seat)
{
	group_left(group, seat);
	group->members[seat].evicted = true;
	group->members[seat].held = false;
	for (size_t i = 0; i < group->sa_count; i++)
		group->sas[i]->members[seat] = SA_MEMBER_BARRED;
	group_expose(group, seat);
}

void group_expose(struct group *group, size_t seat)
{
	bool urgent = false;

	for (size_t i = 0; i < group->sa_count; i++)
		urgent |= hasten(group->sas[i], seat);
	if (!urgent)
		return;
	/* An SA that is being installed, and that the member was not sent, is good enough. But the
	 * SAs before it must end soon. */
	for (size_t i = 0; i < group->sa_count; i++) {
		struct sa *sa = group->sas[i];

		if (sa->state != SA_INSTALLING || sa->expires_ms == 0)
			continue;
		sa->patient = false;
		sa->evicts = true;
		return;
	}
	group->wish = (struct rekey_wish){.reason = REKEY_EVICTION, .due_ms = 0, .insists = true};
}

void group_hold(struct group *group, size_t seat)
{
	group->members[seat].evicted = group->members[seat].held = true;
}

void group_readmit(struct group *group, size_t seat)
{
	group->members[seat].held = false;
	group->members[seat].evicted = false;
}

bool group_needs_sa(const struct group *group)
{
	for (size_t i = 0; i < group->sa_count; i++)
		if (group->sas[i]->state == SA_INSTALLING || group->sas[i]->state == SA_ACTIVE)
			return false;
	return true;
}

size_t group_live_members(const struct group *group)
{
	size_t count = 0;

	for (size_t i = 0; i < group->seats; i++)
		count += group->members[i].session != NULL;
	return count;
}

size_t group_live_sas(const struct group *group)
{
	size_t count = 0;

	for (size_t i = 0; i < group->sa_count; i++)
		count += sa_is_live(group->sas[i]);
	return count;
}

bool group_has_sa(const struct group *group, uint32_t spi)
{
	for (size_t i = 0; i < group->sa_count; i++)
		if (group->sas[i]->spi == spi)
			return sa_is_live(group->sas[i]);
	return false;
}

struct sa *group_active_sa(const struct group *group)
{
	for (size_t i = 0; i < group->sa_count; i++)
		if (group->sas[i]->state == SA_ACTIVE)
			return group->sas[i];
	return NULL;
}

struct sa *group_installing_sa(const struct group *group)
{
	for (size_t i = 0; i < group->sa_count; i++)
		if (group->sas[i]->state == SA_INSTALLING)
			return group->sas[i];
	return NULL;
}

bool group_is_sent_on(const struct group *group, const struct sa *sa)
{
	for (size_t i = 0; i < group->seats; i++)
		if (member_may_send_on(&group->members[i], sa->spi))
			return true;
	return false;
}

uint64_t group_deadline(const struct group *group)
{
	return group->deadline_ms;
}

/* Does no member other than the joining one hold an SA, and can none come back with one? */
static bool is_first_ever(const struct group *group)
{
	if (group->sa_was_active || highest_live_spi(group) || group_live_members(group) > 1)
		return false;
	for (size_t i = 0; i < group->seats; i++)
		if (group->members[i].restored && !group->members[i].session)
			return false;
	return true;
}

/* Make room by forgetting the oldest retired SA. False when too many are live. */
static bool make_room(struct group *group)
{
	size_t live = group_live_sas(group);
	size_t i = 0;

	if (live == COVEY_SAS_PER_GROUP_MAX)
		return false;
	if (group->sa_count - live < GROUP_RETIRED_KEPT)
		return true;
	while (sa_is_live(group->sas[i]))
		i++;
	sa_free(group->sas[i]);
	group->sa_count--;
	memmove(&group->sas[i], &group->sas[i + 1], (group->sa_count - i) * sizeof(*group->sas));
	return true;
}

int group_begin_sa(struct group *group, uint32_t spi, const uint8_t *tek, size_t tek_len,
		   const struct sa_timing *timing)
{
	struct sa_timing mine = *timing;
	struct sa *sa;
	int status;

	if (group->sa_count && spi <= group->sas[group->sa_count - 1]->spi)
		return -EINVAL;
	if (!make_room(group))
		return -ENOSPC;
	if (is_first_ever(group))
		mine.activation_delay_ms = 0;
	status = sa_new(spi, tek, tek_len, &mine, group->seats, &sa);
	if (status < 0)
		return status;
	for (size_t i = 0; i < group->seats; i++)
		sa->members[i] = group->members[i].enrolled || (!group->rekeys_on_join &&
								!group->members[i].evicted)
					 ? SA_MEMBER_NONE
					 : SA_MEMBER_BARRED;
	rekey_begun(group, timing->begin_ms);
	group->sas[group->sa_count++] = sa;
	return 0;
}

int group_roster_acked(struct group *group, size_t seat, uint64_t generation)
{
	struct member *member = &group->members[seat];

	if (!member->session || generation == 0 || generation > member->sent_generation)
		return -EPROTO;
	if (generation > member->acked_generation)
		member->acked_generation = generation;
	return 0;
}

int group_sa_acked(struct group *group, size_t seat, uint32_t spi)
{
	if (!group->members[seat].session)
		return -EPROTO;
	for (size_t i = 0; i < group->sa_count; i++) {
		struct sa *sa = group->sas[i];

		if (sa->spi != spi || sa->members[seat] < SA_MEMBER_SENT)
			continue;
		if (sa->members[seat] == SA_MEMBER_SENT)
			sa->members[seat] = SA_MEMBER_ACKED;
		if (sa->members[seat] == SA_MEMBER_WARNED)
			sa->members[seat] = SA_MEMBER_DRAINED;
		return 0;
	}
	return -EPROTO;
}

int group_sa_switched(struct group *group, size_t seat, uint32_t spi)
{
	struct member *member = &group->members[seat];

	if (!member->session)
		return -EPROTO;
	for (size_t i = 0; i < group->sa_count; i++) {
		const struct sa *sa = group->sas[i];

		if (sa->spi != spi || sa->members[seat] < SA_MEMBER_ACTIVE)
			continue;
		if (member_may_send_on(member, spi))
			member->sends_from_spi = spi;
		return 0;
	}
	return -EPROTO;
}
