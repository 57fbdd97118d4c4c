/* SPDX-License-Identifier: BSD-3-Clause */
#include "rekey.h"

#include "group.h"

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

static struct sa *find_installing(const struct group *group)
{
	for (size_t i = 0; i < group->sa_count; i++)
		if (group->sas[i]->state == SA_INSTALLING)
			return group->sas[i];
	return NULL;
}

bool rekey_want(struct group *group, enum rekey_reason reason, uint64_t due_ms)
{
	struct rekey_wish *wish = &group->wish;
	struct sa *installing = find_installing(group);

	if (installing) {
		installing->patient = false;
		return false;
	}
	if (wish->reason == REKEY_NONE || due_ms < wish->due_ms)
		wish->due_ms = due_ms;
	if (reason > wish->reason)
		wish->reason = reason;
	return true;
}

/* Members that are there, and barred from the SA that the others send on. */
static size_t count_newcomers(const struct group *group)
{
	const struct sa *active = group_active_sa(group);
	size_t count = 0;

	for (size_t i = 0; active && i < group->seats; i++)
		count += group->members[i].session && active->members[i] == SA_MEMBER_BARRED;
	return count;
}

void rekey_for_newcomers(struct group *group, uint64_t now_ms)
{
	size_t newcomers = find_installing(group) ? 0 : count_newcomers(group);
	uint64_t quiet_ms, patience_ms;

	if (newcomers && group->newcomers == 0)
		group->first_newcomer_ms = now_ms;
	if (newcomers > group->newcomers)
		group->last_newcomer_ms = now_ms;
	group->newcomers = newcomers;
	group->join_due_ms = UINT64_MAX;
	if (newcomers == 0)
		return;
	quiet_ms = group->last_newcomer_ms + rekey_wave_quiet_ms(newcomers);
	patience_ms = group->first_newcomer_ms + rekey_wave_wait_ms(group_live_members(group));
	group->join_due_ms = quiet_ms < patience_ms ? quiet_ms : patience_ms;
}

/* --- when ---------------------------------------------------------------------------------- */

static bool is_full(const struct group *group)
{
	return group_live_sas(group) == COVEY_SAS_PER_GROUP_MAX;
}

bool rekey_leaves_behind(const struct group *group, size_t seat)
{
	const struct sa *active = group_active_sa(group);
	const struct member *member = &group->members[seat];

	return active && !member->session && member_may_send_on(member, active->spi);
}

static bool is_someone_away(const struct group *group)
{
	for (size_t i = 0; i < group->seats; i++)
		if (rekey_leaves_behind(group, i))
			return true;
	return false;
}

bool rekey_is_held(const struct group *group, const struct sa *sa, uint64_t now_ms)
{
	const struct sa *active = group_active_sa(group);

	return sa->patient && active && now_ms < active->patience_ms &&
	       count_newcomers(group) == 0 && is_someone_away(group);
}

static uint64_t interval_end(const struct group *group)
{
	const struct sa *active = group_active_sa(group);

	if (!active || find_installing(group))
		return UINT64_MAX;
	if (active->rekey_ms < active->patience_ms && is_someone_away(group))
		return active->patience_ms;
	return active->rekey_ms;
}

static struct rekey_wish sooner(struct rekey_wish a, struct rekey_wish b)
{
	if (a.reason == REKEY_NONE || b.reason == REKEY_NONE)
		return a.reason == REKEY_NONE ? b : a;
	return b.due_ms < a.due_ms ? b : a;
}

/* The next rekey's reason and time, whether there is room for it or not. */
static struct rekey_wish next(const struct group *group)
{
	struct rekey_wish interval = {.reason = REKEY_INTERVAL, .due_ms = interval_end(group)};
	struct rekey_wish join = {.reason = REKEY_JOIN, .due_ms = group->join_due_ms};

	if (group_live_members(group) == 0)
		return (struct rekey_wish){.due_ms = UINT64_MAX};
	if (group_needs_sa(group))
		return (struct rekey_wish){.reason = REKEY_MISSING};
	return sooner(sooner(group->wish, join), interval);
}

enum rekey_reason rekey_due(const struct group *group, uint64_t now_ms)
{
	struct rekey_wish wish = next(group);

	return now_ms >= wish.due_ms && !is_full(group) ? wish.reason : REKEY_NONE;
}

/* --- room ---------------------------------------------------------------------------------- */

static bool is_urgent(enum rekey_reason reason)
{
	return reason > REKEY_OPERATOR;
}

/*
 * The one to end for another's sake: rather one that nobody sends on than one that is kept for who
 * is late or away. The oldest, as SAs stand by rising SPI.
 */
static struct sa *find_draining(const struct group *group)
{
	struct sa *oldest = NULL;

	for (size_t i = 0; i < group->sa_count; i++) {
		struct sa *sa = group->sas[i];

		if (sa->state != SA_DRAINING)
			continue;
		if (!group_is_sent_on(group, sa))
			return sa;
		if (!oldest)
			oldest = sa;
	}
	return oldest;
}

/* All who are there. Those who are away have had their time when room is needed. */
static bool have_all_switched(const struct group *group, const struct sa *sa)
{
	for (size_t i = 0; i < group->seats; i++)
		if (group->members[i].session && member_may_send_on(&group->members[i], sa->spi))
			return false;
	return true;
}

/* When the oldest draining SA makes way for this rekey. */
static uint64_t room_at(const struct group *group, enum rekey_reason reason)
{
	const struct sa *oldest = find_draining(group);
	uint64_t regular_ms, urgent_ms;

	if (!oldest)
		return UINT64_MAX;
	regular_ms = oldest->drain_by_ms != UINT64_MAX ? oldest->drain_by_ms
						       : oldest->drain_begin_ms + oldest->drain_ms;
	urgent_ms = oldest->drain_begin_ms + COVEY_DRAIN_MIN_MS;
	if (is_urgent(reason) && have_all_switched(group, oldest) && urgent_ms < regular_ms)
		return urgent_ms;
	return regular_ms;
}

void rekey_hasten(struct group *group, uint64_t now_ms)
{
	struct rekey_wish wish = next(group);

	if (is_full(group) && now_ms >= wish.due_ms && now_ms >= room_at(group, wish.reason))
		find_draining(group)->drain_by_ms = now_ms;
}

uint64_t rekey_deadline(const struct group *group)
{
	struct rekey_wish wish = next(group);
	uint64_t room_ms = is_full(group) ? room_at(group, wish.reason) : 0;

	return wish.due_ms > room_ms ? wish.due_ms : room_ms;
}

const char *rekey_reason_text(enum rekey_reason reason)
{
	switch (reason) {
	case REKEY_NONE:
		break;
	case REKEY_INTERVAL:
		return "its interval is over";
	case REKEY_OPERATOR:
		return "the operator asks for it";
	case REKEY_PACKETS:
		return "its key was used for almost as many packets as it may be";
	case REKEY_ICV_FAILURES:
		return "too many packets failed authentication";
	case REKEY_JOIN:
		return "somebody new has come, who is not to know the past";
	case REKEY_EVICTION:
		return "a member was evicted";
	case REKEY_MISSING:
		return "its members have none to send on";
	}
	return "no reason";
}
