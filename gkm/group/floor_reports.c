/* SPDX-License-Identifier: BSD-3-Clause */
#include "floor_reports.h"

#include <covey/limits.h>
#include <covey/wire.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "floor_table.h"
#include "group.h"

size_t floor_reports_count(const struct sa *sa)
{
	return sa->floors ? sa->floors->count : 0;
}

static size_t count_in_group(const struct group *group)
{
	size_t count = 0;

	for (size_t i = 0; i < group->sa_count; i++)
		count += floor_reports_count(group->sas[i]);
	return count;
}

/* --- reports ------------------------------------------------------------------------------- */

/* The highest counter that any window can have by now. */
static uint64_t counter_max(const struct group *group, const struct sa *sa, uint64_t now_ms)
{
	uint64_t in_time = usage_possible(group, sa, now_ms);

	return in_time < group->limits.packets_hard ? in_time : group->limits.packets_hard;
}

static int check_window(const struct group *group, size_t seat, const struct sa *sa,
			uint32_t window_id, uint64_t esn, uint64_t now_ms,
			struct covey_error *error)
{
	const struct member *member = &group->members[seat];
	const struct floor_window *before = floor_window_find(
		floor_sender_find(sa->floors, member->sender_id), (uint16_t)window_id);
	uint64_t counter = covey_esn_counter(esn);
	unsigned epoch = covey_esn_epoch(esn);

	if (epoch < COVEY_EPOCH_MIN || epoch > member->epoch)
		return covey_error_set(error, -EINVAL,
				       "an ESN of epoch %u on SA %" PRIu32 ", its epoch is %u",
				       epoch, sa->spi, member->epoch);
	if (counter == 0 || counter > counter_max(group, sa, now_ms))
		return covey_error_set(error, -EINVAL,
				       "ESN counter %" PRIu64 " in a window of SA %" PRIu32
				       ", which no sender has come to",
				       counter, sa->spi);
	if (before && esn < before->esn)
		return covey_error_set(error, -EINVAL,
				       "its ESN in window %" PRIu32 " of SA %" PRIu32
				       " fell from %" PRIu64 " to %" PRIu64,
				       window_id, sa->spi, before->esn, esn);
	return 0;
}

static int check(const struct group *group, size_t seat, const struct sa *sa,
		 const struct floor_report *report, uint64_t now_ms, struct covey_error *error)
{
	size_t count = report->window_id_count;

	if (count != report->esn_count || count > COVEY_FLOORS_PER_SENDER_MAX)
		return covey_error_set(error, -EINVAL, "%zu windows with %zu ESNs on SA %" PRIu32,
				       count, report->esn_count, sa->spi);
	if (count && !group->members[seat].may_send)
		return covey_error_set(error, -EINVAL,
				       "windows on SA %" PRIu32 ", where it may not send", sa->spi);
	for (size_t i = 0; i < count; i++) {
		int status;

		if (report->window_ids[i] > UINT16_MAX ||
		    (i && report->window_ids[i] <= report->window_ids[i - 1]))
			return covey_error_set(error, -EINVAL,
					       "window %" PRIu32 " of SA %" PRIu32
					       " out of order or range",
					       report->window_ids[i], sa->spi);
		status = check_window(group, seat, sa, report->window_ids[i], report->esns[i],
				      now_ms, error);
		if (status < 0)
			return status;
	}
	return 0;
}

/* Raises windows that are known. Adds new ones while there is room for them. */
static int take(struct floor_table *floors, struct floor_sender *sender,
		const struct floor_report *report, size_t room)
{
	bool full = false;

	for (size_t i = 0; i < report->esn_count; i++) {
		struct floor_window now = {.window_id = (uint16_t)report->window_ids[i],
					   .esn = report->esns[i]};
		struct floor_window *known = floor_window_find(sender, now.window_id);

		if (known) {
			known->esn = now.esn;
		} else if (room == 0 || sender->count == COVEY_FLOORS_PER_SENDER_MAX) {
			full = true;
		} else if (floor_window_add(floors, sender, now) < 0) {
			return -ENOMEM;
		} else {
			room--;
		}
	}
	if (!full || floors->overflown)
		return 0;
	floors->overflown = true;
	return -ENOSPC;
}

/* An SA, in any state, that carries traffic and that the member has. NULL when there is none. */
static struct sa *find_sa(const struct group *group, size_t seat, uint32_t spi)
{
	for (size_t i = 0; i < group->sa_count; i++) {
		struct sa *sa = group->sas[i];

		if (sa->spi == spi && (sa->state == SA_ACTIVE || sa->state == SA_DRAINING) &&
		    sa->members[seat] >= SA_MEMBER_SENT && sa->members[seat] <= SA_MEMBER_DRAINED)
			return sa;
	}
	return NULL;
}

int floor_reports_take(struct group *group, size_t seat, uint32_t spi,
		       const struct floor_report *report, uint64_t now_ms,
		       struct covey_error *error)
{
	struct sa *sa = find_sa(group, seat, spi);
	struct floor_sender *sender;
	int status;

	if (!sa || !group->members[seat].session)
		return 0;
	status = check(group, seat, sa, report, now_ms, error);
	if (status < 0 || report->esn_count == 0)
		return status;
	if (!sa->floors)
		sa->floors = calloc(1, sizeof(*sa->floors));
	sender = sa->floors ? floor_sender_need(sa->floors, group->members[seat].sender_id) : NULL;
	if (!sender)
		return -ENOMEM;
	return take(sa->floors, sender, report, COVEY_FLOORS_PER_GROUP_MAX - count_in_group(group));
}

/* --- who needs them ------------------------------------------------------------------------ */

void floor_reports_note_held(struct group *group, size_t seat, const uint32_t *spis, size_t count)
{
	for (size_t i = 0; i < group->sa_count; i++) {
		struct sa *sa = group->sas[i];
		bool held = false;

		for (size_t j = 0; j < count; j++)
			held |= spis[j] == sa->spi;
		if (sa_is_live(sa))
			sa->usages[seat].was_held = held;
	}
}

/* A part that is being filled. */
struct filling {
	uint32_t sender_ids[COVEY_FLOORS_PER_MESSAGE];
	uint32_t window_ids[COVEY_FLOORS_PER_MESSAGE];
	uint64_t esns[COVEY_FLOORS_PER_MESSAGE];
	size_t count;
	size_t left; /* windows that were not handed over yet */
	void (*each)(const struct floor_part *part, void *arg);
	void *arg;
};

static void hand_over(struct filling *filling)
{
	filling->left -= filling->count;
	filling->each(&(struct floor_part){.sender_ids = filling->sender_ids,
					   .window_ids = filling->window_ids,
					   .esns = filling->esns,
					   .count = filling->count,
					   .more = filling->left > 0},
		      filling->arg);
	filling->count = 0;
}

static void fill(struct filling *filling, const struct floor_sender *sender)
{
	for (size_t i = 0; i < sender->count; i++) {
		filling->sender_ids[filling->count] = sender->sender_id;
		filling->window_ids[filling->count] = sender->windows[i].window_id;
		filling->esns[filling->count] = sender->windows[i].esn;
		filling->count++;
		if (filling->count == COVEY_FLOORS_PER_MESSAGE || filling->count == filling->left)
			hand_over(filling);
	}
}

void floor_reports_tell(const struct group *group, size_t seat, const struct sa *sa,
			void (*each)(const struct floor_part *part, void *arg), void *arg)
{
	struct filling filling = {.each = each, .arg = arg};
	const struct floor_sender *own =
		floor_sender_find(sa->floors, group->members[seat].sender_id);

	if (!sa->floors || sa->usages[seat].was_held)
		return;
	filling.left = sa->floors->count - (own ? own->count : 0);
	for (size_t i = 0; i < sa->floors->sender_count; i++)
		if (&sa->floors->senders[i] != own)
			fill(&filling, &sa->floors->senders[i]);
}
