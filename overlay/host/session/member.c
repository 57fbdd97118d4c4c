/* SPDX-License-Identifier: BSD-3-Clause */

#include "member.h"

#include <certificate_id.h>
#include <channel.h>
#include <clock.h>
#include <crl.h>
#include <errno.h>
#include <log.h>
#include <own.h>
#include <peer_log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backoff.h"
#include "instance_file.h"
#include "printable.h"

/* When certificates have changed, another session begins within this time. So the hosts of a fabric
 * do not all come at once when their certificates are renewed together. */
#define MOVE_MS UINT32_C(2000)
/* How long to wait with that while a session is being made, or a group left. */
#define MOVE_LATER_MS UINT32_C(500)

/* A session that is to replace the present one, until its Welcome comes. */
struct next_session {
	struct channel *channel; /* NULL: there is none */
	struct event *due;
	bool greeted; /* Hello has been sent: the GKM may have ended the other session because of it
		       */
	char serial[CERTIFICATE_SERIAL_STRLEN];
};

struct member {
	struct member_config config;
	struct member_state *state;
	struct peer_log *log;    /* for lines that the GKM can cause */
	struct channel *channel; /* NULL while waiting */
	struct next_session next;
	struct event *tick;
	struct event *reconnect;
	struct backoff backoff;
	enum member_link link;
	uint64_t link_since; /* ms, monotonic */
	bool finished;       /* the channel is useless, and on its way out */
	bool slow;           /* the next attempt may wait long */
	bool renewed;        /* other certificates have come since the last attempt began */
	bool followed;       /* this session follows another one, and that was not said yet */
	char serial[CERTIFICATE_SERIAL_STRLEN]; /* of our certificate in this session */
	char last_error[512];
};

static void set_link(struct member *member, enum member_link link)
{
	member->link = link;
	member->link_since = clock_ms();
}

/* --- what the state machine does to the world ---------------------------------------------- */

static int send_message(void *arg, const Covey__Message *message)
{
	struct member *member = arg;

	return channel_send(member->channel, message);
}

/* The limit on lines holds for each group by itself: a host may be in hundreds. */
static const char *subject(const char *text, char buf[COVEY_NAME_MAX + 8])
{
	size_t len = strncmp(text, "group ", 6) == 0 ? strcspn(text, ":") : 0;

	snprintf(buf, COVEY_NAME_MAX + 8, "%.*s", (int)len, text);
	return buf;
}

static void note(void *arg, enum log_level level, const char *kind, const char *text)
{
	const struct member *member = arg;
	char who[COVEY_NAME_MAX + 8];

	peer_log_text(member->log, level, subject(text, who), kind, text);
}

static uint32_t random_below(void *arg, uint32_t bound)
{
	return arc4random_uniform(bound);
}

static bool listens(void *arg, const uint32_t *vnis, size_t count)
{
	const struct member *member = arg;

	return member->config.listens && member->config.listens(member->config.arg, vnis, count);
}

static void deaf(void *arg)
{
	const struct member *member = arg;

	if (member->config.deaf)
		member->config.deaf(member->config.arg);
}

/* --- the session ----------------------------------------------------------------------------- */

static void plan_next(struct member *member, uint32_t wait_ms)
{
	struct timeval wait = clock_timeval(wait_ms);

	evtimer_add(member->next.due, &wait);
}

/* Call this after anything that may have changed the state machine. */
static void settle(struct member *member)
{
	uint64_t deadline = member_state_deadline(member->state), now = clock_ms();
	struct timeval wait = clock_timeval(deadline > now ? deadline - now : 0);

	if (member->state->session == SESSION_OPEN && member->link != MEMBER_CONNECTED) {
		set_link(member, MEMBER_CONNECTED);
		member->last_error[0] = '\0';
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
	char text[sizeof(member->last_error)];

	printable_copy(text, sizeof(text), reason);
	if (strcmp(member->last_error, text) == 0)
		return;
	memcpy(member->last_error, text, sizeof(text));
	if (member->state->refusal == COVEY__REFUSAL_CODE__REFUSAL_SUPERSEDED)
		peer_log_line(
			member->log, LOG_LEVEL_ERROR, "",
			"ALARM: a second covey-host runs with this host's certificate and took "
			"over its session: stop the wrong one, and if it is not yours, issue a "
			"new certificate (%s)",
			text);
	else
		peer_log_line(member->log, LOG_LEVEL_WARNING, "", "GKM: %s", text);
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

/* Certificates may be loaded anew in this call. */
static void tell_connecting(struct member *member)
{
	if (member->config.connecting)
		member->config.connecting(member->config.arg);
}

static void wait_to_reconnect(struct member *member)
{
	uint64_t lasted = clock_ms() - member->link_since;
	struct timeval wait;

	tell_connecting(member);
	if (member->link == MEMBER_CONNECTED && lasted >= BACKOFF_SOUND_MS)
		backoff_reset(&member->backoff);
	wait = clock_timeval(member->slow ? backoff_slow(arc4random_uniform)
					  : backoff_next(&member->backoff, arc4random_uniform));
	/* The session that ended had the old certificate, which may have been revoked: try the new
	 * one at once. */
	if (member->renewed)
		wait = clock_timeval(0);
	member->slow = false;
	set_link(member, MEMBER_WAITING);
	evtimer_add(member->reconnect, &wait);
}

/* The session is useless: stop listening to it now. It closes when all that is queued has been
 * sent. */
static void finish(struct member *member, const struct covey_error *error)
{
	report(member, error->text);
	member->slow = needs_operator(member->state->refusal);
	member->finished = true;
	member_state_closed(member->state);
	channel_finish(member->channel, error->text);
}

/* --- another session in its place ------------------------------------------------------------ */

/*
 * Make before break: the present session goes on until the GKM welcomes the next one. Until then
 * the next one is only a channel, and if it fails, nothing has happened.
 */

static void greet(struct member *member)
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

static void take_next(struct member *member)
{
	struct next_session *next = &member->next;

	member->channel = next->channel;
	member->finished = member->slow = false;
	member->state->refusal = COVEY__REFUSAL_CODE__REFUSAL_NONE;
	member->followed = next->greeted;
	memcpy(member->serial, next->serial, sizeof(member->serial));
	set_link(member, next->greeted ? MEMBER_CONNECTED : MEMBER_CONNECTING);
	if (next->greeted)
		member_state_followed(member->state);
	next->channel = NULL;
	next->greeted = false;
}

static void next_failed(struct member *member, const char *reason)
{
	char text[sizeof(member->last_error)];

	member->next.channel = NULL;
	member->next.greeted = false;
	member->renewed = true;
	printable_copy(text, sizeof(text), reason);
	peer_log_line(member->log, LOG_LEVEL_WARNING, "",
		      "no session with our certificate %s, so that the one with %s goes on: %s",
		      member->next.serial, member->serial, text);
	plan_next(member, backoff_slow(arc4random_uniform));
}

static bool is_welcome(struct member *member, const Covey__Message *message)
{
	char reason[COVEY_REASON_MAX + 64] = "no Welcome";

	if (message->body_case == COVEY__MESSAGE__BODY_WELCOME)
		return true;
	if (message->body_case == COVEY__MESSAGE__BODY_REFUSED)
		snprintf(reason, sizeof(reason), "the GKM refuses us: %s (%.*s)",
			 refusal_name(message->refused->code), COVEY_REASON_MAX,
			 message->refused->reason);
	channel_finish(member->next.channel, reason);
	return false;
}

/* --- the session's events -------------------------------------------------------------------- */

static void opened(struct channel *channel, const struct identity *peer, void *arg)
{
	struct member *member = arg;
	struct covey_error error;

	if (channel == member->next.channel) {
		greet(member);
		return;
	}
	if (member_state_opened(member->state, &error) < 0)
		finish(member, &error);
	settle(member);
}

static void received(struct channel *channel, const Covey__Message *message, void *arg)
{
	struct member *member = arg;
	struct covey_error error;

	if (channel == member->next.channel) {
		struct channel *before = member->channel;

		if (!is_welcome(member, message))
			return;
		take_next(member);
		channel_free(before);
	}
	if (member->finished)
		return;
	peer_log_line(member->log, LOG_LEVEL_DEBUG, "", "received %s", message_name(message));
	if (member_state_received(member->state, message, clock_ms(), &error) < 0)
		finish(member, &error);
	settle(member);
}

static void closed(struct channel *channel, const char *reason, void *arg)
{
	struct member *member = arg;

	if (channel == member->next.channel) {
		channel_free(channel);
		next_failed(member, reason);
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
		take_next(member);
	else
		wait_to_reconnect(member);
	settle(member);
}

static const struct channel_handlers handlers = {
	.opened = opened,
	.received = received,
	.closed = closed,
};

static int connect_to_gkm(struct member *member, struct channel **ret_channel,
			  char serial[CERTIFICATE_SERIAL_STRLEN], struct covey_error *error)
{
	const struct own_chain *chain = tls_own_chain(member->config.tls);

	member->renewed = false;
	memcpy(serial, chain->list[0].serial, CERTIFICATE_SERIAL_STRLEN);
	return channel_connect(member->config.base, member->config.tls, &member->config.gkm_address,
			       member->config.gkm_port, &handlers, member, ret_channel, error);
}

static void start_connecting(evutil_socket_t fd, short what, void *arg)
{
	struct member *member = arg;
	struct covey_error error;

	tell_connecting(member);
	evtimer_del(member->reconnect); /* this attempt has what was just renewed */
	evtimer_del(member->next.due);
	set_link(member, MEMBER_CONNECTING);
	member->finished = member->followed = false;
	member->state->refusal = COVEY__REFUSAL_CODE__REFUSAL_NONE;
	if (connect_to_gkm(member, &member->channel, member->serial, &error) < 0) {
		member->channel = NULL;
		report(member, error.text);
		wait_to_reconnect(member);
	}
	settle(member);
}

static void begin_next(evutil_socket_t fd, short what, void *arg)
{
	struct member *member = arg;
	struct covey_error error;

	/* The next attempt has the new certificates anyway. */
	if (member->link == MEMBER_WAITING)
		return;
	if (member->link != MEMBER_CONNECTED || member->finished || member->next.channel ||
	    member_state_leaves(member->state)) {
		plan_next(member, MOVE_LATER_MS);
		return;
	}
	tell_connecting(member);
	evtimer_del(member->next.due);
	if (connect_to_gkm(member, &member->next.channel, member->next.serial, &error) < 0)
		next_failed(member, error.text);
}

static void tick(evutil_socket_t fd, short what, void *arg)
{
	struct member *member = arg;
	struct covey_error error;

	if (member_state_tick(member->state, clock_ms(), &error) < 0)
		finish(member, &error);
	settle(member);
}

/* --- life ------------------------------------------------------------------------------------ */

int member_new(const struct member_config *config, struct member **ret_member,
	       struct covey_error *error)
{
	struct member *member = calloc(1, sizeof(*member));
	const struct effects effects = {
		.ops = config->ops,
		.dataplane = config->dataplane,
		.send = send_message,
		.note = note,
		.listens = listens,
		.deaf = deaf,
		.random = random_below,
		.arg = member,
	};

	if (!member)
		return covey_error_set(error, -ENOMEM, "out of memory");
	member->config = *config;
	member->tick = evtimer_new(config->base, tick, member);
	member->reconnect = evtimer_new(config->base, start_connecting, member);
	member->next.due = evtimer_new(config->base, begin_next, member);
	member->log = peer_log_new(config->base);
	if (!member->tick || !member->reconnect || !member->next.due || !member->log ||
	    member_state_new(&effects, &config->vtep, &member->state) < 0) {
		member_free(member);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	set_link(member, MEMBER_WAITING);
	*ret_member = member;
	return 0;
}

void member_keep_instance(struct member *member, const char *path)
{
	struct covey_error error;

	if (instance_file_swap(path, member->state->own_instance, &member->state->previous,
			       &error) < 0)
		log_warning("%s: a restart may look like a second host to the GKM", error.text);
}

void member_start(struct member *member)
{
	start_connecting(-1, 0, member);
}

/* The serial number of the peer's certificate if that is revoked. NULL: it is not, or there is no
 * peer yet. */
static const char *revoked_serial(const struct member *member, const struct channel *channel)
{
	const struct certificate_chain *certificate = channel ? channel_certificate(channel) : NULL;

	if (!certificate || !crl_revokes_chain(tls_crl(member->config.tls), certificate))
		return NULL;
	return certificate->serial;
}

void member_recheck(struct member *member)
{
	const char *serial = revoked_serial(member, member->channel);
	struct covey_error error;

	if (revoked_serial(member, member->next.channel))
		channel_finish(member->next.channel, "the GKM's certificate is revoked");
	if (member->finished || !serial)
		return;
	covey_error_set(&error, -EACCES,
			"the GKM's certificate, serial number %s, is revoked: the session ends",
			serial);
	finish(member, &error);
	settle(member);
}

void member_renewed(struct member *member)
{
	struct timeval now = {0};

	member->renewed = true;
	if (member->link == MEMBER_WAITING && !member->channel) {
		backoff_reset(&member->backoff);
		evtimer_add(member->reconnect, &now);
		return;
	}
	plan_next(member, 1 + arc4random_uniform(MOVE_MS));
}

void member_free(struct member *member)
{
	if (!member)
		return;
	if (member->channel)
		channel_free(member->channel);
	if (member->next.channel)
		channel_free(member->next.channel);
	if (member->next.due)
		event_free(member->next.due);
	if (member->reconnect)
		event_free(member->reconnect);
	if (member->tick)
		event_free(member->tick);
	member_state_free(member->state);
	peer_log_free(member->log);
	free(member);
}

int member_join(struct member *member, const char *group, struct covey_error *error)
{
	int status = member_state_join(member->state, group, error);

	settle(member);
	return status;
}

int member_leave(struct member *member, const char *group, struct covey_error *error)
{
	int status = member_state_leave(member->state, group, error);

	settle(member);
	return status;
}

void member_read_status(const struct member *member, struct member_status *ret_status)
{
	*ret_status = (struct member_status){
		.gkm_address = member->config.gkm_address,
		.gkm_port = member->config.gkm_port,
		.link = member->link,
		.since_ms = clock_ms() - member->link_since,
		.last_error = member->last_error[0] ? member->last_error : NULL,
		.certificate = member->channel ? member->serial : NULL,
	};
}

const struct member_state *member_read_state(const struct member *member)
{
	return member->state;
}
