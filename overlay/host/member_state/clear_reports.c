/* SPDX-License-Identifier: BSD-3-Clause */

#include "clear_reports.h"

#include <message_text.h>

#include "state.h"

static struct membership *group_of(const struct member_state *state, uint32_t vni)
{
	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		struct membership *group = state->groups[i];

		for (size_t j = 0; group && j < group->vni_count; j++)
			if (group->vnis[j] == vni)
				return group;
	}
	return NULL;
}

static bool is_reported(const struct membership *group)
{
	return group && group->state == MEMBERSHIP_JOINED &&
	       covey_mode_accepts_clear(group->mode.mode);
}

/* There is nothing to ask for while all groups enforce. */
static bool any_is_reported(const struct member_state *state)
{
	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++)
		if (is_reported(state->groups[i]))
			return true;
	return false;
}

static void add(struct clear_reports *reports, struct membership *group,
		const struct effects_heard *heard)
{
	Covey__ClearHeard *entry = &reports->entries[reports->count];

	covey__clear_heard__init(entry);
	reports->addresses[reports->count] = heard->address;
	entry->group = group->name;
	message_addr_set(&entry->vtep, &reports->addresses[reports->count]);
	entry->vni = heard->vni;
	entry->packets = heard->packets;
	reports->pointers[reports->count++] = entry;
}

void clear_reports_make(const struct member_state *state, struct clear_reports *ret_reports)
{
	const struct effects *effects = &state->effects;
	struct effects_heard list[COVEY_CLEAR_HEARD_PER_MEMBER_MAX];
	size_t count = 0;

	ret_reports->count = 0;
	if (effects->heard && any_is_reported(state))
		count = effects->heard(effects->arg, list, COVEY_CLEAR_HEARD_PER_MEMBER_MAX);
	for (size_t i = 0; i < count; i++) {
		struct membership *group = group_of(state, list[i].vni);

		if (is_reported(group) && list[i].packets > 0)
			add(ret_reports, group, &list[i]);
	}
}
