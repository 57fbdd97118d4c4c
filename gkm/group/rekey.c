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

/* --- who causes it ------------------------------------------------------------------------- */

/* It is an SA's, but all of a group have the same. */
static uint64_t budget_period_ms(const struct group *group)
{
	uint64_t drain_ms = group->sa_count ? group->sas[group->sa_count - 1]->drain_delay_ms : 0;

	return drain_ms > COVEY_DRAIN_MIN_MS ? drain_ms : COVEY_DRAIN_MIN_MS;
}

/* When it may cause the next one. */
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

/* What a member says, or that one comes, is no reason to end what others need. */
static bool insists(enum rekey_reason reason)
{
	return reason != REKEY_PACKETS && reason != REKEY_ICV_FAILURES && reason != REKEY_JOIN;
}

static bool want(struct group *group, const struct rekey_wish *other)
{
	struct rekey_wish *wish = &group->wish;
	struct sa *installing = find_installing(group);

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

/* Members that are there, and barred from the SA that the others send on. */
static size_t count_newcomers(const struct group *group)
{
	const struct sa *active = group_active_sa(group);
	size_t count = 0;

	for (size_t i = 0; active && i < group->seats; i++)
		count += is_newcomer(group, i, active);
	return count;
}

/* Those that may cause a rekey now; *ret_next_ms: when another one may, UINT64_MAX: never. */
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
	size_t newcomers = find_installing(group) ? 0 : count_causes(group, now_ms, &next_ms);
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

/* Reasons for the next rekey that wait side by side, whether there is room for it or not. */
struct candidates {
	struct rekey_wish wishes[3];
	size_t count;
};

static void add(struct candidates *candidates, struct rekey_wish wish)
{
	candidates->wishes[candidates->count++] = wish;
}

static struct candidates find_candidates(const struct group *group)
{
	struct candidates candidates = {.count = 0};

	if (group_live_members(group) == 0)
		return candidates;
	if (group_needs_sa(group)) {
		add(&candidates, (struct rekey_wish){.reason = REKEY_MISSING, .insists = true});
		return candidates;
	}
	if (group->wish.reason != REKEY_NONE)
		add(&candidates, group->wish);
	add(&candidates, (struct rekey_wish){.reason = REKEY_JOIN, .due_ms = group->join_due_ms});
	add(&candidates, (struct rekey_wish){.reason = REKEY_INTERVAL,
					     .due_ms = interval_end(group),
					     .insists = true});
	return candidates;
}

enum rekey_reason rekey_due(const struct group *group, uint64_t now_ms)
{
	struct candidates candidates = find_candidates(group);
	const struct rekey_wish *first = NULL;

	if (is_full(group))
		return REKEY_NONE;
	for (size_t i = 0; i < candidates.count; i++)
		if (!first || candidates.wishes[i].due_ms < first->due_ms)
			first = &candidates.wishes[i];
	return first && now_ms >= first->due_ms ? first->reason : REKEY_NONE;
}

/* --- room ---------------------------------------------------------------------------------- */

static bool is_urgent(enum rekey_reason reason)
{
	return reason > REKEY_OPERATOR;
}

/*
 * Somebody needs it, who is late or away: it sends on this SA, or on the last one that it was told
 * to. On those between, if there are any, it could only while it never says so, or lies: an honest
 * one acknowledges no SA after one that it was told to send on without a word of that.
 */
static bool is_needed(const struct group *group, const struct sa *sa)
{
	for (size_t i = 0; i < group->seats; i++)
		if (group->members[i].sends_from_spi &&
		    (group->members[i].sends_from_spi == sa->spi ||
		     group->members[i].sends_to_spi == sa->spi))
			return true;
	return false;
}

static int worth(const struct group *group, const struct sa *sa)
{
	if (is_needed(group, sa))
		return 2;
	return group_is_sent_on(group, sa) ? 1 : 0;
}

/* The one to end for another's sake: of those that are worth the least the oldest, as SAs stand by
 * rising SPI. */
static struct sa *find_draining(const struct group *group)
{
	struct sa *least = NULL;

	for (size_t i = 0; i < group->sa_count; i++) {
		struct sa *sa = group->sas[i];

		if (sa->state == SA_DRAINING && (!least || worth(group, sa) < worth(group, least)))
			least = sa;
	}
	return least;
}

/* All who are there. Those who are away have had their time when room is needed. */
static bool have_all_switched(const struct group *group, const struct sa *sa)
{
	for (size_t i = 0; i < group->seats; i++)
		if (group->members[i].session && member_may_send_on(&group->members[i], sa->spi))
			return false;
	return true;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* When a draining SA makes way for this rekey. */
static uint64_t room_at(const struct group *group, const struct rekey_wish *wish)
{
	const struct sa *active = group_active_sa(group);
	const struct sa *oldest = find_draining(group);
	uint64_t regular_ms, urgent_ms;

	if (!oldest)
		return UINT64_MAX;
	regular_ms = oldest->drain_by_ms != UINT64_MAX ? oldest->drain_by_ms
						       : oldest->drain_begin_ms + oldest->drain_ms;
	urgent_ms = oldest->drain_begin_ms + COVEY_DRAIN_MIN_MS;
	if (!wish->insists && active && is_needed(group, oldest))
		return later(regular_ms, active->patience_ms);
	if (is_urgent(wish->reason) && have_all_switched(group, oldest) && urgent_ms < regular_ms)
		return urgent_ms;
	return regular_ms;
}

/* When the first candidate for which there is room, or will be, begins. */
static uint64_t begins_at(const struct group *group)
{
	struct candidates candidates = find_candidates(group);
	uint64_t first_ms = UINT64_MAX;

	for (size_t i = 0; i < candidates.count; i++) {
		const struct rekey_wish *wish = &candidates.wishes[i];
		uint64_t room_ms = is_full(group) ? room_at(group, wish) : 0;
		uint64_t begin_ms = later(wish->due_ms, room_ms);

		if (begin_ms < first_ms)
			first_ms = begin_ms;
	}
	return first_ms;
}

void rekey_hasten(struct group *group, uint64_t now_ms)
{
	if (is_full(group) && now_ms >= begins_at(group))
		find_draining(group)->drain_by_ms = now_ms;
}

uint64_t rekey_deadline(const struct group *group)
{
	return begins_at(group);
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
		return "its key is near its packet limit";
	case REKEY_ICV_FAILURES:
		return "too many packets failed authentication";
	case REKEY_JOIN:
		return "a new member has come, which must not get the old key";
	case REKEY_EVICTION:
		return "a member was evicted";
	case REKEY_MISSING:
		return "its members have no SA to send on";
	}
	return "no reason";
}
