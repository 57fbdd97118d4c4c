/* SPDX-License-Identifier: BSD-3-Clause */
#include "dispatch.h"

#include <inttypes.h>

#include "clock.h"
#include "heartbeat_reports.h"
#include "hello.h"
#include "join.h"
#include "message_text.h"
#include "probes.h"
#include "served_group.h"
#include "session.h"
#include "sessions.h"

#define PROTOCOL COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL

/* --- acknowledgements ---------------------------------------------------------------------- */

/* The session's registration in a group, by the group's name. Ends the session when there is none.
 */
static bool has_name(const struct registration *registration, const void *name)
{
	return strcmp(registration->served->config->name, name) == 0;
}

static struct registration *find_registration(struct session *session, const char *group)
{
	return session_find(session, has_name, group);
}

static void on_roster_ack(struct session *session, const Covey__RosterAck *ack)
{
	struct registration *registration = find_registration(session, ack->group);

	if (registration && !registration->joined)
		return; /* it was sent before our answer to Leave arrived */
	if (!registration || group_roster_acked(registration->served->group, registration->seat,
						ack->generation) < 0) {
		session_end(session, PROTOCOL,
			    "RosterAck of generation %" PRIu64 " in group \"%s\", which was never "
			    "sent",
			    ack->generation, ack->group);
		return;
	}
	registration->served->wake(registration->served->arg);
}

static void on_sa_installed(struct session *session, const Covey__SaInstalled *ack)
{
	struct registration *registration = find_registration(session, ack->group);

	if (registration && !registration->joined)
		return;
	if (!registration ||
	    group_sa_acked(registration->served->group, registration->seat, ack->spi) < 0) {
		session_end(session, PROTOCOL,
			    "SaInstalled of SA %" PRIu32 " in group \"%s\", which was never sent",
			    ack->spi, ack->group);
		return;
	}
	registration->served->wake(registration->served->arg);
}

static void on_sa_activated(struct session *session, const Covey__SaActivated *ack)
{
	struct registration *registration = find_registration(session, ack->group);

	if (registration && !registration->joined)
		return;
	if (!registration ||
	    group_sa_switched(registration->served->group, registration->seat, ack->spi) < 0) {
		session_end(session, PROTOCOL,
			    "SaActivated of SA %" PRIu32
			    " in group \"%s\", which it was never told "
			    "to send on",
			    ack->spi, ack->group);
		return;
	}
	registration->served->wake(registration->served->arg);
}

static void on_mode_in_force(struct session *session, const Covey__GroupModeInForce *ack)
{
	struct registration *registration = find_registration(session, ack->group);

	if (registration && !registration->joined)
		return;
	if (!registration || mode_acked(registration->served->group, registration->seat,
					ack->serial, clock_ms()) < 0) {
		session_end(session, PROTOCOL,
			    "GroupModeInForce of serial %" PRIu64
			    " in group \"%s\", which was never sent",
			    ack->serial, ack->group);
		return;
	}
	registration->served->wake(registration->served->arg);
}

/* --- the rest ------------------------------------------------------------------------------ */

/* Ends the host's registration, also one of an earlier session: the Leave may have been lost with
 * that session. */
static void leave_group(struct session *session, const struct served_group *served)
{
	const struct inventory *inventory = session->sessions->inventory;
	const struct inventory_group *config = served->config;
	const struct inventory_member *member =
		inventory_find_member(inventory, config, &inventory->hosts[session->host]);
	struct registration *registration = find_registration(session, config->name);
	size_t seat = member ? (size_t)(member - config->members) : 0;
	char name[SESSION_NAME_LEN];

	bindings_forget(&session->sessions->bindings, session, served);
	if (!member || seat >= served->group->seats || !served->group->members[seat].enrolled)
		return;
	if (registration)
		registration->joined = false;
	group_left(served->group, seat);
	served->wake(served->arg);
	peer_log_line(session->sessions->log, LOG_LEVEL_INFO, session->peer.host, "%s leaves %s",
		      session_name(session, name), config->name);
}

static void on_leave(struct session *session, const Covey__Leave *leave)
{
	const struct served_group *served = sessions_find_group(session->sessions, leave->group);
	Covey__Left left = COVEY__LEFT__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	if (served)
		leave_group(session, served);
	/* When a host leaves a group that it is not in, it was refused or evicted meanwhile. It
	 * gets Left as well. */
	left.group = leave->group;
	message.body_case = COVEY__MESSAGE__BODY_LEFT;
	message.left = &left;
	session_send(session, &message);
}

static void on_join(struct session *session, const Covey__Join *join)
{
	struct join_request request = {
		.served = sessions_find_group(session->sessions, join->group),
		.held_count = join->n_held_spis,
	};

	if (!request.served) {
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
	join_group(session, &request);
}

/* --- another key manager ------------------------------------------------------------------- */

static void answer_peer(struct session *session, const Covey__LeaderQuestion *question)
{
	const struct leadership *leadership = session->sessions->leadership;
	const struct claim theirs = {.leads = question->leads,
				     .generation = question->generation,
				     .led_ms = question->led_ms,
				     .instance = question->instance};
	Covey__LeaderAnswer answer = COVEY__LEADER_ANSWER__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;
	struct covey_addr address = {0};
	struct claim ours = {0};

	message_addr_get(&question->address, &address);
	answer.yield = leadership->asked(&theirs, &address, &ours, leadership->arg);
	answer.leads = ours.leads;
	answer.generation = ours.generation;
	answer.led_ms = ours.led_ms;
	answer.instance = ours.instance;
	message.body_case = COVEY__MESSAGE__BODY_LEADER_ANSWER;
	message.leader_answer = &answer;
	session_send(session, &message);
	session_close(session);
}

/* Its certificate gives it no more rights than to ask who leads. */
static void hear_peer(struct session *session, const Covey__Message *message)
{
	const struct leadership *leadership = session->sessions->leadership;

	if (message->body_case == COVEY__MESSAGE__BODY_LEADER_QUESTION && leadership &&
	    leadership->asked)
		answer_peer(session, message->leader_question);
	else
		session_end(session, PROTOCOL, "%s is no message of a key manager to another one",
			    message_name(message));
}

void dispatch(struct session *session, const Covey__Message *message)
{
	struct covey_error error;

	if (message_check_text(message, &error) < 0) {
		session_end(session, PROTOCOL, "%s", error.text);
		return;
	}
	if (session->peer.role == IDENTITY_GKM) {
		hear_peer(session, message);
		return;
	}
	if (session->sessions->leadership && !session->sessions->leadership->leads) {
		session_send_away(session);
		return;
	}
	if (message->body_case == COVEY__MESSAGE__BODY_HELLO) {
		hello(session, message->hello);
		return;
	}
	if (session->stage == SESSION_OPENING) {
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
	case COVEY__MESSAGE__BODY_GROUP_MODE_IN_FORCE:
		on_mode_in_force(session, message->group_mode_in_force);
		return;
	case COVEY__MESSAGE__BODY_HEARTBEAT:
		heartbeat_reports_take(session, message->heartbeat);
		return;
	case COVEY__MESSAGE__BODY_PROBE_REQUEST:
		probes_request(session, message->probe_request);
		return;
	case COVEY__MESSAGE__BODY_PROBE_REPORT:
		probes_report(session, message->probe_report);
		return;
	default:
		session_end(session, PROTOCOL, "%s is no message to a key manager",
			    message_name(message));
	}
}
