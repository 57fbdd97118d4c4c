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

/* The sum can wrap only after more packets than an SA carries. It does not matter: only whether it
 * rises is used. */
static uint64_t add_multicast(const struct hearing_report *report)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < report->window_count; i++)
		if (covey_window_cast((uint16_t)report->window_ids[i]))
			sum += covey_esn_counter(report->esns[i]);
	return sum;
}

/* If the sum has fallen, the member has a new epoch, in which windows begin from zero. Then we
 * count again from this sum on. */
static void take_sent(struct sa *sa, struct hearing_counts *counts,
		      const struct hearing_report *report)
{
	uint64_t counters = add_multicast(report);

	if (counters > counts->counters) {
		counts->sent += counters - counts->counters;
		sa->multicast_sent += counters - counts->counters;
	}
	counts->counters = counters;
}

static void take_received(const struct sa *sa, struct hearing_counts *counts,
			  struct hearing *hearing, const struct hearing_report *report)
{
	uint64_t others = sa->multicast_sent - counts->sent;

	if (counts->begun) {
		hearing->missed += others - counts->others;
		hearing->heard |= report->received != counts->received;
	}
	counts->received = report->received;
	counts->others = others;
	counts->begun = true;
}

void hearing_report(struct group *group, size_t seat, const struct hearing_report *report)
{
	struct member *member = &group->members[seat];
	struct sa *sa = find_sa(group, seat, report->spi);

	if (!sa || !member->session)
		return;
	member->hearing.listens = report->listens;
	take_sent(sa, &sa->usages[seat].hearing, report);
	take_received(sa, &sa->usages[seat].hearing, &member->hearing, report);
}

static void begin_anew(struct hearing *hearing)
{
	*hearing = (struct hearing){.listens = hearing->listens};
}

enum hearing_verdict hearing_judge(struct group *group, size_t seat, uint64_t now_ms)
{
	struct hearing *hearing = &group->members[seat].hearing;
	bool was_deaf = hearing->deaf;

	if (hearing->heard || !hearing->listens) {
		begin_anew(hearing);
		return was_deaf ? HEARING_AGAIN : HEARING_AS_BEFORE;
	}
	if (hearing->missed == 0 ||
	    (hearing->strikes > 0 && now_ms < hearing->strike_ms + HEARING_GAP_MS))
		return HEARING_AS_BEFORE;
	hearing->unheard += hearing->missed;
	hearing->missed = 0;
	hearing->strikes++;
	hearing->strike_ms = now_ms;
	hearing->deaf = was_deaf || (hearing->strikes >= HEARING_STRIKES &&
				     hearing->unheard >= HEARING_PACKETS);
	return hearing->deaf && !was_deaf ? HEARING_DEAF : HEARING_AS_BEFORE;
}

void hearing_end_registration(struct group *group, size_t seat)
{
	group->members[seat].hearing = (struct hearing){0};
	for (size_t i = 0; i < group->sa_count; i++)
		if (sa_is_live(group->sas[i]))
			group->sas[i]->usages[seat].hearing.begun = false;
}
