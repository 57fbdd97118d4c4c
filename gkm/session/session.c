/* SPDX-License-Identifier: BSD-3-Clause */
#include "session.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "probes.h"
#include "served_group.h"
#include "sessions.h"

const char *session_name(const struct session *session, char *buf)
{
	snprintf(buf, SESSION_NAME_LEN, "%s (%s)",
		 session->opened ? session->peer.host : "unknown peer",
		 channel_peer(session->channel));
	return buf;
}

/* The name under which the log counts lines that this session causes. */
static const char *culprit(const struct session *session)
{
	return session->opened ? session->peer.host : "";
}

#define session_log(session, level, ...)                                                           \
	peer_log_line((session)->sessions->log, level, culprit(session), __VA_ARGS__)

/* --- groups -------------------------------------------------------------------------------- */

struct registration *session_registration(struct session *session,
					  const struct served_group *served)
{
	for (size_t i = 0; i < session->registration_count; i++)
		if (session->registrations[i].served == served)
			return &session->registrations[i];
	return NULL;
}

size_t session_joined_count(const struct session *session)
{
	size_t count = 0;

	for (size_t i = 0; i < session->registration_count; i++)
		count += session->registrations[i].joined;
	return count;
}

struct registration *session_register(struct session *session, struct served_group *served,
				      size_t seat)
{
	struct registration *found = session_registration(session, served);
	struct registration *grown;

	if (found)
		return found;
	grown = reallocarray(session->registrations, session->registration_count + 1,
			     sizeof(*grown));
	if (!grown)
		return NULL;
	session->registrations = grown;
	found = &grown[session->registration_count++];
	*found = (struct registration){.served = served, .seat = seat};
	return found;
}

struct registration *session_find(struct session *session,
				  bool (*fits)(const struct registration *registration,
					       const void *key),
				  const void *key)
{
	for (size_t i = 0; i < session->registration_count; i++) {
		size_t at = (session->found + i) % session->registration_count;

		if (!fits(&session->registrations[at], key))
			continue;
		session->found = at;
		return &session->registrations[at];
	}
	return NULL;
}

/* The groups keep what the member had until it comes back or leaves. */
static void release(struct session *session)
{
	struct sessions *sessions = session->sessions;

	if (session->counted)
		sessions->unauthenticated_count--;
	session->counted = false;
	if (session->stage == SESSION_WELCOMED && sessions->by_host[session->host] == session)
		sessions->by_host[session->host] = NULL;
	bindings_forget(&sessions->bindings, session, NULL);
	probes_forget(sessions->probes, session);
	for (size_t i = 0; i < session->registration_count; i++) {
		struct registration *registration = &session->registrations[i];

		if (!registration->joined)
			continue;
		registration->joined = false;
		group_lost(registration->served->group, registration->seat);
		registration->served->wake(registration->served->arg);
	}
}

/* --- sending ------------------------------------------------------------------------------- */

/* Handles the result of channel_send() for the message of this name. */
static void sent(struct session *session, int status, const char *what)
{
	char name[SESSION_NAME_LEN];

	if (status == 0 ||
	    status == -ENOTCONN) /* that its end has come is known; on_closed() follows */
		return;
	session_log(session, LOG_LEVEL_WARNING, "%s: %s cannot be sent: %s; the session is cut",
		    session_name(session, name), what, strerror(-status));
	if (status != -ENOBUFS) /* with -ENOBUFS the channel closes itself */
		channel_finish(session->channel, "a message could not be sent");
}

void session_send(struct session *session, const Covey__Message *message)
{
	if (session->stage != SESSION_ENDING)
		sent(session, channel_send(session->channel, message), message_name(message));
}

void session_send_encoded(struct session *session, struct encoded *message, const char *what)
{
	if (session->stage != SESSION_ENDING)
		sent(session, channel_send_encoded(session->channel, message), what);
}

void session_cannot_send(struct session *session, int status, const char *what)
{
	if (session->stage != SESSION_ENDING)
		sent(session, status, what);
}

static void send_refused(struct session *session, const char *group, Covey__RefusalCode code,
			 char *reason)
{
	Covey__Refused refused = COVEY__REFUSED__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	refused.group = (char *)group;
	refused.code = code;
	refused.reason = reason;
	message.body_case = COVEY__MESSAGE__BODY_REFUSED;
	message.refused = &refused;
	session_send(session, &message);
}

/* Does it ask for something that it cannot get, for a reason that does not lie with us? */
static bool is_its_own_fault(Covey__RefusalCode code)
{
	return code != COVEY__REFUSAL_CODE__REFUSAL_UNAVAILABLE &&
	       code != COVEY__REFUSAL_CODE__REFUSAL_SENDER_IDS_EXHAUSTED &&
	       code != COVEY__REFUSAL_CODE__REFUSAL_EPOCHS_EXHAUSTED;
}

void session_refuse(struct session *session, const char *group, Covey__RefusalCode code,
		    const char *format, ...)
{
	char reason[COVEY_REASON_MAX + 1];
	char name[SESSION_NAME_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	session_log(session, LOG_LEVEL_WARNING, "%s is refused: %s", session_name(session, name),
		    reason);
	session->sessions->refused++;
	send_refused(session, group, code, reason);
	if (is_its_own_fault(code) && sessions_count_refusal(session->sessions, session->host))
		session_end(session, COVEY__REFUSAL_CODE__REFUSAL_UNAVAILABLE,
			    "it was refused more than %u times in %d s", COVEY_REFUSALS_MAX,
			    COVEY_REFUSALS_SECONDS);
}

void session_end(struct session *session, Covey__RefusalCode code, const char *format, ...)
{
	char reason[COVEY_REASON_MAX + 1];
	char name[SESSION_NAME_LEN];
	va_list args;

	if (session->stage == SESSION_ENDING)
		return;
	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	session_log(session,
		    code == COVEY__REFUSAL_CODE__REFUSAL_SHUTDOWN ? LOG_LEVEL_INFO
								  : LOG_LEVEL_WARNING,
		    "%s: session ends: %s", session_name(session, name), reason);
	if (code != COVEY__REFUSAL_CODE__REFUSAL_SHUTDOWN)
		session->sessions->refused++;
	if (session->opened)
		send_refused(session, "", code, reason);
	release(session);
	session->stage = SESSION_ENDING;
	channel_finish(session->channel, reason);
}

void session_replace(struct session *session, const char *reason)
{
	char name[SESSION_NAME_LEN];

	session_log(session, LOG_LEVEL_INFO, "%s: session ends: %s", session_name(session, name),
		    reason);
	release(session);
	session->stage = SESSION_ENDING;
	channel_finish(session->channel, reason);
}

void session_close(struct session *session)
{
	if (session->stage == SESSION_ENDING)
		return;
	release(session);
	session->stage = SESSION_ENDING;
	channel_finish(session->channel, "answered");
}

void session_send_away(struct session *session)
{
	const struct leadership *leadership = session->sessions->leadership;
	Covey__NotLeading told = COVEY__NOT_LEADING__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;
	char name[SESSION_NAME_LEN];

	if (session->stage == SESSION_ENDING)
		return;
	session_log(session, LOG_LEVEL_INFO, "%s is sent away: %s", session_name(session, name),
		    leadership->reason);
	if (leadership->leader.family)
		message_addr_set(&told.leader, &leadership->leader);
	told.reason = (char *)leadership->reason;
	message.body_case = COVEY__MESSAGE__BODY_NOT_LEADING;
	message.not_leading = &told;
	if (session->opened)
		session_send(session, &message);
	session_close(session);
}

/* --- life ---------------------------------------------------------------------------------- */

static void on_opened(struct channel *channel, const struct identity *peer, void *arg)
{
	struct session *session = arg;
	char name[SESSION_NAME_LEN];

	session->peer = *peer;
	session->opened = true;
	session_log(session, LOG_LEVEL_DEBUG, "%s is connected as %s", session_name(session, name),
		    peer->uri);
}

static void on_received(struct channel *channel, const Covey__Message *message, void *arg)
{
	struct session *session = arg;

	session->heard_ms = clock_ms();
	if (session->stage != SESSION_ENDING)
		session->sessions->handlers.received(session, message);
}

static void on_closed(struct channel *channel, const char *reason, void *arg)
{
	struct session *session = arg;
	const struct sessions *sessions = session->sessions;
	char name[SESSION_NAME_LEN];

	if (session->stage == SESSION_WELCOMED)
		session_log(session, LOG_LEVEL_INFO, "%s departs: %s", session_name(session, name),
			    reason);
	else if (session->stage == SESSION_OPENING)
		session_log(session, LOG_LEVEL_WARNING, "%s is cut before it was let in: %s",
			    session_name(session, name), reason);
	session_free(session);
	if (sessions->count == 0)
		sessions->handlers.emptied(sessions->handlers.arg);
}

int session_accept(struct sessions *sessions, int fd, struct covey_error *error)
{
	static const struct channel_handlers handlers = {
		.opened = on_opened, .received = on_received, .closed = on_closed};
	struct session *session = calloc(1, sizeof(*session));
	int status;

	if (!session) {
		evutil_closesocket(fd);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	status = channel_accept(sessions->base, sessions->tls, fd, &handlers, session,
				&session->channel, error);
	if (status < 0) {
		free(session);
		return status;
	}
	session->sessions = sessions;
	session->counted = true;
	sessions->unauthenticated_count++;
	sessions->count++;
	LIST_INSERT_HEAD(&sessions->list, session, entry);
	return 0;
}

void session_free(struct session *session)
{
	if (!session)
		return;
	release(session);
	LIST_REMOVE(session, entry);
	session->sessions->count--;
	channel_free(session->channel);
	free(session->registrations);
	free(session);
}
