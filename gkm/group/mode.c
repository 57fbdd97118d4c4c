/* SPDX-License-Identifier: BSD-3-Clause */
#include "mode.h"

#include <errno.h>

#include "group.h"
#include "mode_apart.h"

static void tell_log(struct group *group, enum mode_event event)
{
	if (group->output.mode_event)
		group->output.mode_event(event, group->output.arg);
}

/* Nothing is changed, and no member is told, before it is on disk. */
static int keep(struct group *group, struct mode_record *record)
{
	int status = 0;

	record->serial = group->mode.now.serial + 1;
	if (group->output.keep_mode)
		status = group->output.keep_mode(record, group->output.arg);
	if (status == 0) {
		group->mode.now = *record;
		group->mode.owes = false;
	}
	return status;
}

/* Members are to be told the present record. */
static void tell_from_now_on(struct group *group, uint64_t now_ms)
{
	struct group_mode *mode = &group->mode;

	mode->told_ms = now_ms;
	mode->acked_ms = 0;
	mode->remind_ms = now_ms + MODE_REMIND_MS;
	tell_log(group, MODE_CHANGED);
}

/* --- acknowledgements ---------------------------------------------------------------------- */

void mode_understood(struct group *group, size_t seat)
{
	group->members[seat].knows_modes = true;
}

void mode_reported(struct group *group, size_t seat, uint64_t now_ms)
{
	group->members[seat].reported_ms = now_ms;
}

int mode_acked(struct group *group, size_t seat, uint64_t serial, uint64_t now_ms)
{
	struct member *member = &group->members[seat];

	if (!member->session || serial == 0 || serial > member->mode_told)
		return -EPROTO;
	if (serial == member->mode_told && serial > member->mode_acked)
		mode_apart_measure(group, member, now_ms - member->mode_told_ms);
	if (serial > member->mode_acked)
		member->mode_acked = serial;
	if (serial == group->mode.now.serial)
		member->mode_in_force = group->mode.now.mode;
	return 0;
}

/*
 * Forward, nobody may be left behind: neither a member whose session has ended meanwhile, nor one
 * that came back without understanding modes. In all other cases, only members that can answer are
 * waited for. After a restart that includes those that are still to come back.
 */
static bool is_needed(const struct group *group, size_t seat)
{
	const struct member *member = &group->members[seat];

	if (group->mode.forward)
		return member->session || member->enrolled;
	if (group->mode.resumed && !member->session)
		return member->restored;
	return member->session && member->knows_modes;
}

bool mode_awaits(const struct group *group, size_t seat)
{
	return is_needed(group, seat) &&
	       (!group->members[seat].session ||
		group->members[seat].mode_acked != group->mode.now.serial);
}

static bool all_acked(const struct group *group)
{
	for (size_t i = 0; i < group->seats; i++)
		if (mode_awaits(group, i))
			return false;
	return true;
}

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

/*
 * Members go by themselves soon. What they would be told now could reach some of them before that,
 * and others after it; and these could be too far from each other.
 */
static bool is_too_late(const struct group_mode *mode, uint64_t now_ms)
{
	bool far = covey_mode_step(mode->now.goal, mode->now.then) != mode->now.then;

	return mode->now.then &&
	       now_ms + (far ? mode->between_ms : COVEY_MODE_BETWEEN_MS) > mode->deadline_ms;
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
	if (mode->under_way)
		return MODE_BUSY;
	if (is_too_late(mode, now_ms))
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

enum mode_verdict mode_change(struct group *group, const struct mode_request *request,
			      uint64_t now_ms)
{
	struct group_mode *mode = &group->mode;
	struct mode_flaws despite = {0};
	enum mode_verdict verdict = judge(group, request, now_ms, &despite);
	enum covey_mode before = mode->now.mode;
	struct mode_record next = {.mode = covey_mode_step(before, request->mode),
				   .goal = request->mode,
				   .then = then_of(mode, request)};

	if (verdict != MODE_BEGUN)
		return verdict;
	if (keep(group, &next) < 0)
		return MODE_NOT_STORED;
	mode->before = before;
	mode->forward = request->mode > before;
	mode->confirms = request->confirm_s != 0;
	mode->between_ms = COVEY_MODE_BETWEEN_MS;
	mode->deadline_ms = now_ms + (request->for_s + request->confirm_s) * 1000;
	begin(group);
	mode->despite = despite;
	tell_from_now_on(group, now_ms);
	return MODE_BEGUN;
}

enum mode_verdict mode_confirm(struct group *group, uint64_t now_ms)
{
	struct group_mode *mode = &group->mode;
	struct mode_record next = {.mode = mode->now.mode, .goal = mode->now.goal};

	if (mode->under_way)
		return MODE_BUSY;
	if (!mode->now.then || !mode->confirms)
		return MODE_NOTHING;
	if (is_too_late(mode, now_ms))
		return MODE_TOO_LATE;
	if (keep(group, &next) < 0)
		return MODE_NOT_STORED;
	mode->before = mode->now.mode;
	mode->forward = mode->confirms = false;
	begin(group);
	tell_log(group, MODE_CONFIRMED);
	tell_from_now_on(group, now_ms);
	return MODE_BEGUN;
}

/* --- what happens by itself ---------------------------------------------------------------- */

/*
 * The deadline of what is stored has come, or was cut short by a restart: that this ends is stored
 * already. So it goes on even if the rest of it cannot be stored now.
 */
static void owe(struct group *group, struct mode_record *record, uint64_t now_ms)
{
	group->mode.now = *record;
	group->mode.owes = true;
	group->mode.owes_ms = now_ms + MODE_RETRY_MS;
}

/* A step that nobody has asked for. If it cannot be stored, and is not to go on anyway, it is tried
 * again later. */
static bool step(struct group *group, const struct mode_record *to, bool anyway, uint64_t now_ms)
{
	struct mode_record next = *to;

	next.mode = covey_mode_step(group->mode.now.mode, next.goal);
	if (keep(group, &next) == 0)
		return true;
	tell_log(group, MODE_NOT_KEPT);
	if (anyway)
		owe(group, &next, now_ms);
	else
		group->mode.retry_ms = now_ms + MODE_RETRY_MS;
	return anyway;
}

static void pay(struct group *group, uint64_t now_ms)
{
	struct group_mode *mode = &group->mode;

	if (!mode->owes || now_ms < mode->owes_ms)
		return;
	mode->owes = group->output.keep_mode(&mode->now, group->output.arg) < 0;
	mode->owes_ms = now_ms + MODE_RETRY_MS;
}

/* The deadline is over: members go by themselves now, whether they hear of it or not. So nothing is
 * asked, and enforce is the safe side; but what would have been refused is noted. */
static void undo(struct group *group, uint64_t now_ms)
{
	struct group_mode *mode = &group->mode;
	const struct mode_record next = {.goal = mode->now.then};
	enum covey_mode before = mode->now.mode;

	if (!mode->resumed && mode_apart_ms(group, now_ms) > mode->between_ms)
		mode->between_ms = mode_apart_ms(group, now_ms);
	mode->despite = (struct mode_flaws){0};
	if (before == COVEY_MODE_TRANSITION && next.goal == COVEY_MODE_ENFORCE)
		mode_flaws_find(group, COVEY_MODE_ENFORCE, now_ms, &mode->despite);
	(void)step(group, &next, true, now_ms);
	mode->before = before;
	if (mode->under_way)
		mode->outcome = MODE_OUTCOME_UNDONE;
	mode->under_way = true;
	mode->forward = false;
	/* After a restart, members do not go by themselves yet. */
	mode->hurries = !mode->resumed;
	tell_log(group, mode->resumed ? MODE_ENDED : MODE_UNDONE);
	tell_from_now_on(group, now_ms);
}

/* Those that have followed understand those that have not, before and after. */
static void take_back(struct group *group, uint64_t now_ms)
{
	struct group_mode *mode = &group->mode;
	const struct mode_record next = {.goal = mode->before};

	if (!step(group, &next, false, now_ms))
		return;
	mode->forward = false;
	mode->outcome = MODE_OUTCOME_TAKEN_BACK;
	tell_log(group, MODE_TAKEN_BACK);
	tell_from_now_on(group, now_ms);
}

static void finish(struct group *group, uint64_t now_ms)
{
	struct group_mode *mode = &group->mode;

	if (mode->before == COVEY_MODE_OBSERVE && mode->now.mode == COVEY_MODE_TRANSITION)
		mode->encrypts_ms = now_ms;
	mode->under_way = mode->forward = mode->hurries = mode->resumed = false;
	if (mode->outcome == MODE_OUTCOME_UNDER_WAY)
		mode->outcome = MODE_OUTCOME_DONE;
	tell_log(group, MODE_DONE);
}

/* When the present step ends, as far as is known now. */
static uint64_t step_ends_ms(const struct group_mode *mode)
{
	bool last = mode->now.mode == mode->now.goal;

	if (mode->hurries)
		return mode->told_ms + mode->between_ms;
	if (!mode->acked_ms)
		return mode->told_ms + MODE_ACK_MS;
	return mode->acked_ms + (last ? 0 : COVEY_MODE_BETWEEN_MS);
}

/* For the answer to the operator. */
static void note_late(struct group *group)
{
	for (size_t i = 0; i < group->seats; i++)
		group->members[i].mode_late |= mode_awaits(group, i);
}

/* One step of a change that is under way. */
static void go_on(struct group *group, uint64_t now_ms)
{
	struct group_mode *mode = &group->mode;
	const struct mode_record next = {.goal = mode->now.goal, .then = mode->now.then};

	if (!mode->acked_ms && all_acked(group))
		mode->acked_ms = now_ms;
	if (now_ms < step_ends_ms(mode))
		return;
	if (!mode->hurries)
		note_late(group);
	if (mode->forward && !mode->acked_ms)
		take_back(group, now_ms);
	else if (mode->now.mode == mode->now.goal)
		finish(group, now_ms);
	else if (is_too_late(mode, now_ms))
		mode->retry_ms = mode->deadline_ms;
	else if (step(group, &next, mode->hurries, now_ms))
		tell_from_now_on(group, now_ms);
}

static void remind(struct group *group, uint64_t now_ms)
{
	if (now_ms < group->mode.remind_ms)
		return;
	group->mode.remind_ms = now_ms + MODE_REMIND_MS;
	if (group->mode.now.mode != COVEY_MODE_ENFORCE || group->mode.now.then)
		tell_log(group, MODE_REMINDER);
}

/* At least 1, because 0 means that there is no deadline. */
static uint32_t left_ms(const struct group_mode *mode, uint64_t now_ms)
{
	if (!mode->now.then)
		return 0;
	return mode->deadline_ms > now_ms ? (uint32_t)(mode->deadline_ms - now_ms) : 1;
}

static void tell_members(struct group *group, uint64_t now_ms)
{
	const struct mode_order order = {.serial = group->mode.now.serial,
					 .mode = group->mode.now.mode,
					 .left_ms = left_ms(&group->mode, now_ms),
					 .then = group->mode.now.then,
					 .between_ms =
						 group->mode.between_ms == COVEY_MODE_BETWEEN_MS
							 ? 0
							 : group->mode.between_ms};

	for (size_t i = 0; i < group->seats; i++) {
		struct member *member = &group->members[i];

		if (!member->session || !member->knows_modes ||
		    (member->mode_told == order.serial && !member->mode_again))
			continue;
		group->output.mode(member, &order, group->output.arg);
		/* What is measured is the way of the first one. */
		if (member->mode_told != order.serial)
			member->mode_told_ms = now_ms;
		member->mode_told = order.serial;
		member->mode_again = false;
	}
}

void mode_settle(struct group *group, uint64_t now_ms)
{
	struct group_mode *mode = &group->mode;

	if (mode->now.serial == 0)
		return;
	if (now_ms >= mode->retry_ms) {
		if (mode->now.then && now_ms >= mode->deadline_ms)
			undo(group, now_ms);
		else if (mode->under_way)
			go_on(group, now_ms);
	}
	pay(group, now_ms);
	remind(group, now_ms);
	mode_apart_follow(group, now_ms);
	tell_members(group, now_ms);
}

uint64_t mode_deadline(const struct group *group)
{
	const struct group_mode *mode = &group->mode;
	uint64_t next_ms = UINT64_MAX, remind_ms = UINT64_MAX;

	if (mode->now.serial == 0)
		return UINT64_MAX;
	if (mode->under_way)
		next_ms = step_ends_ms(mode);
	if (mode->now.then && mode->deadline_ms < next_ms)
		next_ms = mode->deadline_ms;
	if (next_ms < mode->retry_ms)
		next_ms = mode->retry_ms;
	if (mode->owes && mode->owes_ms < next_ms)
		next_ms = mode->owes_ms;
	if (mode->now.mode != COVEY_MODE_ENFORCE || mode->now.then)
		remind_ms = mode->remind_ms;
	return next_ms < remind_ms ? next_ms : remind_ms;
}

/* --- the beginning ------------------------------------------------------------------------- */

void mode_start(struct group *group, const struct mode_record *stored, enum covey_mode configured,
		uint64_t now_ms)
{
	struct group_mode *mode = &group->mode;

	*mode = (struct group_mode){
		.now = {.serial = 1, .mode = configured, .goal = configured},
		.before = configured,
		.told_ms = now_ms,
		.between_ms = COVEY_MODE_BETWEEN_MS,
		.remind_ms = now_ms + MODE_REMIND_MS,
	};
	if (stored->serial) {
		mode->now = *stored;
		mode->before = stored->mode;
		mode->resumed = true;
	}
	/* Only mode_settle() may change what is stored. */
	mode->deadline_ms = now_ms;
	mode->under_way = mode->now.mode != mode->now.goal || mode->now.then;
	if (mode->under_way || mode->now.mode != COVEY_MODE_ENFORCE)
		tell_log(group, MODE_REMINDER);
}
