/* SPDX-License-Identifier: BSD-3-Clause */
#include "clear_heard.h"

#include <covey/limits.h>
#include <stdlib.h>

#include "group.h"

/* A full group looks at all its members for what is too old, but not more often than this. */
#define SWEEP_MS UINT64_C(1000)

static bool is_old(const struct clear_heard *heard, uint64_t now_ms)
{
	return now_ms >= CLEAR_HEARD_MS && heard->at_ms <= now_ms - CLEAR_HEARD_MS;
}

void clear_heard_forget(struct group *group, size_t seat, uint64_t now_ms)
{
	struct clear_list *list = &group->members[seat].clear;
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (!is_old(&list->heard[i], now_ms))
			list->heard[kept++] = list->heard[i];
	group->clear.count -= list->count - kept;
	list->count = kept;
	if (kept > 0)
		return;
	free(list->heard);
	list->heard = NULL;
}

static bool has_room(struct group *group, uint64_t now_ms)
{
	if (group->clear.count < COVEY_CLEAR_HEARD_PER_GROUP_MAX)
		return true;
	if (now_ms < group->clear.swept_ms + SWEEP_MS)
		return false;
	group->clear.swept_ms = now_ms;
	for (size_t i = 0; i < group->seats; i++)
		clear_heard_forget(group, i, now_ms);
	return group->clear.count < COVEY_CLEAR_HEARD_PER_GROUP_MAX;
}

/* A new element at the end. NULL when there is no room. */
static struct clear_heard *append(struct group *group, size_t seat, uint64_t now_ms)
{
	struct clear_list *list = &group->members[seat].clear;
	struct clear_heard *grown;

	clear_heard_forget(group, seat, now_ms);
	if (list->count == COVEY_CLEAR_HEARD_PER_MEMBER_MAX || !has_room(group, now_ms))
		return NULL;
	grown = reallocarray(list->heard, list->count + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	list->heard = grown;
	group->clear.count++;
	grown += list->count++;
	*grown = (struct clear_heard){0};
	return grown;
}

void clear_heard_take(struct group *group, size_t seat, const struct clear_heard *report)
{
	struct clear_list *list = &group->members[seat].clear;
	struct clear_heard *heard = NULL;

	for (size_t i = 0; i < list->count && !heard; i++)
		if (covey_addr_equal(&list->heard[i].vtep, &report->vtep))
			heard = &list->heard[i];
	if (heard && is_old(heard, report->at_ms))
		heard->packets = 0;
	if (!heard)
		heard = append(group, seat, report->at_ms);
	if (!heard) {
		list->missed_ms = report->at_ms;
		return;
	}
	heard->vtep = report->vtep;
	heard->vni = report->vni;
	heard->at_ms = report->at_ms;
	if (__builtin_add_overflow(heard->packets, report->packets, &heard->packets))
		heard->packets = UINT64_MAX;
}

void clear_heard_more(struct group *group, size_t seat, uint64_t now_ms)
{
	group->members[seat].clear.missed_ms = now_ms;
}

void clear_heard_each(const struct group *group, uint64_t now_ms,
		      void (*each)(size_t seat, const struct clear_heard *heard, void *arg),
		      void *arg)
{
	for (size_t i = 0; i < group->seats; i++) {
		const struct clear_list *list = &group->members[i].clear;

		for (size_t j = 0; j < list->count && !group->members[i].evicted; j++)
			if (!is_old(&list->heard[j], now_ms))
				each(i, &list->heard[j], arg);
	}
}

bool clear_heard_missed(const struct group *group, size_t seat, uint64_t now_ms)
{
	const struct member *member = &group->members[seat];

	return !member->evicted && member->clear.missed_ms &&
	       now_ms < member->clear.missed_ms + CLEAR_HEARD_MS;
}
