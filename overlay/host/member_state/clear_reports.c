/* SPDX-License-Identifier: BSD-3-Clause */

#include "clear_reports.h"

#include <message_text.h>
#include <stdlib.h>

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

static int by_number(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

/* Those that there is no room for now, in order. */
static size_t list_left(const struct effects_heard_all *heard, uint32_t *ret_vnis)
{
	size_t count = 0;

	for (size_t i = 0; i < heard->count; i++)
		if (heard->list[i].packets == 0)
			ret_vnis[count++] = heard->list[i].vni;
	qsort(ret_vnis, count, sizeof(*ret_vnis), by_number);
	return count;
}

static bool has_any(const struct membership *group, const uint32_t *vnis, size_t count)
{
	for (size_t i = 0; i < group->vni_count; i++)
		if (bsearch(&group->vnis[i], vnis, count, sizeof(*vnis), by_number))
			return true;
	return false;
}

static void add_more(const struct member_state *state, struct clear_reports *reports)
{
	uint32_t vnis[EFFECTS_HEARD_MAX];
	size_t count = list_left(&reports->heard, vnis);

	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		struct membership *group = state->groups[i];

		if (is_reported(group) &&
		    (reports->heard.incomplete || has_any(group, vnis, count)))
			reports->more[reports->more_count++] = group->name;
	}
}

void clear_reports_make(const struct member_state *state, struct clear_reports *ret_reports)
{
	const struct effects *effects = &state->effects;
	struct effects_heard_all *heard = &ret_reports->heard;

	ret_reports->count = ret_reports->more_count = 0;
	if (!effects->heard || !any_is_reported(state))
		return;
	effects->heard(effects->arg, COVEY_CLEAR_HEARD_PER_MEMBER_MAX, heard);
	for (size_t i = 0; i < heard->count; i++) {
		struct membership *group =
			heard->list[i].packets > 0 ? group_of(state, heard->list[i].vni) : NULL;

		if (is_reported(group))
			add(ret_reports, group, &heard->list[i]);
	}
	add_more(state, ret_reports);
}
