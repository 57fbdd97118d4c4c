/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "group.h"
#include "mode_apart.h"
#include "mode_keep.h"

/* --- may it be? ---------------------------------------------------------------------------- */

/* Before its deadline, a change must have come to all. */
static enum mode_verdict judge_time(const struct group *group, const struct mode_request *request,
				    uint64_t now_ms)
{
	uint64_t seconds = request->for_s ? request->for_s : request->confirm_s;

	if ((request->for_s && request->confirm_s) || seconds > COVEY_MODE_DEADLINE_MAX_S)
		return MODE_BAD_TIME;
	if (seconds && seconds * 1000 < mode_apart_ms(group, now_ms) + COVEY_MODE_BETWEEN_MS)
		return MODE_TOO_SHORT;
	return MODE_BEGUN;
}

/* The group is in this mode. What would change is its deadline. */
static enum mode_verdict judge_same(const struct group_mode *mode,
				    const struct mode_request *request)
{
	if (mode->now.then && mode->confirms)
		return MODE_UNCONFIRMED;
	if (request->confirm_s || (request->for_s && request->mode == COVEY_MODE_ENFORCE))
		return MODE_POINTLESS;
	return request->for_s || mode->now.then ? MODE_BEGUN : MODE_ALREADY;
}

/* ret_despite: what of this is in spite of clear packets. */
static enum mode_verdict judge_flaws(const struct group *group, const struct mode_request *request,
				     uint64_t now_ms, struct mode_flaws *ret_despite)
{
	struct mode_flaws flaws = {0};

	mode_flaws_find(group, request->mode, now_ms, &flaws);
	if (flaws.count == 0)
		return MODE_BEGUN;
	if (!request->despite_clear || flaws.clear < flaws.count)
		return MODE_FLAWED;
	*ret_despite = flaws;
	return MODE_BEGUN;
}

static enum mode_verdict judge(const struct group *group, const struct mode_request *request,
			       uint64_t now_ms, struct mode_flaws *ret_despite)
{
	const struct group_mode *mode = &group->mode;
	enum mode_verdict verdict = judge_time(group, request, now_ms);

	if (verdict != MODE_BEGUN)
		return verdict;
	if (request->despite_clear && request->mode != COVEY_MODE_ENFORCE)
		return MODE_NOT_DESPITE;
	if (mode->under_way || mode_is_writing(mode))
		return MODE_BUSY;
	if (mode_is_too_late(mode, now_ms))
		return MODE_TOO_LATE;
	if (request->mode == mode->now.mode)
		return judge_same(mode, request);
	if (request->for_s && request->mode == COVEY_MODE_ENFORCE)
		return MODE_POINTLESS;
	if (request->mode < mode->now.mode)
		return MODE_BEGUN;
	if (mode->now.then && mode->confirms)
		return MODE_UNCONFIRMED;
	if (covey_mode_step(mode->now.mode, request->mode) != request->mode)
		return MODE_TOO_FAR;
	return judge_flaws(group, request, now_ms, ret_despite);
}

/* The operator's change is stored, and can begin. */
static void begin(struct group *group)
{
	group->mode.under_way = true;
	group->mode.hurries = group->mode.resumed = false;
	group->mode.change++;
	group->mode.outcome = MODE_OUTCOME_UNDER_WAY;
	group->mode.despite = (struct mode_flaws){0};
	for (size_t i = 0; i < group->seats; i++)
		group->members[i].mode_late = false;
}

static enum covey_mode then_of(const struct group_mode *mode, const struct mode_request *request)
{
	if (request->for_s)
		return COVEY_MODE_ENFORCE;
	return request->confirm_s ? mode->now.mode : 0;
}

void mode_begin_change(struct group *group, uint64_t now_ms)
{
	struct group_mode *mode = &group->mode;

	mode->before = mode->now.mode;
	mode_take(mode);
	mode->forward = mode->now.goal > mode->before;
	mode->confirms = mode->written.confirms;
	mode->between_ms = COVEY_MODE_BETWEEN_MS;
	mode->deadline_ms = now_ms + mode->written.left_ms;
	begin(group);
	mode->despite = mode->written.despite;
	mode_tell_from_now_on(group, now_ms);
}

void mode_begin_confirmed(struct group *group, uint64_t now_ms)
{
	struct group_mode *mode = &group->mode;

	mode_take(mode);
	mode->before = mode->now.mode;
	mode->forward = mode->confirms = false;
	begin(group);
	mode_tell_log(group, MODE_CONFIRMED);
	mode_tell_from_now_on(group, now_ms);
}

static enum mode_verdict keep_operators(struct group *group, const struct mode_written *written,
					void (*begin_it)(struct group *group, uint64_t now_ms),
					uint64_t now_ms)
{
	int status = mode_keep(group, written);

	if (status == -EINPROGRESS)
		return MODE_STORING;
	if (status < 0)
		return MODE_NOT_STORED;
	begin_it(group, now_ms);
	return MODE_BEGUN;
}

enum mode_verdict mode_change(struct group *group, const struct mode_request *request,
			      uint64_t now_ms)
{
	const struct group_mode *mode = &group->mode;
	struct mode_written next = {
		.what = MODE_WRITES_CHANGE,
		.record = {.serial = mode_next_serial(mode),
			   .mode = covey_mode_step(mode->now.mode, request->mode),
			   .goal = request->mode,
			   .then = then_of(mode, request)},
		.confirms = request->confirm_s != 0,
		.left_ms = (request->for_s + request->confirm_s) * 1000};
	enum mode_verdict verdict = judge(group, request, now_ms, &next.despite);

	if (verdict != MODE_BEGUN)
		return verdict;
	return keep_operators(group, &next, mode_begin_change, now_ms);
}

enum mode_verdict mode_confirm(struct group *group, uint64_t now_ms)
{
	const struct group_mode *mode = &group->mode;
	const struct mode_written next = {.what = MODE_WRITES_CONFIRM,
					  .record = {.serial = mode_next_serial(mode),
						     .mode = mode->now.mode,
						     .goal = mode->now.goal}};

	if (mode->under_way || mode_is_writing(mode))
		return MODE_BUSY;
	if (!mode->now.then || !mode->confirms)
		return MODE_NOTHING;
	if (mode_is_too_late(mode, now_ms))
		return MODE_TOO_LATE;
	return keep_operators(group, &next, mode_begin_confirmed, now_ms);
}
