/* SPDX-License-Identifier: BSD-3-Clause */
#include "mode_keep.h"

#include <errno.h>

#include "group.h"

void mode_tell_log(struct group *group, enum mode_event event)
{
	if (group->output.mode_event)
		group->output.mode_event(event, group->output.arg);
}

bool mode_is_writing(const struct group_mode *mode)
{
	return mode->written.what != MODE_WRITES_NOTHING;
}

uint64_t mode_next_serial(const struct group_mode *mode)
{
	return (mode->now.serial > mode->serial_used ? mode->now.serial : mode->serial_used) + 1;
}

int mode_keep(struct group *group, const struct mode_written *written)
{
	struct group_mode *mode = &group->mode;
	int status = 0;

	mode->written = *written;
	if (group->output.keep_mode)
		status = group->output.keep_mode(&mode->written.record, group->output.arg);
	if (status != -EINPROGRESS)
		mode->written.what = MODE_WRITES_NOTHING;
	return status;
}

void mode_take(struct group_mode *mode)
{
	mode->now = mode->written.record;
	mode->owes = false;
}

void mode_tell_from_now_on(struct group *group, uint64_t now_ms)
{
	struct group_mode *mode = &group->mode;

	mode->told_ms = now_ms;
	mode->acked_ms = 0;
	mode->remind_ms = now_ms + MODE_REMIND_MS;
	mode_tell_log(group, MODE_CHANGED);
}

bool mode_is_too_late(const struct group_mode *mode, uint64_t now_ms)
{
	bool far = covey_mode_step(mode->now.goal, mode->now.then) != mode->now.then;

	return mode->now.then &&
	       now_ms + (far ? mode->between_ms : COVEY_MODE_BETWEEN_MS) > mode->deadline_ms;
}
