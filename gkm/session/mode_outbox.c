/* SPDX-License-Identifier: BSD-3-Clause */
#include "mode_outbox.h"

#include <inttypes.h>

#include "clock.h"
#include "message.h"
#include "outbox.h"
#include "peer_log.h"
#include "served_group.h"
#include "session.h"

/* Only the operator, time and a restart cause these lines. So they are not limited. */
#define log_mode(level, group, ...) peer_log_line(NULL, level, group, __VA_ARGS__)

void mode_outbox_send(const struct member *to, const struct mode_order *order, void *arg)
{
	const struct outbox *outbox = arg;
	Covey__GroupMode mode = COVEY__GROUP_MODE__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	mode.group = outbox->served->config->name;
	mode.serial = order->serial;
	mode.mode = order->mode;
	mode.left_ms = order->left_ms;
	mode.then = order->then;
	mode.between_ms = order->between_ms;
	message.body_case = COVEY__MESSAGE__BODY_GROUP_MODE;
	message.group_mode = &mode;
	session_send(to->session, &message);
}

int mode_outbox_keep(const struct mode_record *record, void *arg)
{
	const struct served_group *served = ((const struct outbox *)arg)->served;

	return served->keep_mode(served->arg, record);
}

static uint64_t seconds_left(const struct group_mode *mode)
{
	uint64_t now_ms = clock_ms();

	return mode->deadline_ms > now_ms ? (mode->deadline_ms - now_ms + 999) / 1000 : 0;
}

/* What the mode means, for somebody who has not read of it. */
static const char *meaning(enum covey_mode mode)
{
	switch (mode) {
	case COVEY_MODE_OBSERVE:
		return "VXLAN is sent IN CLEAR, clear and encrypted packets are accepted";
	case COVEY_MODE_TRANSITION:
		return "VXLAN is sent encrypted, CLEAR PACKETS ARE ACCEPTED, too";
	case COVEY_MODE_ENFORCE:
		break;
	}
	return "VXLAN is sent encrypted, and nothing else is accepted";
}

static void log_change(const char *name, const struct group_mode *mode)
{
	log_mode(LOG_LEVEL_NOTICE, name, "%s: members are told mode %s (serial %" PRIu64 "): %s",
		 name, covey_mode_name(mode->now.mode), mode->now.serial, meaning(mode->now.mode));
	if (mode->now.then)
		log_mode(LOG_LEVEL_NOTICE, name, "%s: in %" PRIu64 " s the mode becomes %s%s", name,
			 seconds_left(mode), covey_mode_name(mode->now.then),
			 mode->confirms                         ? ", unless it is confirmed"
			 : mode->now.then == COVEY_MODE_ENFORCE ? ", whatever is in the way then"
								: "");
}

/* Time does not ask who could not follow. */
static void log_unchecked(const char *name, const struct mode_flaws *flaws)
{
	char vtep[COVEY_ADDR_STRLEN];

	for (size_t i = 0; i < flaws->count && i < MODE_FLAWS_NAMED; i++)
		if (flaws->named[i].flaw == MODE_FLAW_CLEAR)
			log_mode(LOG_LEVEL_WARNING, name,
				 "%s: clear VXLAN from %s in VNI %" PRIu32 ", heard %" PRIu32
				 " s ago, is dropped from now on",
				 name, covey_addr_format(&flaws->named[i].vtep, vtep),
				 flaws->named[i].vni, flaws->named[i].ago_s);
	if (flaws->count)
		log_mode(
			LOG_LEVEL_WARNING, name,
			"%s: by its deadline it goes to enforce, which would have been refused for "
			"%zu reasons: who has no connection or no key, or sends in clear, loses "
			"packets: see `covey show --gkm`",
			name, flaws->count);
}

static void log_done(const char *name, const struct group *group)
{
	size_t late = 0;

	for (size_t i = 0; i < group->seats; i++)
		late += group->members[i].session &&
			group->members[i].mode_acked != group->mode.now.serial;
	if (late)
		log_mode(LOG_LEVEL_WARNING, name,
			 "%s: mode %s is not in force yet at %zu members that are connected: which "
			 "ones says `covey mode %s`",
			 name, covey_mode_name(group->mode.now.mode), late, name);
	else
		log_mode(LOG_LEVEL_NOTICE, name,
			 "%s: mode %s is in force at all members that are connected", name,
			 covey_mode_name(group->mode.now.mode));
}

static void log_reminder(const char *name, const struct group_mode *mode)
{
	log_mode(LOG_LEVEL_WARNING, name, "%s is in mode %s: %s", name,
		 covey_mode_name(mode->now.mode), meaning(mode->now.mode));
	if (mode->now.then && seconds_left(mode))
		log_mode(LOG_LEVEL_WARNING, name, "%s: in %" PRIu64 " s the mode becomes %s", name,
			 seconds_left(mode), covey_mode_name(mode->now.then));
}

void mode_outbox_log(enum mode_event event, void *arg)
{
	const struct served_group *served = ((const struct outbox *)arg)->served;
	const struct group_mode *mode = &served->group->mode;
	const char *name = served->config->name;

	switch (event) {
	case MODE_CHANGED:
		log_change(name, mode);
		return;
	case MODE_DONE:
		log_done(name, served->group);
		return;
	case MODE_TAKEN_BACK:
		log_mode(LOG_LEVEL_ERROR, name,
			 "%s: not all members have acknowledged the new mode within %u s: all go "
			 "back to %s",
			 name, (unsigned)(MODE_ACK_MS / 1000), covey_mode_name(mode->now.goal));
		return;
	case MODE_UNDONE:
		log_mode(LOG_LEVEL_WARNING, name, "%s: the time of mode %s is over%s: to %s", name,
			 covey_mode_name(mode->before),
			 mode->confirms ? ", and it was not confirmed" : "",
			 covey_mode_name(mode->now.goal));
		log_unchecked(name, &mode->despite);
		return;
	case MODE_ENDED:
		log_mode(LOG_LEVEL_WARNING, name,
			 "%s: the key manager was restarted before the deadline of mode %s, and "
			 "cannot know how much time has passed: it is over now: to %s",
			 name, covey_mode_name(mode->before), covey_mode_name(mode->now.goal));
		return;
	case MODE_CONFIRMED:
		log_mode(LOG_LEVEL_NOTICE, name, "%s: mode %s is confirmed", name,
			 covey_mode_name(mode->now.mode));
		return;
	case MODE_REMINDER:
		log_reminder(name, mode);
		return;
	case MODE_NOT_KEPT:
		log_mode(LOG_LEVEL_ERROR, name,
			 "%s: the way from mode %s to %s is not on disk; this is tried again", name,
			 covey_mode_name(mode->now.mode),
			 covey_mode_name(mode->now.then ? mode->now.then : mode->now.goal));
		return;
	}
}
