/* SPDX-License-Identifier: BSD-3-Clause */

#include "hearing.h"

#include <string.h>

#include "state.h"

static bool is_among(const char *group, char *const *groups, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(groups[i], group) == 0)
			return true;
	return false;
}

static void note_deaf(const struct membership *group, const struct effects *effects)
{
	effects_note(effects, LOG_LEVEL_ERROR,
		     "group %s: DEAF: the others report that they send in it, and nothing of it "
		     "arrives here; check this host's packet filter (`nft list ruleset`), its "
		     "fabric interface and XDP program (`ip link`), and the switch's table of "
		     "multicast groups",
		     group->name);
}

static void note_perhaps(const struct membership *group, const struct effects *effects)
{
	effects_note(effects, LOG_LEVEL_WARNING,
		     "group %s: perhaps DEAF: the others report that they send in it, perhaps to "
		     "this host, and nothing at all arrives here; if tenants miss something, check "
		     "this host's packet filter (`nft list ruleset`), its fabric interface and XDP "
		     "program (`ip link`)",
		     group->name);
}

static void told(struct membership *group, bool deaf, bool perhaps, const struct effects *effects)
{
	bool was_deaf = group->deaf, was_perhaps = group->perhaps_deaf;

	group->deaf = deaf;
	group->perhaps_deaf = perhaps && !deaf;
	if (deaf == was_deaf && group->perhaps_deaf == was_perhaps)
		return;
	if (group->deaf)
		note_deaf(group, effects);
	else if (group->perhaps_deaf)
		note_perhaps(group, effects);
	else
		effects_note(effects, LOG_LEVEL_NOTICE, "group %s: not deaf any more", group->name);
	if ((group->deaf || group->perhaps_deaf) && effects->deaf)
		effects->deaf(effects->arg);
}

void hearing_told(struct member_state *state, const Covey__Heartbeat *heartbeat)
{
	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		struct membership *group = state->groups[i];

		if (!group || group->state != MEMBERSHIP_JOINED)
			continue;
		told(group, is_among(group->name, heartbeat->deaf_groups, heartbeat->n_deaf_groups),
		     is_among(group->name, heartbeat->perhaps_deaf_groups,
			      heartbeat->n_perhaps_deaf_groups),
		     &state->effects);
	}
}

void hearing_unknown(struct member_state *state)
{
	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++)
		if (state->groups[i])
			state->groups[i]->deaf = state->groups[i]->perhaps_deaf = false;
}
