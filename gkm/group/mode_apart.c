/* SPDX-License-Identifier: BSD-3-Clause */
#include "mode_apart.h"

#include "group.h"

/* How long a message takes there and back. Who came from two modes away has been in transition
 * meanwhile; of a member that has just joined, that is not known. */
void mode_apart_measure(const struct group *group, struct member *member, uint64_t took_ms)
{
	enum covey_mode from = member->mode_in_force, to = group->mode.now.mode;
	uint32_t between_ms = group->mode.between_ms;

	if (!from || covey_mode_step(from, to) != to)
		took_ms = took_ms > between_ms ? took_ms - between_ms : 0;
	member->mode_rtt_ms =
		took_ms < COVEY_MODE_BETWEEN_MAX_MS ? (uint32_t)took_ms : COVEY_MODE_BETWEEN_MAX_MS;
}

/* How long it has taken until now, if the member has not answered yet. */
static uint32_t waiting_ms(const struct group *group, size_t seat, uint64_t now_ms)
{
	const struct member *member = &group->members[seat];
	uint64_t since_ms = now_ms > member->mode_told_ms ? now_ms - member->mode_told_ms : 0;

	if (!member->knows_modes || member->mode_told == 0 ||
	    member->mode_acked == member->mode_told)
		return 0;
	return since_ms < COVEY_MODE_BETWEEN_MAX_MS ? (uint32_t)since_ms
						    : COVEY_MODE_BETWEEN_MAX_MS;
}

/* In few steps: with each, all members are told again. */
static uint32_t step_of(uint32_t ms)
{
	static const uint32_t steps[] = {COVEY_MODE_BETWEEN_MS, 1000, 2000, 4000, 8000};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (ms <= steps[i])
			return steps[i];
	return COVEY_MODE_BETWEEN_MAX_MS;
}

/*
 * At a deadline, members go by themselves, and are as far apart as the messages that told them of
 * it took. That is at most as long as the slowest one took to acknowledge something.
 */
uint32_t mode_apart_ms(const struct group *group, uint64_t now_ms)
{
	uint32_t slowest = COVEY_MODE_BETWEEN_MS;

	for (size_t i = 0; i < group->seats; i++) {
		if (!group->members[i].session)
			continue;
		if (group->members[i].mode_rtt_ms > slowest)
			slowest = group->members[i].mode_rtt_ms;
		if (waiting_ms(group, i, now_ms) > slowest)
			slowest = waiting_ms(group, i, now_ms);
	}
	return step_of(slowest);
}

/* If it turns out that members are farther apart than they were told, they are told again. Shortly
 * before a deadline that could reach some of them before they go, and others after it. */
void mode_apart_follow(struct group *group, uint64_t now_ms)
{
	struct group_mode *mode = &group->mode;
	uint32_t slowest = mode_apart_ms(group, 0);

	if (slowest <= mode->between_ms)
		return;
	mode->between_ms = slowest;
	if (!mode->now.then || now_ms + slowest > mode->deadline_ms)
		return;
	for (size_t i = 0; i < group->seats; i++)
		group->members[i].mode_again = true;
}
