/* SPDX-License-Identifier: BSD-3-Clause */
#include "hearing.h"

#include <covey/wire.h>
#include <string.h>

#include "group.h"

static struct sa *find_sa(const struct group *group, size_t seat, uint32_t spi)
{
	for (size_t i = 0; i < group->sa_count; i++) {
		struct sa *sa = group->sas[i];

		if (sa->spi == spi && sa_is_live(sa) && sa->members[seat] >= SA_MEMBER_SENT &&
		    sa->members[seat] <= SA_MEMBER_DRAINED)
			return sa;
	}
	return NULL;
}

/* Sums can wrap only after more packets than an SA carries. It does not matter: only whether they
 * rise is used. */
static void add_up(const struct hearing_report *report, uint64_t *ret_multicast,
		   uint64_t *ret_unicast)
{
	*ret_multicast = *ret_unicast = 0;
	for (size_t i = 0; i < report->window_count; i++)
		*(covey_window_cast((uint16_t)report->window_ids[i]) ? ret_multicast
								     : ret_unicast) +=
			covey_esn_counter(report->esns[i]);
}

/* By how much it has risen. If it has fallen, it has begun again from zero: then we count again
 * from this value on. */
static uint64_t take_rise(uint64_t *counter, uint64_t now)
{
	uint64_t rise = now > *counter ? now - *counter : 0;

	*counter = now;
	return rise;
}

/* In a new epoch, windows begin from zero. */
static void take_sent(struct sa *sa, struct hearing_counts *counts, struct hearing *hearing,
		      const struct hearing_report *report)
{
	uint64_t multicast, unicast;

	add_up(report, &multicast, &unicast);
	multicast = take_rise(&counts->multicast, multicast);
	unicast = take_rise(&counts->unicast, unicast);
	counts->multicast_sent += multicast;
	counts->unicast_sent += unicast;
	sa->multicast_sent += multicast;
	sa->unicast_sent += unicast;
	hearing->own += multicast + unicast;
}

static void take_received(struct sa *sa, struct hearing_counts *counts, struct hearing *hearing,
			  const struct hearing_report *report)
{
	uint64_t multicast = report->multicast_received;
	uint64_t unicast = report->received > multicast ? report->received - multicast : 0;

	if (counts->begun) {
		hearing->multicast.heard |= multicast != counts->multicast_received;
		hearing->any.heard |= multicast != counts->multicast_received ||
				      unicast != counts->unicast_received;
	}
	counts->multicast_received = multicast;
	sa->unicast_received += take_rise(&counts->unicast_received, unicast);
}

static void take_missed(const struct sa *sa, struct hearing_counts *counts, struct hearing *hearing)
{
	uint64_t multicast = sa->multicast_sent - counts->multicast_sent;
	uint64_t unicast = sa->unicast_sent - counts->unicast_sent;
	uint64_t lost = sa->unicast_sent - sa->unicast_received;

	if (counts->begun) {
		hearing->multicast.missed += multicast - counts->others_multicast;
		hearing->any.missed += unicast - counts->others_unicast;
		hearing->lost += lost - counts->lost;
	}
	counts->others_multicast = multicast;
	counts->others_unicast = unicast;
	counts->lost = lost;
	counts->begun = true;
}

void hearing_report(struct group *group, size_t seat, const struct hearing_report *report)
{
	struct member *member = &group->members[seat];
	struct sa *sa = find_sa(group, seat, report->spi);
	struct hearing_counts *counts;

	if (!sa || !member->session)
		return;
	counts = &sa->usages[seat].hearing;
	member->hearing.listens = report->listens;
	member->hearing.receives = report->receives;
	take_sent(sa, counts, &member->hearing, report);
	take_received(sa, counts, &member->hearing, report);
	take_missed(sa, counts, &member->hearing);
}

/* --- judging ------------------------------------------------------------------------------- */

static bool is_soon(const struct hearing_ear *ear, uint64_t now_ms)
{
	return ear->strikes > 0 && now_ms < ear->strike_ms + HEARING_GAP_MS;
}

/* True when all that counts for being deaf has come together. */
static bool strike(struct hearing_ear *ear, uint64_t now_ms)
{
	if (ear->missed == 0)
		return false;
	ear->unheard += ear->missed;
	ear->missed = 0;
	ear->strikes++;
	ear->strike_ms = now_ms;
	return ear->strikes >= HEARING_STRIKES && ear->unheard >= HEARING_PACKETS;
}

static void judge_multicast(struct hearing *hearing, uint64_t now_ms)
{
	struct hearing_ear *ear = &hearing->multicast;

	if (ear->heard || !hearing->listens)
		*ear = (struct hearing_ear){0};
	else if (!is_soon(ear, now_ms) && strike(ear, now_ms))
		ear->deaf = true;
}

/* What the others send by unicast can only be for this member. */
static bool is_alone_with_another(const struct group *group)
{
	return group->seats <= 2;
}

/* Where unicast may have been for others, a member that does not send is one that nobody talks to.
 * So is one that sends to a member that takes all and answers nothing: then nothing is lost. */
static void judge_any(const struct group *group, struct hearing *hearing, uint64_t now_ms)
{
	struct hearing_ear *ear = &hearing->any;
	bool is_sure = is_alone_with_another(group);

	if (ear->heard || !hearing->receives ||
	    (!is_soon(ear, now_ms) && !ear->deaf && !is_sure && hearing->own == 0)) {
		*ear = (struct hearing_ear){0};
		hearing->own = hearing->lost = 0;
	} else if (!is_soon(ear, now_ms)) {
		if (strike(ear, now_ms) && (is_sure || (int64_t)hearing->lost >= HEARING_PACKETS))
			ear->deaf = true;
		hearing->own = 0;
	}
}

enum hearing_verdict hearing_judge(struct group *group, size_t seat, uint64_t now_ms)
{
	struct hearing *hearing = &group->members[seat].hearing;
	bool was_deaf = hearing->deaf, was_perhaps = hearing->perhaps;

	judge_multicast(hearing, now_ms);
	judge_any(group, hearing, now_ms);
	hearing->deaf =
		hearing->multicast.deaf || (hearing->any.deaf && is_alone_with_another(group));
	hearing->perhaps = !hearing->deaf && hearing->any.deaf;
	if (hearing->deaf)
		return was_deaf ? HEARING_AS_BEFORE : HEARING_DEAF;
	if (hearing->perhaps)
		return was_perhaps ? HEARING_AS_BEFORE : HEARING_PERHAPS;
	return was_deaf || was_perhaps ? HEARING_AGAIN : HEARING_AS_BEFORE;
}

void hearing_end_registration(struct group *group, size_t seat)
{
	group->members[seat].hearing = (struct hearing){0};
	for (size_t i = 0; i < group->sa_count; i++)
		if (sa_is_live(group->sas[i]))
			group->sas[i]->usages[seat].hearing.begun = false;
}
