/* SPDX-License-Identifier: BSD-3-Clause */
#include "usage.h"

#include <covey/limits.h>
#include <errno.h>
#include <inttypes.h>

#include "group.h"

const struct usage_limits usage_limits_default = {
	.packets_soft = COVEY_PACKETS_SOFT,
	.packets_hard = COVEY_PACKETS_HARD,
	.icv_failures_max = COVEY_ICV_FAILURES_MAX,
	.packets_per_second = COVEY_PACKETS_PER_SECOND_MAX,
};

static uint64_t sum(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

uint64_t usage_possible(const struct group *group, const struct sa *sa, uint64_t now_ms)
{
	return group->limits.packets_per_second * ((now_ms - sa->begin_ms) / 1000 + 1);
}

/* How many packets are possible since the member's last report. The time is one heartbeat longer,
 * because that report may have been late. */
static uint64_t possible_since(const struct group *group, const struct usage *before,
			       uint64_t now_ms)
{
	return group->limits.packets_per_second *
	       ((now_ms - before->reported_ms) / 1000 + COVEY_HEARTBEAT_SECONDS);
}

/* -EINVAL with the reason, when no honest member would report this. */
static int check(const struct group *group, const struct sa *sa, const struct usage *before,
		 const struct usage *now, uint64_t now_ms, struct covey_error *error)
{
	if (now->packets < before->packets)
		return covey_error_set(error, -EINVAL,
				       "its packets sent on SA %" PRIu32 " fell from %" PRIu64
				       " to %" PRIu64,
				       sa->spi, before->packets, now->packets);
	if (now->failures < before->failures)
		return covey_error_set(error, -EINVAL,
				       "its failed ICVs on SA %" PRIu32 " fell from %" PRIu64
				       " to %" PRIu64,
				       sa->spi, before->failures, now->failures);
	if (now->packets > group->limits.packets_hard)
		return covey_error_set(error, -EINVAL,
				       "%" PRIu64 " packets sent on SA %" PRIu32
				       ", above the hard limit",
				       now->packets, sa->spi);
	if (now->packets > usage_possible(group, sa, now_ms))
		return covey_error_set(error, -EINVAL,
				       "%" PRIu64 " packets sent on SA %" PRIu32
				       ", more than it had time for",
				       now->packets, sa->spi);
	if (now->failures > usage_possible(group, sa, now_ms))
		return covey_error_set(error, -EINVAL,
				       "%" PRIu64 " failed ICVs on SA %" PRIu32
				       ", more than it had time for",
				       now->failures, sa->spi);
	if (before->reported_ms &&
	    (now->packets - before->packets > possible_since(group, before, now_ms) ||
	     now->failures - before->failures > possible_since(group, before, now_ms)))
		return covey_error_set(error, -EINVAL,
				       "%" PRIu64 " more packets sent and %" PRIu64
				       " more failed ICVs on SA %" PRIu32
				       " than at its last report, more than it had time for",
				       now->packets - before->packets,
				       now->failures - before->failures, sa->spi);
	return 0;
}

static uint64_t packets_of(const struct usage *usage)
{
	return sum(usage->packets_before, usage->packets);
}

static uint64_t packets_under_key(const struct group *group, const struct sa *sa, size_t seat)
{
	uint64_t packets = 0;

	if (!group->limits.key_is_shared)
		return packets_of(&sa->usages[seat]);
	for (size_t i = 0; i < sa->seats; i++)
		packets = sum(packets, packets_of(&sa->usages[i]));
	return packets;
}

/*
 * Adds up reports of several registrations of a host, because each may have been another process.
 * But the sum never exceeds what the time allows: a member's word does not count more because it
 * comes back.
 */
static void count_failures(const struct group *group, struct sa *sa, size_t seat, uint64_t more,
			   uint64_t now_ms)
{
	struct usage *usage = &sa->usages[seat];
	uint64_t most = usage_possible(group, sa, now_ms);
	uint64_t before = usage->failures_counted;

	usage->failures_counted = sum(before, more);
	if (usage->failures_counted > most)
		usage->failures_counted = most > before ? most : before;
	sa->failures = sum(sa->failures, usage->failures_counted - before);
	if (usage->failures_counted >= sa->failures_most) {
		sa->failures_most = usage->failures_counted;
		sa->failures_seat = seat;
	}
}

/* Whose budget is charged for the rekey? That of the member whose key is used too much, or of the
 * member that reports more failed ICVs than all others together. Otherwise the group's. */
static struct rekey_budget *cause_of(struct group *group, const struct sa *sa, size_t seat,
				     enum rekey_reason reason)
{
	if (reason == REKEY_PACKETS)
		return &group->members[seat].rekeys;
	return sa->failures_most > sa->failures / 2 ? &group->members[sa->failures_seat].rekeys
						    : &group->rekeys;
}

static enum usage_verdict judge(struct group *group, struct sa *sa, size_t seat, uint64_t now_ms)
{
	enum rekey_reason reason = REKEY_NONE;

	if (sa->failures >= group->limits.icv_failures_max)
		reason = REKEY_ICV_FAILURES;
	else if (packets_under_key(group, sa, seat) >= group->limits.packets_soft)
		reason = REKEY_PACKETS;
	if (reason == REKEY_NONE || sa->worn)
		return USAGE_FINE;
	sa->worn = true;
	rekey_want_by(group, reason, cause_of(group, sa, seat, reason), now_ms);
	return reason == REKEY_PACKETS ? USAGE_PACKETS : USAGE_FAILURES;
}

enum usage_verdict usage_report(struct group *group, size_t seat, uint32_t spi, uint64_t packets,
				uint64_t failures, uint64_t now_ms, struct covey_error *error)
{
	struct sa *sa = group_active_sa(group);
	struct usage *usage;
	struct usage now;

	if (!sa || sa->spi != spi || !group->members[seat].session || !sa_is_held(sa, seat))
		return USAGE_FINE;
	usage = &sa->usages[seat];
	now = *usage;
	now.packets = packets;
	now.failures = failures;
	if (check(group, sa, usage, &now, now_ms, error) < 0)
		return USAGE_IMPOSSIBLE;
	count_failures(group, sa, seat, failures - usage->failures, now_ms);
	usage->packets = packets;
	usage->failures = failures;
	usage->reported_ms = now_ms;
	return judge(group, sa, seat, now_ms);
}

uint64_t usage_of_key(const struct group *group, const struct sa *sa)
{
	uint64_t most = 0;

	if (group->limits.key_is_shared)
		return packets_under_key(group, sa, 0);
	for (size_t i = 0; i < sa->seats; i++)
		if (packets_of(&sa->usages[i]) > most)
			most = packets_of(&sa->usages[i]);
	return most;
}

void usage_end_registration(struct group *group, size_t seat)
{
	for (size_t i = 0; i < group->sa_count; i++) {
		struct usage *usage;

		if (!sa_is_live(group->sas[i]))
			continue;
		usage = &group->sas[i]->usages[seat];
		usage->packets_before = packets_of(usage);
		usage->packets = 0;
		usage->failures = 0;
		usage->reported_ms = 0;
	}
}

/* --- impostors ----------------------------------------------------------------------------- */

/* An SA, in any state, that the member has. NULL when there is none. */
static struct sa *find_sa(const struct group *group, size_t seat, uint32_t spi)
{
	for (size_t i = 0; i < group->sa_count; i++) {
		struct sa *sa = group->sas[i];

		if (sa->spi == spi && sa_is_live(sa) && sa->members[seat] >= SA_MEMBER_SENT)
			return sa;
	}
	return NULL;
}

int usage_report_impostors(struct group *group, size_t seat, uint32_t spi, uint64_t packets,
			   uint64_t now_ms, uint64_t *ret_new, struct covey_error *error)
{
	struct member *member = &group->members[seat];
	struct sa *sa = find_sa(group, seat, spi);
	struct usage *usage;
	uint64_t new;

	if (!sa || !member->session) {
		*ret_new = 0;
		return 0;
	}
	if (packets > usage_possible(group, sa, now_ms))
		return covey_error_set(error, -EINVAL,
				       "%" PRIu64 " packets with its SenderID on SA %" PRIu32
				       ", more than there was time for",
				       packets, spi);
	usage = &sa->usages[seat];
	new = packets < usage->own_sender ? packets : packets - usage->own_sender;
	usage->own_sender = packets;
	member->own_sender =
		member->own_sender > UINT64_MAX - new ? UINT64_MAX : member->own_sender + new;
	*ret_new = new;
	return 0;
}
