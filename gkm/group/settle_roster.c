/* SPDX-License-Identifier: BSD-3-Clause */
#include "settle_roster.h"

#include "group.h"

/* --- who is listed -------------------------------------------------------------------------- */

/*
 * Does the member use its new epoch on the SA that it sends on? That is the active one, or the next
 * one, if it may not have the active one. The floor must not rise earlier: otherwise others would
 * drop what the member still sends in its epoch before. A newcomer is listed while its first SA is
 * being installed. So we wait for slow members once for both, not twice.
 */
static bool is_ready_to_send(const struct group *group, size_t seat)
{
	const struct sa *active = group_active_sa(group);

	if (active && active->members[seat] != SA_MEMBER_BARRED)
		return sa_is_acked(active, seat);
	for (size_t i = 0; i < group->sa_count; i++)
		if (group->sas[i]->state == SA_INSTALLING && sa_is_acked(group->sas[i], seat))
			return true;
	return false;
}

/* Did the member bring an SA with it on which it has sent in the epoch before? A host that was
 * restarted has none: it has sent nothing since then. */
static bool has_gone_on(const struct group *group, size_t seat)
{
	for (size_t i = 0; i < group->sa_count; i++)
		if (sa_is_live(group->sas[i]) && group->sas[i]->usages[seat].was_held)
			return true;
	return false;
}

/*
 * Do others list the member with a lower floor, and may its packets of the epoch before still be on
 * their way? A floor that rose now would overtake them, because the control channel is quicker than
 * a receiver's queue. Nothing is lost by waiting: a higher epoch is above the floor already. Nor
 * can anything be replayed to who has received: each window knows what it has had, and drops all
 * that is older when the first packet of the new epoch comes. Only a receiver with empty windows,
 * one that comes in these milliseconds, might take an old packet, once. It is told how far the
 * sender was by its last report, as if it had come those milliseconds earlier
 * (docs/threat-model.md, "Replay, reordering, delay"). group_lost() ends the wait.
 */
static bool must_floor_wait(const struct group *group, size_t seat)
{
	const struct roster_entry *entry = &group->roster.entries[seat];
	const struct member *member = &group->members[seat];

	return entry->sender_id == member->sender_id && entry->epoch_floor < member->epoch &&
	       covey_addr_equal(&entry->vtep, &member->vtep) && has_gone_on(group, seat);
}

void settle_list_senders(struct group *group, uint64_t now_ms)
{
	for (size_t i = 0; i < group->seats; i++) {
		struct member *member = &group->members[i];

		if (!member->session || !member->may_send || member->listed_generation ||
		    !is_ready_to_send(group, i)) {
			member->floor_rises_ms = 0;
			continue;
		}
		if (member->floor_rises_ms == 0)
			member->floor_rises_ms =
				now_ms + (must_floor_wait(group, i) ? SETTLE_ON_THE_WAY_MS : 0);
		if (now_ms < member->floor_rises_ms)
			continue;
		member->floor_rises_ms = 0;
		roster_set(&group->roster, i, member->sender_id, member->epoch, &member->vtep,
			   member->identity);
		member->listed_generation = group->roster.generation + 1;
		member->listed_by_ms = now_ms + group->activation_delay_ms;
	}
}

uint64_t settle_list_ms(const struct group *group)
{
	uint64_t due_ms = GROUP_NEVER;

	for (size_t i = 0; i < group->seats; i++) {
		uint64_t rises_ms = group->members[i].floor_rises_ms;

		if (rises_ms != 0 && rises_ms < due_ms)
			due_ms = rises_ms;
	}
	return due_ms;
}

static void send_changes(const struct roster_part *part, void *arg)
{
	struct group *group = arg;

	for (size_t i = 0; i < group->seats; i++) {
		struct member *member = &group->members[i];

		if (!member->session || !member->greeted)
			continue;
		group->output.roster(member, part, group->output.arg);
		member->sent_generation = part->generation;
	}
}

/* The more members there are, the longer we wait between generations, because each generation goes
 * to all members. */
uint64_t settle_publish_ms(const struct group *group)
{
	uint64_t lately = group->publishing ? publishing_lately(group->publishing) : 0;
	uint64_t live = group_live_members(group);
	uint64_t gap_ms = (live > lately ? live : lately) / GROUP_PUBLISH_PER_MS;

	if (group->roster.changes == 0)
		return GROUP_NEVER;
	return group->published_ms +
	       (gap_ms < GROUP_PUBLISH_GAP_MAX_MS ? gap_ms : GROUP_PUBLISH_GAP_MAX_MS);
}

void settle_publish(struct group *group, uint64_t now_ms)
{
	if (now_ms < settle_publish_ms(group) ||
	    !roster_publish(&group->roster, send_changes, group))
		return;
	group->published_ms = now_ms;
	if (group->publishing)
		publishing_add(group->publishing, group_live_members(group), now_ms);
}

/* --- newcomers ------------------------------------------------------------------------------ */

static void send_full(const struct roster_part *part, void *arg)
{
	struct group *group = arg;

	for (size_t i = 0; i < group->seats; i++) {
		struct member *member = &group->members[i];

		if (!member->session || member->greeted)
			continue;
		group->output.roster(member, part, group->output.arg);
		member->sent_generation = part->generation;
	}
}

/* Goes through the roster once, for all members that need it. */
void settle_greet(struct group *group)
{
	bool some = false;

	for (size_t i = 0; i < group->seats; i++)
		some |= group->members[i].session && !group->members[i].greeted;
	if (!some)
		return;
	roster_full(&group->roster, send_full, group);
	for (size_t i = 0; i < group->seats; i++)
		group->members[i].greeted |= group->members[i].session != NULL;
}

/* --- who has heard of whom ------------------------------------------------------------------ */

struct laggards settle_find_laggards(const struct group *group)
{
	struct laggards laggards = {.last_acked = UINT64_MAX, .second_acked = UINT64_MAX};

	for (size_t i = 0; i < group->seats; i++) {
		const struct member *member = &group->members[i];

		if (!member->session)
			continue;
		if (member->acked_generation < laggards.last_acked) {
			laggards.second_acked = laggards.last_acked;
			laggards.last_acked = member->acked_generation;
			laggards.last = i;
		} else if (member->acked_generation < laggards.second_acked) {
			laggards.second_acked = member->acked_generation;
		}
	}
	return laggards;
}

/* Do all others accept this member's packets in its epoch? True also when we have waited long
 * enough for them. */
bool settle_is_expected(const struct group *group, size_t seat, const struct laggards *laggards,
			uint64_t now_ms)
{
	const struct member *member = &group->members[seat];
	uint64_t acked = laggards->last == seat ? laggards->second_acked : laggards->last_acked;

	if (!member->may_send)
		return true;
	return member->listed_generation &&
	       (acked >= member->listed_generation || now_ms >= member->listed_by_ms);
}
