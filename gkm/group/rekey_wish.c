/* SPDX-License-Identifier: BSD-3-Clause */
#include "rekey_wish.h"

#include "group.h"

/* --- who causes it ------------------------------------------------------------------------- */

/* The period of all budgets. It is stored in each SA, but is the same for all SAs of a group. */
static uint64_t budget_period_ms(const struct group *group)
{
	uint64_t drain_ms = group->sa_count ? group->sas[group->sa_count - 1]->drain_delay_ms : 0;

	return drain_ms > COVEY_DRAIN_MIN_MS ? drain_ms : COVEY_DRAIN_MIN_MS;
}

/* When the next rekey may be caused. */
static uint64_t budget_ms(const struct group *group, const struct rekey_budget *budget)
{
	return budget->caused_ms[0] ? budget->caused_ms[0] + budget_period_ms(group) : 0;
}

static void pay(struct rekey_budget *budget, uint64_t now_ms)
{
	for (size_t i = 1; i < COVEY_REKEYS_PER_MEMBER_MAX; i++)
		budget->caused_ms[i - 1] = budget->caused_ms[i];
	budget->caused_ms[COVEY_REKEYS_PER_MEMBER_MAX - 1] = now_ms;
}

/* Is the reason good enough to end an SA that others need? A member's word is not, nor is a
 * newcomer. */
static bool insists(enum rekey_reason reason)
{
	return reason != REKEY_PACKETS && reason != REKEY_ICV_FAILURES && reason != REKEY_JOIN;
}

static bool want(struct group *group, const struct rekey_wish *other)
{
	struct rekey_wish *wish = &group->wish;
	struct sa *installing = group_installing_sa(group);

	if (installing) {
		installing->patient = false;
		return false;
	}
	if (wish->reason == REKEY_NONE || other->due_ms < wish->due_ms) {
		wish->due_ms = other->due_ms;
		wish->cause = other->cause;
	}
	if (other->reason > wish->reason)
		wish->reason = other->reason;
	wish->insists |= other->insists;
	return true;
}

bool rekey_want(struct group *group, enum rekey_reason reason, uint64_t due_ms)
{
	return want(group, &(struct rekey_wish){
				   .reason = reason, .due_ms = due_ms, .insists = insists(reason)});
}

bool rekey_want_by(struct group *group, enum rekey_reason reason, struct rekey_budget *cause,
		   uint64_t now_ms)
{
	uint64_t due_ms = budget_ms(group, cause);

	return want(group, &(struct rekey_wish){.reason = reason,
						.due_ms = due_ms > now_ms ? due_ms : now_ms,
						.insists = insists(reason),
						.cause = cause});
}

static bool is_newcomer(const struct group *group, size_t seat, const struct sa *active)
{
	return group->members[seat].session && active->members[seat] == SA_MEMBER_BARRED;
}

void rekey_begun(struct group *group, uint64_t now_ms)
{
	const struct sa *active = group_active_sa(group);

	if (group->wish.reason != REKEY_NONE && group->wish.cause && group->wish.due_ms <= now_ms)
		pay(group->wish.cause, now_ms);
	for (size_t i = 0; active && group->join_due_ms <= now_ms && i < group->seats; i++)
		if (is_newcomer(group, i, active) &&
		    budget_ms(group, &group->members[i].rekeys) <= now_ms)
			pay(&group->members[i].rekeys, now_ms);
	group->wish = (struct rekey_wish){.reason = REKEY_NONE};
	group->join_due_ms = UINT64_MAX;
}

/* --- newcomers ----------------------------------------------------------------------------- */

static uint64_t between(uint64_t min, uint64_t ms, uint64_t max)
{
	if (ms < min)
		return min;
	return ms < max ? ms : max;
}

uint64_t rekey_wave_quiet_ms(size_t newcomers)
{
	return between(JOIN_QUIET_MS, newcomers, JOIN_QUIET_MAX_MS);
}

uint64_t rekey_wave_wait_ms(size_t members)
{
	return between(JOIN_WAIT_MS, members / JOIN_WAIT_MEMBERS_PER_MS, JOIN_WAIT_MAX_MS);
}

size_t rekey_count_newcomers(const struct group *group)
{
	const struct sa *active = group_active_sa(group);
	size_t count = 0;

	for (size_t i = 0; active && i < group->seats; i++)
		count += is_newcomer(group, i, active);
	return count;
}

/* How many newcomers may cause a rekey now. *ret_next_ms: when another one may; UINT64_MAX for
 * never. */
static size_t count_causes(const struct group *group, uint64_t now_ms, uint64_t *ret_next_ms)
{
	const struct sa *active = group_active_sa(group);
	uint64_t next_ms = UINT64_MAX;
	size_t count = 0;

	for (size_t i = 0; active && i < group->seats; i++) {
		uint64_t ms = budget_ms(group, &group->members[i].rekeys);

		if (!is_newcomer(group, i, active))
			continue;
		if (ms <= now_ms)
			count++;
		else if (ms < next_ms)
			next_ms = ms;
	}
	*ret_next_ms = next_ms;
	return count;
}

void rekey_for_newcomers(struct group *group, uint64_t now_ms)
{
	uint64_t next_ms = UINT64_MAX;
	size_t newcomers = group_installing_sa(group) ? 0 : count_causes(group, now_ms, &next_ms);
	uint64_t quiet_ms, patience_ms;

	if (newcomers && group->newcomers == 0)
		group->first_newcomer_ms = now_ms;
	if (newcomers > group->newcomers)
		group->last_newcomer_ms = now_ms;
	group->newcomers = newcomers;
	group->join_due_ms = next_ms;
	if (newcomers == 0)
		return;
	quiet_ms = group->last_newcomer_ms + rekey_wave_quiet_ms(newcomers);
	patience_ms = group->first_newcomer_ms + rekey_wave_wait_ms(group_live_members(group));
	group->join_due_ms = quiet_ms < patience_ms ? quiet_ms : patience_ms;
}
