/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <string.h>

#include "membership.h"
#include "rules_private.h"
#include "session.h"
#include "wire.h"

/* In a fleet of more members, pairs of them are looked at by chance. */
#define ALL_PAIRS_HOSTS 8
#define PAIRS_BY_CHANCE 16

/* --- who is there --------------------------------------------------------------------------- */

bool is_live(const struct fleet *fleet, const struct host *host, unsigned group)
{
	const struct group *theirs = gkm_group(fleet->gkm, group);
	const struct membership *own = host_membership(host, group);
	const struct session *session = theirs ? theirs->members[host->number].session : NULL;

	return session && own && own->state == MEMBERSHIP_JOINED && host_is_connected(host) &&
	       wire_is_whole(session->channel);
}

const struct sa *live_sa(const struct fleet *fleet, unsigned number, uint32_t spi)
{
	const struct group *group = gkm_group(fleet->gkm, number);

	for (size_t i = 0; group && i < group->sa_count; i++)
		if (group->sas[i]->spi == spi && sa_is_live(group->sas[i]))
			return group->sas[i];
	return NULL;
}

static uint64_t gkm_ms(const struct fleet *fleet)
{
	return process_clock_us(&fleet->gkm->process) / 1000;
}

/* --- a sender and a peer --------------------------------------------------------------------- */

/* The SA is from before that: it is neither to be heard there nor to hear, and perhaps it does not
 * know yet. */
static bool was_cast_out(const struct fleet *fleet, const struct host *host,
			 const struct plane_sa *sa)
{
	const struct rule_host *rules = &fleet->rules->hosts[host->number];
	const struct group *group = gkm_group(fleet->gkm, fleet->rules->sas[sa->sa].group);

	return rules->doubtful || rules->cast_out >= fleet->rules->sas[sa->sa].begun ||
	       (group && group->members[host->number].evicted);
}

static void check_hurry(struct fleet *fleet, struct host *from, struct host *to, unsigned group,
			const struct plane_sa *on)
{
	const struct rule_sa *sa = &fleet->rules->sas[on->sa];
	const struct group *theirs = gkm_group(fleet->gkm, group);
	const struct sa *live = live_sa(fleet, group, on->spi);

	if (!live || sa->start != fleet->gkm->starts || !is_live(fleet, to, group) ||
	    theirs->members[to->number].epoch != sa->expected[to->number] ||
	    gkm_ms(fleet) >= live->begin_ms + fleet->plan->activation_s * UINT64_C(1000))
		return;
	violate("hurry: %s sends on SA %" PRIu32 ", which %s has not got yet", from->process.name,
		on->spi, to->process.name);
}

static void check_known(struct fleet *fleet, struct host *from, struct host *to, unsigned number,
			const struct plane_sa *on, const struct plane_sa *theirs)
{
	const struct sa *sa = live_sa(fleet, number, on->spi);
	const struct group *group = gkm_group(fleet->gkm, number);

	if (!sa || theirs->sa != on->sa)
		return;
	if (on->sender_id < theirs->ids && theirs->floors[on->sender_id] > on->epoch)
		violate("fence: %s sends on SA %" PRIu32 " in epoch %u, %s drops all below %u",
			from->process.name, on->spi, on->epoch, to->process.name,
			theirs->floors[on->sender_id]);
	if (is_live(fleet, from, number) && is_live(fleet, to, number) &&
	    sa->members[from->number] == SA_MEMBER_ACTIVE && sa_is_acked(sa, to->number) &&
	    gkm_ms(fleet) < group->members[from->number].listed_by_ms &&
	    !plane_takes(theirs, on->sender_id, on->epoch))
		violate("heard: %s sends on SA %" PRIu32 ", %s does not know it",
			from->process.name, on->spi, to->process.name);
}

void check_pair(struct fleet *fleet, struct host *from, struct host *to, unsigned group)
{
	struct plane_sa *on = plane_sending(&from->plane.groups[group]);
	struct plane_sa *theirs;

	if (!on || from == to || was_cast_out(fleet, from, on))
		return;
	theirs = plane_find(&to->plane.groups[group], on->spi);
	if (theirs)
		check_known(fleet, from, to, group, on, theirs);
	else if (fleet->rules->sas[on->sa].expected[to->number])
		check_hurry(fleet, from, to, group, on);
}

/* --- one member ------------------------------------------------------------------------------ */

static void check_kept(struct fleet *fleet, struct host *host, unsigned number)
{
	const struct group *group = gkm_group(fleet->gkm, number);

	if (!group || !is_live(fleet, host, number))
		return;
	for (size_t i = 0; i < group->sa_count; i++) {
		const struct sa *sa = group->sas[i];
		unsigned senders = 0;

		if (!sa_is_live(sa) || !sa_is_acked(sa, host->number) ||
		    plane_find(&host->plane.groups[number], sa->spi))
			continue;
		for (size_t k = 1; k < fleet->rules->sa_count; k++)
			if (fleet->rules->sas[k].spi == sa->spi && !fleet->rules->sas[k].forgotten)
				senders += fleet->rules->sas[k].senders;
		violate("%s: SA %" PRIu32 " is %s and has %u senders, %s acknowledged and lacks it",
			senders ? "lacks" : "kept", sa->spi, sa_state_name(sa->state), senders,
			host->process.name);
	}
}

static void check_plane(struct host *host, unsigned number)
{
	struct plane_group *plane = &host->plane.groups[number];
	struct membership *group = host_membership(host, number);

	if (plane->count != (group ? group->sa_count : 0) && breakage != BREAK_ACK &&
	    breakage != BREAK_LACKS)
		violate("plane: %s believes in %zu SAs, its dataplane has %zu", host->process.name,
			group ? group->sa_count : 0, plane->count);
	for (size_t i = 0; group && i < group->sa_count; i++) {
		const struct plane_sa *sa = plane_find(plane, group->sas[i].spi);

		if (sa && (sa->state != group->sas[i].state || sa->epoch != group->sas[i].epoch))
			violate("plane: %s has SA %" PRIu32 " as %s in epoch %u, its dataplane as "
				"%s in epoch %u",
				host->process.name, sa->spi,
				covey_sa_state_name(group->sas[i].state), group->sas[i].epoch,
				covey_sa_state_name(sa->state), sa->epoch);
	}
}

/* Has it run for so long that it is where it is to be? */
static bool has_run(const struct fleet *fleet, const struct host *host)
{
	return host->process.runs && host->started_us + MODE_SLACK_US <= fleet->now_us &&
	       host->process.stopped_us + MODE_SLACK_US <= fleet->now_us;
}

static void check_clear(struct fleet *fleet, const struct host *host, unsigned number)
{
	const struct rule_host *rules = &fleet->rules->hosts[host->number];
	uint64_t now_us = process_clock_us(&host->process);
	enum covey_mode mode = host->plane.groups[number].mode;

	if (mode == COVEY_MODE_ENFORCE || !has_run(fleet, host) || !host_membership(host, number))
		return;
	if (now_us >= rules->enforces_us[number] && now_us < rules->enforced_us[number])
		violate("clear: %s is in %s, %" PRIu64 " ms after it was to enforce",
			host->process.name, covey_mode_name(mode),
			(now_us - rules->enforces_us[number]) / 1000);
}

void check_host(struct fleet *fleet, struct host *host)
{
	for (unsigned group = 0; group < fleet->plan->groups; group++) {
		check_clear(fleet, host, group);
		if (!host->process.runs)
			continue;
		check_plane(host, group);
		check_kept(fleet, host, group);
	}
}

/* --- all of it ------------------------------------------------------------------------------- */

static void check_some_pairs(struct fleet *fleet, struct host *host)
{
	for (unsigned i = 0; i < PAIRS_BY_CHANCE; i++) {
		struct host *other =
			&fleet->hosts[chance_below(&fleet->chance, fleet->plan->hosts)];
		unsigned group = (unsigned)chance_below(&fleet->chance, fleet->plan->groups);

		check_pair(fleet, host, other, group);
		check_pair(fleet, other, host, group);
	}
}

static void check_pairs_of(struct fleet *fleet, struct host *host)
{
	for (unsigned i = 0; i < fleet->plan->hosts; i++)
		for (unsigned group = 0; group < fleet->plan->groups; group++) {
			check_pair(fleet, host, &fleet->hosts[i], group);
			check_pair(fleet, &fleet->hosts[i], host, group);
		}
}

static void check_changed(struct fleet *fleet, struct host *host)
{
	check_host(fleet, host);
	if (fleet->plan->hosts <= ALL_PAIRS_HOSTS)
		check_pairs_of(fleet, host);
	else
		check_some_pairs(fleet, host);
}

void rules_check(struct fleet *fleet)
{
	struct rules *rules = fleet->rules;

	if (rules->all_changed)
		for (unsigned i = 0; i < fleet->plan->hosts; i++)
			check_changed(fleet, &fleet->hosts[i]);
	else if (rules->changed)
		check_changed(fleet, rules->changed);
	rules->all_changed = false;
	rules->changed = NULL;
}

void rules_check_all(struct fleet *fleet)
{
	for (unsigned i = 0; i < fleet->plan->hosts; i++)
		check_host(fleet, &fleet->hosts[i]);
}

/* --- the end --------------------------------------------------------------------------------- */

static bool is_awaited(const struct fleet *fleet, unsigned host)
{
	const struct rule_host *rules = &fleet->rules->hosts[host];

	return !rules->evicted && !rules->doubtful && !rules->revoked;
}

static bool is_on(struct fleet *fleet, unsigned number, struct host *host, const struct sa *active)
{
	const struct plane_sa *on = plane_sending(&host->plane.groups[number]);

	return is_live(fleet, host, number) && on && on->spi == active->spi;
}

static bool hear_each_other(struct fleet *fleet, unsigned number, unsigned a, unsigned b)
{
	struct plane_sa *on = plane_sending(&fleet->hosts[a].plane.groups[number]);
	struct plane_sa *theirs = plane_find(&fleet->hosts[b].plane.groups[number], on->spi);

	return theirs && theirs->sa == on->sa && plane_takes(theirs, on->sender_id, on->epoch);
}

static bool is_group_on_one(struct fleet *fleet, unsigned number)
{
	struct group *group = gkm_group(fleet->gkm, number);
	const struct sa *active = group ? group_active_sa(group) : NULL;
	bool any = false;

	for (unsigned i = 0; i < fleet->plan->hosts; i++)
		any |= is_awaited(fleet, i);
	if (!any || !active)
		return !any;
	for (unsigned i = 0; i < fleet->plan->hosts; i++)
		if (is_awaited(fleet, i) && !is_on(fleet, number, &fleet->hosts[i], active))
			return false;
	for (unsigned i = 0; i < fleet->plan->hosts; i++)
		for (unsigned k = 0; k < fleet->plan->hosts; k++)
			if (i != k && is_awaited(fleet, i) && is_awaited(fleet, k) &&
			    !hear_each_other(fleet, number, i, k))
				return false;
	return true;
}

bool rules_all_on_one(struct fleet *fleet)
{
	for (unsigned i = 0; i < fleet->plan->groups; i++)
		if (!is_group_on_one(fleet, i))
			return false;
	return true;
}
