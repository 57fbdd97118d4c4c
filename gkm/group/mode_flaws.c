/* SPDX-License-Identifier: BSD-3-Clause */
#include "mode_flaws.h"

#include "group.h"

struct search {
	struct mode_flaws *flaws;
	uint64_t now_ms;
};

static size_t add(struct mode_flaws *flaws, enum mode_flaw flaw, size_t seat)
{
	size_t index = flaws->count++;

	flaws->clear += flaw == MODE_FLAW_CLEAR || flaw == MODE_FLAW_CLEAR_MISSED;
	if (index >= MODE_FLAWS_NAMED)
		return MODE_FLAWS_NAMED;
	flaws->named[index].flaw = flaw;
	flaws->named[index].seat = seat;
	return index;
}

static void add_clear(size_t seat, const struct clear_heard *heard, void *arg)
{
	struct search *search = arg;
	size_t index = add(search->flaws, MODE_FLAW_CLEAR, seat);

	if (index == MODE_FLAWS_NAMED)
		return;
	search->flaws->named[index].vtep = heard->vtep;
	search->flaws->named[index].vni = heard->vni;
	search->flaws->named[index].ago_s = (uint32_t)((search->now_ms - heard->at_ms) / 1000);
}

/* Can it receive on the SA, and does it send on it if it may? */
static bool is_ready_on(const struct sa *active, size_t seat, bool may_send)
{
	return may_send ? active->members[seat] == SA_MEMBER_ACTIVE : sa_is_acked(active, seat);
}

/* What one member lacks: the first thing to be repaired. False when it lacks nothing. */
static bool lacks(const struct group *group, size_t seat, enum mode_flaw *ret_flaw)
{
	const struct member *member = &group->members[seat];
	const struct sa *active = group_active_sa(group);

	if (!member->session)
		*ret_flaw = MODE_FLAW_AWAY;
	else if (!member->knows_modes)
		*ret_flaw = MODE_FLAW_OLD;
	else if (member->mode_acked != group->mode.now.serial)
		*ret_flaw = MODE_FLAW_MODE;
	else if (active && !is_ready_on(active, seat, member->may_send))
		*ret_flaw = MODE_FLAW_SA;
	else
		return false;
	return true;
}

void mode_flaws_find(const struct group *group, enum covey_mode to, uint64_t now_ms,
		     struct mode_flaws *ret_flaws)
{
	struct search search = {ret_flaws, now_ms};
	enum mode_flaw flaw;

	*ret_flaws = (struct mode_flaws){0};
	if (!group_active_sa(group))
		add(ret_flaws, MODE_FLAW_NO_SA, 0);
	for (size_t i = 0; i < group->seats; i++)
		if (!group->members[i].evicted && lacks(group, i, &flaw))
			add(ret_flaws, flaw, i);
	if (to != COVEY_MODE_ENFORCE)
		return;
	for (size_t i = 0; i < group->seats; i++)
		if (group->members[i].session &&
		    group->members[i].reported_ms < group->mode.encrypts_ms)
			add(ret_flaws, MODE_FLAW_SILENT, i);
	/* First, because those that fill the list leave no room. */
	for (size_t i = 0; i < group->seats; i++)
		if (clear_heard_missed(group, i, now_ms))
			add(ret_flaws, MODE_FLAW_CLEAR_MISSED, i);
	clear_heard_each(group, now_ms, add_clear, &search);
}

size_t mode_flaws_sender(const struct group *group, const struct covey_addr *vtep)
{
	size_t seat = 0;

	while (seat < group->seats && !covey_addr_equal(&group->members[seat].vtep, vtep))
		seat++;
	return seat;
}
