/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The session that counts: its messages go to the state machine, and when it ends, another attempt
 * is made after a wait.
 */

#include <clock.h>
#include <own.h>
#include <stdlib.h>
#include <string.h>

#include "member_private.h"
#include "printable.h"

/* How long one of several key managers has to answer the connection, ms. TCP asks a second time
 * after one second. */
#define GIVE_UP_MS 1500

void member_session_set_link(struct member *member, enum member_link link)
{
	member->link = link;
	member->link_since = clock_ms();
}

/* Until something is due. The deadline of a mode holds also if the machine sleeps meanwhile. */
static struct timeval wait_for(const struct member *member, uint64_t deadline)
{
	uint64_t now = clock_ms(), wait = deadline > now ? deadline - now : 0;

	if (wait > CLOCK_LOOK_MS && member_state_mode_ends(member->state))
		wait = CLOCK_LOOK_MS;
	return clock_timeval(wait);
}

void member_session_settle(struct member *member)
{
	uint64_t deadline = member_state_deadline(member->state);
	struct timeval wait = wait_for(member, deadline);

	if (member->state->session == SESSION_OPEN && member->link != MEMBER_CONNECTED) {
		member->sessions++;
		member_session_set_link(member, MEMBER_CONNECTED);
		member->last_error[0] = '\0';
		gkm_choice_leads(&member->choice);
		peer_log_line(member->log, LOG_LEVEL_NOTICE, "", "connected to the GKM, %s",
			      channel_peer(member->channel));
	}
	if (member->state->session == SESSION_OPEN && member->followed) {
		member->followed = false;
		peer_log_line(member->log, LOG_LEVEL_NOTICE, "",
			      "the session goes on with our certificate %s", member->serial);
	}
	if (deadline == SA_NEVER)
		evtimer_del(member->tick);
	else
		evtimer_add(member->tick, &wait);
	if (member->config.changed)
		member->config.changed(member->config.arg);
}

/* Each reason is logged once: otherwise a GKM that is away for an hour would fill the log. */
static void report(struct member *member, const char *reason)
{
	char address[COVEY_ADDR_STRLEN];
	char text[sizeof(member->last_error)];

	printable_copy(text, sizeof(text), reason);
	memcpy(member->last_error, text, sizeof(text));
	if (!gkm_choice_explain(&member->choice, text))
		return;
	if (member->state->refusal == COVEY__REFUSAL_CODE__REFUSAL_SUPERSEDED)
		peer_log_line(
			member->log, LOG_LEVEL_ERROR, "",
			"ALARM: a second covey-host runs with this host's certificate and took "
			"over its session: stop the wrong one, and if it is not yours, issue a "
			"new certificate (%s)",
			text);
	else if (member->choice.gkms.count == 1)
		peer_log_line(member->log, LOG_LEVEL_WARNING, "", "GKM: %s", text);
	else
		peer_log_line(member->log, LOG_LEVEL_WARNING, "", "GKM %s: %s",
			      covey_addr_format(gkm_choice_address(&member->choice), address),
			      text);
}

static bool needs_operator(Covey__RefusalCode code)
{
	return code == COVEY__REFUSAL_CODE__REFUSAL_VERSION ||
	       code == COVEY__REFUSAL_CODE__REFUSAL_UNKNOWN_HOST ||
	       code == COVEY__REFUSAL_CODE__REFUSAL_EVICTED ||
	       code == COVEY__REFUSAL_CODE__REFUSAL_REVOKED ||
	       code == COVEY__REFUSAL_CODE__REFUSAL_VTEP ||
	       code == COVEY__REFUSAL_CODE__REFUSAL_SENDER_ID ||
	       code == COVEY__REFUSAL_CODE__REFUSAL_SUPERSEDED;
}

void member_session_tell_connecting(struct member *member)
{
	if (member->config.connecting)
		member->config.connecting(member->config.arg);
}

/* Which key manager is next. Returns whether all were tried once more. */
static bool choose_next(struct member *member)
{
	bool lost = member->link == MEMBER_CONNECTED;

	if (member->moved) {
		member->moved = false;
		return false;
	}
	if (member->state->elsewhere)
		return gkm_choice_named(&member->choice, &member->state->leader);
	/* One that was there comes back at once if it was only restarted. One that refuses us for a
	 * reason that an operator must mend leads. */
	if (lost || member->slow)
		return true;
	return gkm_choice_failed(&member->choice);
}

static uint32_t wait_ms(struct member *member, bool round_over)
{
	uint32_t count = (uint32_t)member->choice.gkms.count;
	uint32_t wait;

	if (member->slow)
		return backoff_slow(arc4random_uniform);
	wait = backoff_share(&member->backoff, count, arc4random_uniform);
	if (round_over)
		backoff_raise(&member->backoff);
	return wait;
}

static void wait_to_reconnect(struct member *member)
{
	uint64_t lasted = clock_ms() - member->link_since;
	struct timeval wait;

	evtimer_del(member->give_up);
	member_session_tell_connecting(member);
	if (member->link == MEMBER_CONNECTED && lasted >= BACKOFF_SOUND_MS)
		backoff_reset(&member->backoff);
	wait = clock_timeval(wait_ms(member, choose_next(member)));
	/* The session that ended had the old certificate, which may have been revoked: try the new
	 * one at once. */
	if (member->renewed)
		wait = clock_timeval(0);
	member->slow = false;
	if (member->link == MEMBER_CONNECTED)
		member->lost++;
	member_session_set_link(member, MEMBER_WAITING);
	evtimer_add(member->reconnect, &wait);
}

void member_session_finish(struct member *member, const struct covey_error *error)
{
	report(member, error->text);
	member->slow = needs_operator(member->state->refusal);
	member->finished = true;
	member_state_closed(member->state);
	channel_finish(member->channel, error->text);
}

/* --- the channel's events -------------------------------------------------------------------- */

static void opened(struct channel *channel, const struct identity *peer, void *arg)
{
	struct member *member = arg;
	struct covey_error error;

	if (channel == member->next.channel) {
		next_session_greet(member);
		return;
	}
	if (member_state_opened(member->state, &error) < 0)
		member_session_finish(member, &error);
	member_session_settle(member);
}

static void received(struct channel *channel, const Covey__Message *message, void *arg)
{
	struct member *member = arg;
	struct covey_error error;

	if (channel == member->next.channel) {
		struct channel *before = member->channel;

		if (!next_session_is_welcome(member, message))
			return;
		next_session_take(member);
		channel_free(before);
	}
	if (member->finished)
		return;
	peer_log_line(member->log, LOG_LEVEL_DEBUG, "", "received %s", message_name(message));
	if (member_state_received(member->state, message, clock_ms(), &error) < 0)
		member_session_finish(member, &error);
	member_session_settle(member);
}

static void closed(struct channel *channel, const char *reason, void *arg)
{
	struct member *member = arg;

	if (channel == member->next.channel) {
		channel_free(channel);
		next_session_failed(member, reason);
		return;
	}
	if (!member->finished) {
		if (!member->next.greeted)
			report(member, reason);
		member_state_closed(member->state);
	}
	channel_free(channel);
	member->channel = NULL;
	if (member->next.channel)
		next_session_take(member);
	else
		wait_to_reconnect(member);
	member_session_settle(member);
}

static const struct channel_handlers handlers = {
	.opened = opened,
	.received = received,
	.closed = closed,
};

int member_session_connect(struct member *member, struct channel **ret_channel,
			   char serial[CERTIFICATE_SERIAL_STRLEN], struct covey_error *error)
{
	const struct own_chain *chain = tls_own_chain(member->config.tls);

	member->renewed = false;
	memcpy(serial, chain->list[0].serial, CERTIFICATE_SERIAL_STRLEN);
	return channel_connect(member->config.base, member->config.tls,
			       gkm_choice_address(&member->choice), member->config.gkm_port,
			       &handlers, member, ret_channel, error);
}

void member_session_begin(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval patience = clock_timeval(GIVE_UP_MS);
	struct member *member = arg;
	struct covey_error error;

	member_session_tell_connecting(member);
	evtimer_del(member->reconnect); /* this attempt has what was just renewed */
	evtimer_del(member->next.due);
	member_session_set_link(member, MEMBER_CONNECTING);
	member->finished = member->followed = member->state->elsewhere = false;
	member->state->refusal = COVEY__REFUSAL_CODE__REFUSAL_NONE;
	if (member_session_connect(member, &member->channel, member->serial, &error) < 0) {
		member->channel = NULL;
		report(member, error.text);
		wait_to_reconnect(member);
	} else if (member->choice.gkms.count > 1) {
		evtimer_add(member->give_up, &patience);
	}
	member_session_settle(member);
}

/* Its machine may be off. One that is only busy has taken the connection by then. */
void member_session_give_up(evutil_socket_t fd, short what, void *arg)
{
	const struct member *member = arg;

	if (member->channel && !member->finished && !channel_is_answered(member->channel))
		channel_finish(member->channel, "no answer to the connection within 1.5 s");
}

void member_session_tick(evutil_socket_t fd, short what, void *arg)
{
	struct member *member = arg;
	struct covey_error error;

	if (member_state_tick(member->state, clock_ms(), &error) < 0)
		member_session_finish(member, &error);
	member_session_settle(member);
}
