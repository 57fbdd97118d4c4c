/* SPDX-License-Identifier: BSD-3-Clause */
#include "rekey.h"

#include "group.h"

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
	       rekey_count_newcomers(group) == 0 && is_someone_away(group);
}

static uint64_t interval_end(const struct group *group)
{
	const struct sa *active = group_active_sa(group);

	if (!active || group_installing_sa(group))
		return UINT64_MAX;
	if (active->rekey_ms < active->patience_ms && is_someone_away(group))
		return active->patience_ms;
	return active->rekey_ms;
}

/* All reasons for a next rekey at this moment, whether there is room for it or not. */
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
 * Does a member that is late or away need this SA? Such a member sends on this SA, or on the last
 * one that it was told to send on. It sends on no SA between these two, unless it lies: an honest
 * member says that it has switched before it acknowledges another SA.
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

/* The SA that should end when another one needs room: among those that are worth least, the oldest.
 * SAs are sorted by SPI, so the oldest comes first. */
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

/* Have all connected members switched? Members that are away had their time before room became
 * scarce. */
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

/* When a draining SA will make room for this rekey. */
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

/* When the first rekey can begin that has room, or will have it. */
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
