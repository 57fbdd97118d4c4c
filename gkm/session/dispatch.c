/* SPDX-License-Identifier: BSD-3-Clause */
#include "dispatch.h"

#include <inttypes.h>

#include "clock.h"
#include "evictions.h"
#include "heartbeat.h"
#include "join.h"
#include "manager.h"
#include "message_text.h"
#include "revocations.h"
#include "session.h"
#include "succession.h"

#define PROTOCOL COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL

/* --- Hello --------------------------------------------------------------------------------- */

static void welcome(struct session *session)
{
	Covey__Welcome answer = COVEY__WELCOME__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	answer.version = COVEY_PROTOCOL_VERSION;
	answer.instance = session->manager->instance;
	answer.heartbeat_s = COVEY_HEARTBEAT_SECONDS;
	message.body_case = COVEY__MESSAGE__BODY_WELCOME;
	message.welcome = &answer;
	session_send(session, &message);
}

static void alarm_second(const struct session *live, const struct session *session)
{
	char name[SESSION_NAME_LEN];

	peer_log_line(
		session->manager->log, LOG_LEVEL_ERROR, live->peer.host,
		"ALARM: %s has a second session, from %s: the first is cut; if this host was not "
		"restarted, its certificate is in use elsewhere",
		session_name(live, name), channel_peer(session->channel));
}

/* Of the same host, which had this session already. */
static void succeed(struct session *live, const struct session *session, uint64_t previous)
{
	switch (succession(live->instance, session->instance, previous,
			   clock_now_ms() - live->heard_ms)) {
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

static bool is_acceptable(struct session *session, const Covey__Hello *hello)
{
	const struct inventory *inventory = session->manager->inventory;
	long host = manager_find_host(session->manager, session->peer.host);
	char theirs[COVEY_ADDR_STRLEN];
	char ours[COVEY_ADDR_STRLEN];
	struct covey_addr vtep;

	if (hello->version != COVEY_PROTOCOL_VERSION) {
		session_end(session, COVEY__REFUSAL_CODE__REFUSAL_VERSION,
			    "protocol version %" PRIu32 " is not %u: install the same covey on "
			    "both sides",
			    hello->version, COVEY_PROTOCOL_VERSION);
		return false;
	}
	if (host < 0 || session->peer.role != IDENTITY_HOST) {
		session_end(session, COVEY__REFUSAL_CODE__REFUSAL_UNKNOWN_HOST,
			    "%.128s is no host of the key manager's inventory", session->peer.uri);
		return false;
	}
	if (message_addr_get(&hello->vtep, &vtep) < 0 ||
	    !covey_addr_equal(&vtep, &inventory->hosts[host].vtep)) {
		session_end(session, COVEY__REFUSAL_CODE__REFUSAL_VTEP,
			    "VTEP address %s is not %s, as the key manager's inventory has it for "
			    "%s",
			    message_addr_get(&hello->vtep, &vtep) < 0
				    ? "(malformed)"
				    : covey_addr_format(&vtep, theirs),
			    covey_addr_format(&inventory->hosts[host].vtep, ours),
			    inventory->hosts[host].name);
		return false;
	}
	if (is_evicted(session->manager, (size_t)host, NULL)) {
		session_end(session, COVEY__REFUSAL_CODE__REFUSAL_EVICTED, "%s is evicted",
			    inventory->hosts[host].name);
		return false;
	}
	session->host = (size_t)host;
	if (session_was_refused_too_often(session)) {
		session_end(session, COVEY__REFUSAL_CODE__REFUSAL_UNAVAILABLE,
			    "%s was refused more than %u times in %d s and has to wait",
			    session->peer.host, COVEY_REFUSALS_MAX, COVEY_REFUSALS_SECONDS);
		return false;
	}
	return true;
}

static void on_hello(struct session *session, const Covey__Hello *hello)
{
	char name[SESSION_NAME_LEN];
	struct session **live;

	if (session->state == SESSION_WELCOMED) {
		session_end(session, PROTOCOL, "a second Hello");
		return;
	}
	if (!is_acceptable(session, hello))
		return;
	if (revocations_note(session->manager->revocations, session->host,
			     channel_certificate(session->channel)) < 0) {
		session_end(session, COVEY__REFUSAL_CODE__REFUSAL_SHUTDOWN,
			    "the key manager is out of memory");
		return;
	}
	session->instance = hello->instance;
	live = &session->manager->by_host[session->host];
	if (*live)
		succeed(*live, session, hello->previous);
	*live = session;
	session->state = SESSION_WELCOMED;
	session->counted = false;
	session->manager->unauthenticated_count--;
	peer_log_line(session->manager->log, LOG_LEVEL_INFO, session->peer.host,
		      "%s is welcome, it runs %s", session_name(session, name),
		      hello->software[0] ? hello->software : "what it does not say");
	serial_compare(session, hello->highest_spi);
	welcome(session);
}

/* --- acknowledgements ---------------------------------------------------------------------- */

/* The session's registration in a group, by the name it used. Ends the session when there is none.
 */
static struct registration *find_registration(struct session *session, const char *group)
{
	for (size_t i = 0; i < session->registration_count; i++)
		if (strcmp(session->registrations[i].realm->group->name, group) == 0)
			return &session->registrations[i];
	return NULL;
}

static void on_roster_ack(struct session *session, const Covey__RosterAck *ack)
{
	struct registration *registration = find_registration(session, ack->group);

	if (registration && !registration->joined)
		return; /* sent before it had our answer to its Leave */
	if (!registration || group_roster_acked(registration->realm->state, registration->seat,
						ack->generation) < 0) {
		session_end(session, PROTOCOL,
			    "RosterAck of generation %" PRIu64 " in group \"%s\", which was never "
			    "sent",
			    ack->generation, ack->group);
		return;
	}
	realm_wake(registration->realm);
}

static void on_sa_installed(struct session *session, const Covey__SaInstalled *ack)
{
	struct registration *registration = find_registration(session, ack->group);

	if (registration && !registration->joined)
		return;
	if (!registration ||
	    group_sa_acked(registration->realm->state, registration->seat, ack->spi) < 0) {
		session_end(session, PROTOCOL,
			    "SaInstalled of SA %" PRIu32 " in group \"%s\", which was never sent",
			    ack->spi, ack->group);
		return;
	}
	realm_wake(registration->realm);
}

static void on_sa_activated(struct session *session, const Covey__SaActivated *ack)
{
	struct registration *registration = find_registration(session, ack->group);

	if (registration && !registration->joined)
		return;
	if (!registration ||
	    group_sa_switched(registration->realm->state, registration->seat, ack->spi) < 0) {
		session_end(session, PROTOCOL,
			    "SaActivated of SA %" PRIu32
			    " in group \"%s\", which it was never told "
			    "to send on",
			    ack->spi, ack->group);
		return;
	}
	realm_wake(registration->realm);
}

/* --- the rest ------------------------------------------------------------------------------ */

static void on_leave(struct session *session, const Covey__Leave *leave)
{
	const struct inventory *inventory = session->manager->inventory;
	const struct inventory_group *group = inventory_find_group(inventory, leave->group);
	struct registration *registration = find_registration(session, leave->group);
	Covey__Left left = COVEY__LEFT__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;
	char name[SESSION_NAME_LEN];

	if (registration && registration->joined) {
		registration->joined = false;
		group_left(registration->realm->state, registration->seat);
		realm_wake(registration->realm);
		peer_log_line(session->manager->log, LOG_LEVEL_INFO, session->peer.host,
			      "%s leaves %s", session_name(session, name),
			      registration->realm->group->name);
	}
	if (group)
		bindings_forget(session->manager, session,
				&session->manager->realms[group - inventory->groups]);
	/* Who leaves where it is not, was refused meanwhile: it gets what it wants. */
	left.group = leave->group;
	message.body_case = COVEY__MESSAGE__BODY_LEFT;
	message.left = &left;
	session_send(session, &message);
}

static void on_join(struct session *session, const Covey__Join *join)
{
	struct join_request request = {.held_count = join->n_held_spis};

	if (!inventory_find_group(session->manager->inventory, join->group)) {
		session_refuse(session, join->group, COVEY__REFUSAL_CODE__REFUSAL_UNKNOWN_GROUP,
			       "group \"%s\" is not in the key manager's inventory", join->group);
		return;
	}
	if (join->n_held_spis > COVEY_SAS_PER_GROUP_MAX) {
		session_end(session, PROTOCOL, "Join of group %s with %zu SAs", join->group,
			    join->n_held_spis);
		return;
	}
	for (size_t i = 0; i < join->n_held_spis; i++)
		request.held_spis[i] = join->held_spis[i];
	join_group(session, join->group, &request);
}

void dispatch(struct session *session, const Covey__Message *message)
{
	struct covey_error error;

	if (message_check_text(message, &error) < 0) {
		session_end(session, PROTOCOL, "%s", error.text);
		return;
	}
	if (message->body_case == COVEY__MESSAGE__BODY_HELLO) {
		on_hello(session, message->hello);
		return;
	}
	if (session->state == SESSION_OPENING) {
		session_end(session, PROTOCOL, "%s before Hello", message_name(message));
		return;
	}
	switch (message->body_case) {
	case COVEY__MESSAGE__BODY_JOIN:
		on_join(session, message->join);
		return;
	case COVEY__MESSAGE__BODY_LEAVE:
		on_leave(session, message->leave);
		return;
	case COVEY__MESSAGE__BODY_ROSTER_ACK:
		on_roster_ack(session, message->roster_ack);
		return;
	case COVEY__MESSAGE__BODY_SA_INSTALLED:
		on_sa_installed(session, message->sa_installed);
		return;
	case COVEY__MESSAGE__BODY_SA_ACTIVATED:
		on_sa_activated(session, message->sa_activated);
		return;
	case COVEY__MESSAGE__BODY_HEARTBEAT:
		heartbeat(session, message->heartbeat);
		return;
	default:
		session_end(session, PROTOCOL, "%s is no message to a key manager",
			    message_name(message));
	}
}
