/* SPDX-License-Identifier: BSD-3-Clause */

#include "hearing.h"

#include <string.h>

#include "state.h"

static bool is_named(const Covey__Heartbeat *heartbeat, const char *group)
{
	for (size_t i = 0; i < heartbeat->n_deaf_groups; i++)
		if (strcmp(heartbeat->deaf_groups[i], group) == 0)
			return true;
	return false;
}

static void become_deaf(const struct membership *group, const struct effects *effects)
{
	effects_note(effects, LOG_LEVEL_ERROR,
		     "group %s: DEAF: the others report that they multicast in it, and nothing of "
		     "it arrives here; check this host's fabric interface and its XDP program (`ip "
		     "link`), and the switch's table of multicast groups",
		     group->name);
	if (effects->deaf)
		effects->deaf(effects->arg);
}

void hearing_told(struct member_state *state, const Covey__Heartbeat *heartbeat)
{
	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		struct membership *group = state->groups[i];
		bool deaf;

		if (!group || group->state != MEMBERSHIP_JOINED)
			continue;
		deaf = is_named(heartbeat, group->name);
		if (deaf && !group->deaf)
			become_deaf(group, &state->effects);
		else if (!deaf && group->deaf)
			effects_note(&state->effects, LOG_LEVEL_NOTICE,
				     "group %s: not deaf any more", group->name);
		group->deaf = deaf;
	}
}

void hearing_unknown(struct member_state *state)
{
	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++)
		if (state->groups[i])
			state->groups[i]->deaf = false;
}
