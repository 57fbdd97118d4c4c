/* SPDX-License-Identifier: BSD-3-Clause */

#include "member_mode.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "membership.h"

/* How long until another try, when guard or dataplane could not do it. */
#define RETRY_MS  UINT64_C(1000)
#define REMIND_MS UINT64_C(3600000)

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* --- what the log says ------------------------------------------------------------------------ */

static const char *what_it_means(enum covey_mode mode)
{
	switch (mode) {
	case COVEY_MODE_OBSERVE:
		return "its VXLAN LEAVES IN CLEAR, and clear VXLAN comes in";
	case COVEY_MODE_TRANSITION:
		return "its VXLAN leaves encrypted, but CLEAR VXLAN COMES IN, too";
	case COVEY_MODE_ENFORCE:
		break;
	}
	return "its VXLAN leaves and comes in encrypted only";
}

static void say(const struct membership *group, uint64_t now, const struct effects *effects)
{
	const struct member_mode *mode = &group->mode;
	char ends[64] = "";

	if (mode->then_at != MEMBER_MODE_NEVER)
		snprintf(ends, sizeof(ends), "; %s in %" PRIu64 " s", covey_mode_name(mode->then),
			 mode->then_at > now ? (mode->then_at - now + 999) / 1000 : 0);
	effects_note(effects,
		     mode->mode == COVEY_MODE_ENFORCE ? LOG_LEVEL_NOTICE : LOG_LEVEL_WARNING,
		     "group %s is in %s: %s%s", group->name, covey_mode_name(mode->mode),
		     what_it_means(mode->mode), ends);
}

/* --- steps ------------------------------------------------------------------------------------ */

/* One step towards the goal. If it is not the last one, the next waits. */
static void step(struct member_mode *mode, uint64_t now)
{
	mode->mode = covey_mode_step(mode->mode, mode->goal);
	mode->try_at = now;
	mode->step_at = mode->mode == mode->goal ? MEMBER_MODE_NEVER : now + mode->between_ms;
}

static void go(struct member_mode *mode, enum covey_mode goal, uint64_t now)
{
	mode->goal = goal;
	/* Who is in transition already, on the way somewhere, has not been there for long. */
	if (mode->mode == goal)
		mode->step_at = MEMBER_MODE_NEVER;
	else if (mode->step_at == MEMBER_MODE_NEVER)
		step(mode, now);
}

static uint32_t at_least_between(uint32_t ms)
{
	return ms > COVEY_MODE_BETWEEN_MS ? ms : COVEY_MODE_BETWEEN_MS;
}

void member_mode_begin(struct member_mode *mode, const struct member_mode_first *first)
{
	*mode = (struct member_mode){
		.mode = first->mode,
		.goal = first->mode,
		.then = first->then,
		.then_at = first->then_at,
		.step_at = MEMBER_MODE_NEVER,
		.between_ms = at_least_between(first->between_ms),
		.remind_at = MEMBER_MODE_NEVER,
	};
}

void member_mode_session(struct member_mode *mode, bool anew)
{
	if (anew)
		mode->serial = 0;
	mode->to_ack = false;
}

void member_mode_renew(struct member_mode *mode)
{
	mode->try_at = 0;
}

void member_mode_keyed(struct member_mode *mode)
{
	if (mode->keyed)
		return;
	mode->keyed = true;
	member_mode_renew(mode);
}

/* --- the GKM's word --------------------------------------------------------------------------- */

static int check(const struct membership *group, const Covey__GroupMode *message,
		 struct covey_error *error)
{
	bool ends = message->left_ms != 0;

	if (message->mode < COVEY_MODE_OBSERVE || message->mode > COVEY_MODE_ENFORCE ||
	    (ends && (message->then < COVEY_MODE_OBSERVE || message->then > COVEY_MODE_ENFORCE)) ||
	    (!ends && message->then != 0))
		return covey_error_set(error, -EPROTO,
				       "group %s: GroupMode with mode %" PRIu32 ", then %" PRIu32
				       ", which make no sense",
				       group->name, message->mode, message->then);
	if (message->left_ms > COVEY_MODE_DEADLINE_MAX_S * 1000)
		return covey_error_set(error, -EPROTO,
				       "group %s: GroupMode that ends in %" PRIu32
				       " ms, which is more than a week",
				       group->name, message->left_ms);
	if (message->between_ms > COVEY_MODE_BETWEEN_MAX_MS)
		return covey_error_set(error, -EPROTO,
				       "group %s: GroupMode with %" PRIu32
				       " ms between two modes, which is more than %u",
				       group->name, message->between_ms, COVEY_MODE_BETWEEN_MAX_MS);
	if (message->serial == 0 || message->serial < group->mode.serial)
		return covey_error_set(error, -EPROTO,
				       "group %s: GroupMode with serial %" PRIu64 " after %" PRIu64,
				       group->name, message->serial, group->mode.serial);
	return 0;
}

int member_mode_told(struct membership *group, const Covey__GroupMode *message, uint64_t now,
		     const struct effects *effects, struct covey_error *error)
{
	struct member_mode *mode = &group->mode;
	int status = check(group, message, error);

	if (status)
		return status;
	mode->told = true;
	mode->serial = message->serial;
	mode->to_ack = true;
	mode->then = (enum covey_mode)message->then;
	mode->then_at = message->left_ms ? now + message->left_ms : MEMBER_MODE_NEVER;
	mode->between_ms = at_least_between(message->between_ms);
	go(mode, (enum covey_mode)message->mode, now);
	/* The deadline may be another one: whoever keeps it must hear of that. */
	mode->try_at = now;
	return member_mode_run(group, true, now, effects, error);
}

static int acknowledge(struct membership *group, const struct effects *effects,
		       struct covey_error *error)
{
	Covey__GroupModeInForce in_force = COVEY__GROUP_MODE_IN_FORCE__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	in_force.group = group->name;
	in_force.serial = group->mode.serial;
	message.body_case = COVEY__MESSAGE__BODY_GROUP_MODE_IN_FORCE;
	message.group_mode_in_force = &in_force;
	if (effects->send(effects->arg, &message) != 0)
		return covey_error_set(error, -EPROTO, "cannot queue GroupModeInForce");
	group->mode.to_ack = false;
	return 0;
}

/* --- what is due ------------------------------------------------------------------------------ */

static void put_in_force(struct membership *group, uint64_t now, const struct effects *effects)
{
	struct member_mode *mode = &group->mode;
	struct covey_error error = {.text = ""};

	if (effects->modes && effects->modes(effects->arg, &error) < 0) {
		mode->try_at = now + RETRY_MS;
		effects_note(effects, LOG_LEVEL_ERROR,
			     "group %s: %s is not in force: %s. It is tried again each second",
			     group->name, covey_mode_name(mode->mode), error.text);
		return;
	}
	mode->try_at = MEMBER_MODE_NEVER;
	/* From the start on there is nothing to say of a group that enforces. */
	if (mode->said != mode->mode && (mode->said || mode->mode != COVEY_MODE_ENFORCE)) {
		say(group, now, effects);
	}
	mode->said = mode->mode;
	if (mode->mode == COVEY_MODE_ENFORCE)
		mode->remind_at = MEMBER_MODE_NEVER;
	else if (mode->remind_at == MEMBER_MODE_NEVER)
		mode->remind_at = now + REMIND_MS;
}

static void remind(struct membership *group, uint64_t now, const struct effects *effects)
{
	group->mode.remind_at = now + REMIND_MS;
	say(group, now, effects);
}

int member_mode_run(struct membership *group, bool connected, uint64_t now,
		    const struct effects *effects, struct covey_error *error)
{
	struct member_mode *mode = &group->mode;

	if (now >= mode->then_at) {
		mode->then_at = MEMBER_MODE_NEVER;
		mode->to_ack = false; /* what it was about is over */
		go(mode, mode->then, now);
		mode->try_at = now;
	}
	if (now >= mode->step_at)
		step(mode, now);
	if (now >= mode->try_at)
		put_in_force(group, now, effects);
	if (now >= mode->remind_at)
		remind(group, now, effects);
	if (connected && mode->to_ack && mode->mode == mode->goal && member_mode_in_force(mode))
		return acknowledge(group, effects, error);
	return 0;
}

void member_mode_end(struct membership *group, const struct effects *effects)
{
	struct covey_error error = {.text = ""};

	group->mode = (struct member_mode){
		.mode = COVEY_MODE_ENFORCE,
		.goal = COVEY_MODE_ENFORCE,
		.then_at = MEMBER_MODE_NEVER,
		.step_at = MEMBER_MODE_NEVER,
		.between_ms = COVEY_MODE_BETWEEN_MS,
		.try_at = MEMBER_MODE_NEVER,
		.remind_at = MEMBER_MODE_NEVER,
		.told = true,
	};
	if (effects->modes && effects->modes(effects->arg, &error) < 0) {
		group->mode.try_at = 0;
		effects_note(effects, LOG_LEVEL_ERROR, "group %s: enforce is not in force: %s",
			     group->name, error.text);
	}
}

uint64_t member_mode_deadline(const struct member_mode *mode)
{
	return earlier(earlier(mode->then_at, mode->step_at),
		       earlier(mode->try_at, mode->remind_at));
}
