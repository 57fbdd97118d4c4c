/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The session that is to replace the present one, with our new certificate.
 *
 * Make before break: the present session goes on until the GKM welcomes the next one. Until then
 * the next one is only a channel, and if it fails, nothing has happened.
 */

#include <clock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "member_private.h"
#include "printable.h"
#include "refusal.h"

/* How long to put the next session off while the present one is being made. */
#define MOVE_LATER_MS UINT32_C(500)

void next_session_plan(struct member *member, uint32_t wait_ms)
{
	struct timeval wait = clock_timeval(wait_ms);

	evtimer_add(member->next.due, &wait);
}

void next_session_greet(struct member *member)
{
	Covey__Hello hello;
	Covey__Message message = COVEY__MESSAGE__INIT;

	member_state_hello(member->state, &hello);
	message.body_case = COVEY__MESSAGE__BODY_HELLO;
	message.hello = &hello;
	if (channel_send(member->next.channel, &message) == 0)
		member->next.greeted = true;
	else
		channel_finish(member->next.channel, "Hello cannot be sent");
}

void next_session_take(struct member *member)
{
	struct next_session *next = &member->next;

	member->channel = next->channel;
	member->finished = member->slow = false;
	member->state->refusal = COVEY__REFUSAL_CODE__REFUSAL_NONE;
	member->followed = next->greeted;
	memcpy(member->serial, next->serial, sizeof(member->serial));
	member_session_set_link(member, next->greeted ? MEMBER_CONNECTED : MEMBER_CONNECTING);
	if (next->greeted)
		member_state_followed(member->state);
	next->channel = NULL;
	next->greeted = false;
}

void next_session_failed(struct member *member, const char *reason)
{
	char text[sizeof(member->last_error)];

	member->next.channel = NULL;
	member->next.greeted = false;
	member->renewed = true;
	printable_copy(text, sizeof(text), reason);
	peer_log_line(member->log, LOG_LEVEL_WARNING, "",
		      "no session with our certificate %s, so that the one with %s goes on: %s",
		      member->next.serial, member->serial, text);
	next_session_plan(member, backoff_slow(arc4random_uniform));
}

bool next_session_is_welcome(struct member *member, const Covey__Message *message)
{
	char reason[COVEY_REASON_MAX + 64] = "no Welcome";

	if (message->body_case == COVEY__MESSAGE__BODY_WELCOME)
		return true;
	if (message->body_case == COVEY__MESSAGE__BODY_REFUSED)
		snprintf(reason, sizeof(reason), "the GKM refuses us: %s (%.*s)",
			 refusal_name(message->refused->code), COVEY_REASON_MAX,
			 message->refused->reason);
	if (message->body_case == COVEY__MESSAGE__BODY_NOT_LEADING)
		snprintf(reason, sizeof(reason), "the GKM does not lead (%.*s)", COVEY_REASON_MAX,
			 message->not_leading->reason);
	channel_finish(member->next.channel, reason);
	return false;
}

void next_session_begin(evutil_socket_t fd, short what, void *arg)
{
	struct member *member = arg;
	struct covey_error error;

	/* The next attempt has the new certificates anyway. */
	if (member->link == MEMBER_WAITING)
		return;
	if (member->link != MEMBER_CONNECTED || member->finished || member->next.channel) {
		next_session_plan(member, MOVE_LATER_MS);
		return;
	}
	member_session_tell_connecting(member);
	evtimer_del(member->next.due);
	if (member_session_connect(member, &member->next.channel, member->next.serial, &error) < 0)
		next_session_failed(member, error.text);
}
