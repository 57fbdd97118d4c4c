/* SPDX-License-Identifier: BSD-3-Clause */
#include "group.h"
#include "settle_roster.h"

/*
 * group_settle() does what is due. The order of its steps is such that one pass is enough. Each
 * step makes one kind of decision. docs/protocol.md, section 8, describes the same as members see
 * it.
 */

/* After an eviction, the old SA ends when members have switched to the new one. This is how long we
 * wait for them, at least, in milliseconds, before SETTLE_ON_THE_WAY_MS. */
#define SWITCH_MS UINT64_C(2000)

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Rounded up: a member may keep an SA a moment too long, but not end it too early. */
static uint32_t seconds_until(uint64_t then_ms, uint64_t now_ms)
{
	uint64_t seconds = then_ms > now_ms ? (then_ms - now_ms + 999) / 1000 : 0;

	return seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds;
}

static void enter(struct group *group, struct sa *sa, enum sa_state state)
{
	sa->state = state;
	group->output.changed(sa, group->output.arg);
}

/* --- SAs that are over --------------------------------------------------------------------- */

static void retire(struct group *group, struct sa *sa)
{
	for (size_t i = 0; i < group->seats; i++) {
		const struct member *member = &group->members[i];

		/* An SA that is cut short ends before the time that members were told. */
		if (!member->session ||
		    !(sa_is_held(sa, i) || (sa->cut_short && sa_is_drained(sa, i))))
			continue;
		group->output.drain(member, sa, 0, group->output.arg);
		sa->members[i] = SA_MEMBER_GONE;
	}
	sa_retire(sa);
	enter(group, sa, SA_RETIRED);
}

/* When nobody holds a key any more, nobody can send. So members without a session need not stay in
 * the roster. */
static void forget_departed(struct group *group)
{
	for (size_t i = 0; i < group->seats; i++)
		if (!group->members[i].session) {
			group->members[i].enrolled = false;
			group->members[i].sends_from_spi = group->members[i].sends_to_spi = 0;
			roster_remove(&group->roster, i);
		}
}

static void retire_due(struct group *group, uint64_t now_ms)
{
	bool retired = false;

	for (size_t i = 0; i < group->sa_count; i++) {
		struct sa *sa = group->sas[i];

		if (!sa_is_live(sa))
			continue;
		if (now_ms < sa->expires_ms &&
		    (sa->state != SA_DRAINING || now_ms < sa->drain_by_ms))
			continue;
		retire(group, sa);
		retired = true;
	}
	if (!retired)
		return;
	sender_ids_release(&group->sender_ids, group_lowest_spi(group));
	if (group_lowest_spi(group) == UINT32_MAX)
		forget_departed(group);
}

/* --- SAs that become active ---------------------------------------------------------------- */

/*
 * Must the member acknowledge the SA before others send on it? Yes if it is connected, or held an
 * SA of an earlier instance. Yes also if it has only lost its session: a network that loses packets
 * can cut a session for some seconds while the member continues to send and receive, and a rekey
 * must not end that. But after an eviction we do not wait for members that are away, because
 * meanwhile the evicted member can read.
 */
static bool is_waited_for(const struct group *group, const struct sa *sa, const struct sa *active,
			  size_t seat)
{
	const struct member *member = &group->members[seat];

	if (!member->session && !group->sa_was_active)
		return member->restored;
	if (sa->members[seat] == SA_MEMBER_BARRED)
		return false;
	if (member->session)
		return true;
	return active && !sa->evicts && member_may_send_on(member, active->spi);
}

static bool all_acked(const struct group *group, const struct sa *sa)
{
	const struct sa *active = group_active_sa(group);

	for (size_t i = 0; i < group->seats; i++)
		if (is_waited_for(group, sa, active, i) && !sa_is_acked(sa, i))
			return false;
	return true;
}

static void promote(struct group *group, size_t index, uint64_t now_ms)
{
	struct sa *sa = group->sas[index];

	for (size_t i = 0; i < index; i++) {
		struct sa *older = group->sas[i];

		if (older->state != SA_INSTALLING && older->state != SA_ACTIVE)
			continue;
		older->drain_begin_ms = now_ms;
		older->drain_by_ms = GROUP_NEVER;
		older->drain_ms = sa->evicts ? SETTLE_ON_THE_WAY_MS : sa->drain_delay_ms;
		older->cut_short = sa->evicts;
		enter(group, older, SA_DRAINING);
	}
	group->sa_was_active = true;
	sa->switch_by_ms = later(sa->activate_by_ms, now_ms + SWITCH_MS);
	enter(group, sa, SA_ACTIVE);
}

/* Names each late member once, because an SA is promoted once. If the SA waits for nobody, nobody
 * is late. */
static void name_late(const struct group *group, const struct sa *sa)
{
	const struct sa *active = group_active_sa(group);

	if (sa->activate_by_ms == sa->begin_ms)
		return;
	for (size_t i = 0; group->output.late && i < group->seats; i++)
		if ((group->members[i].session || group->sa_was_active) &&
		    is_waited_for(group, sa, active, i) && !sa_is_acked(sa, i))
			group->output.late(&group->members[i], sa, group->output.arg);
}

static void promote_due(struct group *group, uint64_t now_ms)
{
	for (size_t i = 0; i < group->sa_count; i++) {
		struct sa *sa = group->sas[i];

		if (sa->state != SA_INSTALLING)
			continue;
		if (group->activation_delay_ms && rekey_is_held(group, sa, now_ms)) {
			/* A member that comes back has as much time as the others had. */
			sa->activate_by_ms = now_ms + group->activation_delay_ms;
			continue;
		}
		if (now_ms < sa->activate_by_ms && !all_acked(group, sa))
			continue;
		name_late(group, sa);
		promote(group, i, now_ms);
	}
}

/* --- what a member has not got yet --------------------------------------------------------- */

/*
 * A member holds at most COVEY_SAS_PER_GROUP_MAX SAs. It drains an SA for whole seconds, which
 * begin when it hears of it. So it may still hold SAs that are retired here. It is told to wipe
 * these first.
 */
static void make_room_at(struct group *group, size_t seat)
{
	size_t held = 0;

	for (size_t i = 0; i < group->sa_count; i++)
		held += sa_is_held(group->sas[i], seat) || sa_is_drained(group->sas[i], seat);
	for (size_t i = 0; held >= COVEY_SAS_PER_GROUP_MAX && i < group->sa_count; i++) {
		struct sa *sa = group->sas[i];

		if (sa_is_live(sa) || !sa_is_drained(sa, seat))
			continue;
		group->output.drain(&group->members[seat], sa, 0, group->output.arg);
		sa->members[seat] = SA_MEMBER_GONE;
		held--;
	}
}

static void install_missing(struct group *group, size_t seat, uint64_t now_ms)
{
	for (size_t i = 0; i < group->sa_count; i++) {
		struct sa *sa = group->sas[i];

		if (!sa_is_live(sa) || sa->members[seat] != SA_MEMBER_NONE)
			continue;
		make_room_at(group, seat);
		group->output.install(&group->members[seat], sa,
				      seconds_until(sa->expires_ms, now_ms), group->output.arg);
		sa->members[seat] = SA_MEMBER_SENT;
		sa->usages[seat].was_sent = true;
	}
}

/* If roster changes wait to be published when a member comes, it gets the roster after that, with
 * these changes. */
static void bring_up_to_date(struct group *group, uint64_t now_ms)
{
	if (group->roster.changes == 0)
		settle_greet(group);
	for (size_t i = 0; i < group->seats; i++)
		if (group->members[i].session && group->members[i].greeted)
			install_missing(group, i, now_ms);
}

/* --- switching members over ---------------------------------------------------------------- */

/* The member will send on this SA soon. Until it says so, it may still send on the one before. */
static void activate(struct group *group, size_t seat, struct sa *sa)
{
	struct member *member = &group->members[seat];

	group->output.activate(member, sa, group->output.arg);
	sa->members[seat] = SA_MEMBER_ACTIVE;
	if (!member->may_send)
		return;
	if (!member->sends_from_spi)
		member->sends_from_spi = sa->spi;
	member->sends_to_spi = sa->spi;
}

static void switch_members(struct group *group, uint64_t now_ms)
{
	struct sa *active = group_active_sa(group);
	struct laggards laggards = settle_find_laggards(group);

	if (!active)
		return;
	for (size_t i = 0; i < group->seats; i++) {
		if (!group->members[i].session)
			continue;
		if (active->members[i] == SA_MEMBER_ACKED &&
		    settle_is_expected(group, i, &laggards, now_ms))
			activate(group, i, active);
	}
}

/* --- draining ------------------------------------------------------------------------------ */

/*
 * Members receive on an SA as long as any member, even if it is late or away, may be sending on it,
 * and for the drain delay after that, but not beyond its hard lifetime. After an eviction it ends
 * much earlier: we wait only for members that are connected, and only for a short time.
 */

/* Are members still switching to the active SA? Those that have not acknowledged it do not count,
 * because we waited for them before it became active. */
static bool is_being_switched(const struct group *group, const struct sa *sa,
			      const struct sa *active, uint64_t now_ms)
{
	if (!active || now_ms >= active->switch_by_ms)
		return false;
	for (size_t i = 0; i < group->seats; i++)
		if (group->members[i].session && sa_is_acked(active, i) &&
		    member_may_send_on(&group->members[i], sa->spi))
			return true;
	return false;
}

static void begin_drains(struct group *group, uint64_t now_ms)
{
	const struct sa *active = group_active_sa(group);

	for (size_t i = 0; i < group->sa_count; i++) {
		struct sa *sa = group->sas[i];

		if (sa->state != SA_DRAINING || sa->drain_by_ms != GROUP_NEVER)
			continue;
		if (sa->cut_short ? is_being_switched(group, sa, active, now_ms)
				  : group_is_sent_on(group, sa))
			continue;
		sa->drain_by_ms = now_ms + sa->drain_ms;
	}
}

static void announce_drain(struct group *group, struct sa *sa, uint64_t now_ms)
{
	for (size_t i = 0; i < group->seats; i++) {
		if (!group->members[i].session || !sa_is_held(sa, i))
			continue;
		group->output.drain(&group->members[i], sa, seconds_until(sa->drain_by_ms, now_ms),
				    group->output.arg);
		sa->members[i] = sa_is_acked(sa, i) ? SA_MEMBER_DRAINED : SA_MEMBER_WARNED;
	}
}

static void drain(struct group *group, uint64_t now_ms)
{
	begin_drains(group, now_ms);
	retire_due(group, now_ms);
	for (size_t i = 0; i < group->sa_count; i++)
		if (group->sas[i]->state == SA_DRAINING &&
		    group->sas[i]->drain_by_ms != GROUP_NEVER && !group->sas[i]->cut_short)
			announce_drain(group, group->sas[i], now_ms);
}

/* --- when to come back --------------------------------------------------------------------- */

static uint64_t next_deadline(const struct group *group)
{
	const struct sa *active = group_active_sa(group);
	uint64_t deadline = earlier(settle_publish_ms(group), mode_deadline(group));

	deadline = earlier(deadline, settle_list_ms(group));
	for (size_t i = 0; i < group->sa_count; i++) {
		const struct sa *sa = group->sas[i];

		if (!sa_is_live(sa))
			continue;
		deadline = earlier(deadline, sa->expires_ms);
		if (sa->state == SA_INSTALLING)
			deadline = earlier(deadline, sa->activate_by_ms);
		if (sa->state == SA_DRAINING)
			deadline = earlier(deadline, sa->drain_by_ms);
		if (active && sa->state == SA_DRAINING && sa->cut_short &&
		    sa->drain_by_ms == GROUP_NEVER)
			deadline = earlier(deadline, active->switch_by_ms);
	}
	for (size_t i = 0; active && i < group->seats; i++)
		if (group->members[i].session && active->members[i] == SA_MEMBER_ACKED &&
		    group->members[i].listed_generation)
			deadline = earlier(deadline, group->members[i].listed_by_ms);
	return deadline;
}

void group_settle(struct group *group, uint64_t now_ms)
{
	mode_settle(group, now_ms);
	rekey_for_newcomers(group, now_ms);
	rekey_hasten(group, now_ms);
	retire_due(group, now_ms);
	promote_due(group, now_ms);
	settle_list_senders(group, now_ms);
	settle_publish(group, now_ms);
	bring_up_to_date(group, now_ms);
	switch_members(group, now_ms);
	drain(group, now_ms);
	group->deadline_ms = next_deadline(group);
}
