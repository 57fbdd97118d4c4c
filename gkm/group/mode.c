/* SPDX-License-Identifier: BSD-3-Clause */
#include "mode.h"

#include <errno.h>

#include "group.h"
#include "mode_apart.h"
#include "mode_keep.h"

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

/* --- what happens by itself ---------------------------------------------------------------- */

/* Members are told of it, but it is not on disk. */
static void owe(struct group *group, const struct mode_record *record, uint64_t again_ms)
{
	group->mode.now = *record;
	group->mode.owes = true;
	group->mode.owes_ms = again_ms;
}

static struct mode_written next_step(const struct group_mode *mode, enum mode_writing what,
				     const struct mode_record *to)
{
	struct mode_written next = {.what = what, .record = *to};

	next.record.serial = mode_next_serial(mode);
	next.record.mode = covey_mode_step(mode->now.mode, to->goal);
	return next;
}

/* A step that nobody has asked for. False when it is not on disk; then it is tried again later, or
 * follows in mode_kept(). */
static bool step(struct group *group, enum mode_writing what, const struct mode_record *to,
		 uint64_t now_ms)
{
	struct group_mode *mode = &group->mode;
	const struct mode_written next = next_step(mode, what, to);
	int status = mode_keep(group, &next);

	if (status == 0)
		mode_take(mode);
	if (status == 0 || status == -EINPROGRESS)
		return status == 0;
	mode_tell_log(group, MODE_NOT_KEPT);
	mode->retry_ms = now_ms + MODE_RETRY_MS;
	return false;
}

/*
 * The deadline of what is stored has come, or was cut short by a restart: that this ends is stored
 * already. So it goes on even if the rest of it cannot be stored now, or not yet.
 */
static void step_anyway(struct group *group, const struct mode_record *to, uint64_t now_ms)
{
	struct group_mode *mode = &group->mode;
	struct mode_written next;
	int status;

	if (mode_is_writing(mode) && mode->written.what != MODE_WRITES_DEBT) {
		mode->written.what = MODE_WRITES_IN_VAIN;
		mode->serial_used = mode->written.record.serial;
	}
	next = next_step(mode, MODE_WRITES_DEBT, to);
	if (mode_is_writing(mode)) {
		owe(group, &next.record, now_ms);
		return;
	}
	status = mode_keep(group, &next);
	if (status == 0) {
		mode_take(mode);
		return;
	}
	if (status != -EINPROGRESS)
		mode_tell_log(group, MODE_NOT_KEPT);
	owe(group, &next.record, now_ms + MODE_RETRY_MS);
}

static void pay(struct group *group, uint64_t now_ms)
{
	struct group_mode *mode = &group->mode;
	const struct mode_written debt = {.what = MODE_WRITES_DEBT, .record = mode->now};

	if (!mode->owes || mode_is_writing(mode) || now_ms < mode->owes_ms)
		return;
	mode->owes = mode_keep(group, &debt) < 0;
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
	step_anyway(group, &next, now_ms);
	mode->before = before;
	if (mode->under_way)
		mode->outcome = MODE_OUTCOME_UNDONE;
	mode->under_way = true;
	mode->forward = false;
	/* After a restart, members do not go by themselves yet. */
	mode->hurries = !mode->resumed;
	mode_tell_log(group, mode->resumed ? MODE_ENDED : MODE_UNDONE);
	mode_tell_from_now_on(group, now_ms);
}

/* That is on disk. */
static void taken_back(struct group *group, uint64_t now_ms)
{
	struct group_mode *mode = &group->mode;

	mode->forward = false;
	mode->outcome = MODE_OUTCOME_TAKEN_BACK;
	mode_tell_log(group, MODE_TAKEN_BACK);
	mode_tell_from_now_on(group, now_ms);
}

/* Those that have followed understand those that have not, before and after. */
static void take_back(struct group *group, uint64_t now_ms)
{
	const struct mode_record next = {.goal = group->mode.before};

	if (step(group, MODE_WRITES_TAKE_BACK, &next, now_ms))
		taken_back(group, now_ms);
}

static void finish(struct group *group, uint64_t now_ms)
{
	struct group_mode *mode = &group->mode;

	if (mode->before == COVEY_MODE_OBSERVE && mode->now.mode == COVEY_MODE_TRANSITION)
		mode->encrypts_ms = now_ms;
	mode->under_way = mode->forward = mode->hurries = mode->resumed = false;
	if (mode->outcome == MODE_OUTCOME_UNDER_WAY)
		mode->outcome = MODE_OUTCOME_DONE;
	mode_tell_log(group, MODE_DONE);
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

/* What members do by themselves does not wait. */
static bool waits_for_disk(const struct group_mode *mode)
{
	return mode_is_writing(mode) && !mode->hurries;
}

static void hurry_on(struct group *group, const struct mode_record *to, uint64_t now_ms)
{
	step_anyway(group, to, now_ms);
	mode_tell_from_now_on(group, now_ms);
}

/* One step of a change that is under way. */
static void go_on(struct group *group, uint64_t now_ms)
{
	struct group_mode *mode = &group->mode;
	const struct mode_record next = {.goal = mode->now.goal, .then = mode->now.then};

	if (!mode->acked_ms && all_acked(group))
		mode->acked_ms = now_ms;
	if (now_ms < step_ends_ms(mode) || waits_for_disk(mode))
		return;
	if (!mode->hurries)
		note_late(group);
	if (mode->forward && !mode->acked_ms)
		take_back(group, now_ms);
	else if (mode->now.mode == mode->now.goal)
		finish(group, now_ms);
	else if (mode_is_too_late(mode, now_ms))
		mode->retry_ms = mode->deadline_ms;
	else if (mode->hurries)
		hurry_on(group, &next, now_ms);
	else if (step(group, MODE_WRITES_STEP, &next, now_ms))
		mode_tell_from_now_on(group, now_ms);
}

/* Nothing follows from a failure of what the operator wanted, but that the operator is told. */
static void on_kept(struct group *group, enum mode_writing what, uint64_t now_ms)
{
	struct group_mode *mode = &group->mode;

	switch (what) {
	case MODE_WRITES_CHANGE:
		mode_begin_change(group, now_ms);
		return;
	case MODE_WRITES_CONFIRM:
		mode_begin_confirmed(group, now_ms);
		return;
	case MODE_WRITES_STEP:
		mode_take(mode);
		mode_tell_from_now_on(group, now_ms);
		return;
	case MODE_WRITES_TAKE_BACK:
		mode_take(mode);
		taken_back(group, now_ms);
		return;
	case MODE_WRITES_DEBT:
		mode->owes = mode->owes && mode->written.record.serial != mode->now.serial;
		return;
	case MODE_WRITES_IN_VAIN:
	case MODE_WRITES_NOTHING:
		return;
	}
}

static void on_not_kept(struct group *group, enum mode_writing what, uint64_t now_ms)
{
	struct group_mode *mode = &group->mode;

	if (what == MODE_WRITES_STEP || what == MODE_WRITES_TAKE_BACK)
		mode->retry_ms = now_ms + MODE_RETRY_MS;
	else if (what == MODE_WRITES_DEBT)
		mode->owes_ms = now_ms + MODE_RETRY_MS;
	else
		return;
	mode_tell_log(group, MODE_NOT_KEPT);
}

void mode_kept(struct group *group, int status, uint64_t now_ms)
{
	enum mode_writing what = group->mode.written.what;

	group->mode.written.what = MODE_WRITES_NOTHING;
	if (status == 0)
		on_kept(group, what, now_ms);
	else
		on_not_kept(group, what, now_ms);
}

static void remind(struct group *group, uint64_t now_ms)
{
	if (now_ms < group->mode.remind_ms)
		return;
	group->mode.remind_ms = now_ms + MODE_REMIND_MS;
	if (group->mode.now.mode != COVEY_MODE_ENFORCE || group->mode.now.then)
		mode_tell_log(group, MODE_REMINDER);
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
	if (mode->under_way && !waits_for_disk(mode))
		next_ms = step_ends_ms(mode);
	if (mode->now.then && mode->deadline_ms < next_ms)
		next_ms = mode->deadline_ms;
	if (next_ms < mode->retry_ms)
		next_ms = mode->retry_ms;
	if (mode->owes && !mode_is_writing(mode) && mode->owes_ms < next_ms)
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
		mode_tell_log(group, MODE_REMINDER);
}
