/* SPDX-License-Identifier: BSD-3-Clause */
#include "hello.h"

#include <inttypes.h>

#include "clock.h"
#include "serial.h"
#include "session.h"
#include "sessions.h"
#include "spi_raise.h"
#include "succession.h"

/* --- is the state file older than what the member knows? ------------------------------------ */

static void go_beyond(const struct session *session, uint64_t next, uint32_t held)
{
	char name[SESSION_NAME_LEN];

	session->sessions->serial.behind++;
	peer_log_line(session->sessions->log, LOG_LEVEL_ERROR, session->peer.host,
		      "ALARM: the state file is older than what %s knows: the host has had "
		      "SPI %" PRIu32 ", the file's next one is %" PRIu64
		      ", and goes beyond it now. A backup was restored, or the file was lost and "
		      "made again: later evictions are forgotten, so evict those hosts again. If "
		      "neither happened, this host lies",
		      session_name(session, name), held, next);
	spi_raise(session->sessions, session->peer.host, held);
}

static void disbelieve(const struct session *session, uint64_t next, uint32_t held)
{
	struct serial *serial = &session->sessions->serial;
	char name[SESSION_NAME_LEN];

	serial->absurd++;
	peer_log_line(session->sessions->log, LOG_LEVEL_ERROR, session->peer.host,
		      "ALARM: %s says that it has had SPI %" PRIu32
		      ", the state file's next one is %" PRIu64
		      ": too far to be believed, SPIs stay as they are. This host lies, or the "
		      "file is very old: restore a newer one",
		      session_name(session, name), held, next);
}

static void compare_serial(const struct session *session, uint32_t held)
{
	const struct sessions *sessions = session->sessions;
	uint64_t next = spi_raise_next(sessions);

	switch (serial_judge(&sessions->serial, next, held)) {
	case SERIAL_FINE:
		return;
	case SERIAL_BEHIND:
		go_beyond(session, next, held);
		return;
	case SERIAL_ABSURD:
		disbelieve(session, next, held);
		return;
	}
}

/* --- does its host have a session already? -------------------------------------------------- */

static void alarm_second(const struct session *live, const struct session *session)
{
	char name[SESSION_NAME_LEN];

	peer_log_line(
		session->sessions->log, LOG_LEVEL_ERROR, live->peer.host,
		"ALARM: %s has a second session, from %s: the first is cut; if this host was not "
		"restarted, its certificate is in use elsewhere",
		session_name(live, name), channel_peer(session->channel));
}

/* Let the session take the place of the one that its host had. */
static void succeed(struct session *live, const struct session *session, uint64_t previous)
{
	switch (succession(live->instance, session->instance, previous,
			   clock_ms() - live->heard_ms)) {
	case SUCCESSION_SAME:
		session_replace(live, "it is back on another connection");
		return;
	case SUCCESSION_NEXT:
		session_replace(live, "its program was restarted");
		return;
	case SUCCESSION_SILENT:
		session_end(live, COVEY__REFUSAL_CODE__REFUSAL_SUPERSEDED,
			    "it was silent, and its host has begun another one");
		return;
	case SUCCESSION_TWO:
		alarm_second(live, session);
		session_end(live, COVEY__REFUSAL_CODE__REFUSAL_SUPERSEDED,
			    "another session of the same identity took over");
		return;
	}
}

/* --- may it come in? ------------------------------------------------------------------------- */

static bool is_acceptable(struct session *session, const Covey__Hello *said)
{
	struct sessions *sessions = session->sessions;
	const struct inventory_host *host =
		inventory_find_host(sessions->inventory, session->peer.host);
	char theirs[COVEY_ADDR_STRLEN];
	char ours[COVEY_ADDR_STRLEN];
	struct covey_addr vtep;

	if (said->version != COVEY_PROTOCOL_VERSION) {
		session_end(session, COVEY__REFUSAL_CODE__REFUSAL_VERSION,
			    "protocol version %" PRIu32 " is not %u: install the same covey on "
			    "both sides",
			    said->version, COVEY_PROTOCOL_VERSION);
		return false;
	}
	if (!host || session->peer.role != IDENTITY_HOST) {
		session_end(session, COVEY__REFUSAL_CODE__REFUSAL_UNKNOWN_HOST,
			    "%.128s is no host of the key manager's inventory", session->peer.uri);
		return false;
	}
	if (message_addr_get(&said->vtep, &vtep) < 0 || !covey_addr_equal(&vtep, &host->vtep)) {
		session_end(session, COVEY__REFUSAL_CODE__REFUSAL_VTEP,
			    "VTEP address %s is not %s, as the key manager's inventory has it for "
			    "%s",
			    message_addr_get(&said->vtep, &vtep) < 0
				    ? "(malformed)"
				    : covey_addr_format(&vtep, theirs),
			    covey_addr_format(&host->vtep, ours), host->name);
		return false;
	}
	session->host = (size_t)(host - sessions->inventory->hosts);
	if (sessions->evicted[session->host]) {
		session_end(session, COVEY__REFUSAL_CODE__REFUSAL_EVICTED, "%s is evicted",
			    host->name);
		return false;
	}
	if (sessions_refused_too_often(sessions, session->host)) {
		session_end(session, COVEY__REFUSAL_CODE__REFUSAL_UNAVAILABLE,
			    "%s was refused more than %u times in %d s and has to wait",
			    session->peer.host, COVEY_REFUSALS_MAX, COVEY_REFUSALS_SECONDS);
		return false;
	}
	return true;
}

static void welcome(struct session *session)
{
	Covey__Welcome answer = COVEY__WELCOME__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	answer.version = COVEY_PROTOCOL_VERSION;
	answer.instance = session->sessions->instance;
	answer.heartbeat_s = COVEY_HEARTBEAT_SECONDS;
	message.body_case = COVEY__MESSAGE__BODY_WELCOME;
	message.welcome = &answer;
	session_send(session, &message);
}

void hello(struct session *session, const Covey__Hello *said)
{
	struct sessions *sessions = session->sessions;
	char name[SESSION_NAME_LEN];
	struct session **live;

	if (session->stage == SESSION_WELCOMED) {
		session_end(session, COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL, "a second Hello");
		return;
	}
	if (!is_acceptable(session, said))
		return;
	if (sessions->handlers.shown(session->host, channel_certificate(session->channel),
				     sessions->handlers.shown_arg) < 0) {
		session_end(session, COVEY__REFUSAL_CODE__REFUSAL_SHUTDOWN,
			    "the key manager is out of memory");
		return;
	}
	session->instance = said->instance;
	session->modes = said->modes;
	session->probes = said->probes;
	live = &sessions->by_host[session->host];
	if (*live)
		succeed(*live, session, said->previous);
	*live = session;
	sessions->welcomed[session->host]++;
	session->stage = SESSION_WELCOMED;
	session->counted = false;
	sessions->unauthenticated_count--;
	peer_log_line(sessions->log, LOG_LEVEL_INFO, session->peer.host,
		      "%s is welcome, it runs %s", session_name(session, name),
		      said->software[0] ? said->software : "what it does not say");
	compare_serial(session, said->highest_spi);
	welcome(session);
}
