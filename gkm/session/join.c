/* SPDX-License-Identifier: BSD-3-Clause */
#include "join.h"

#include <errno.h>

#include "floor_reports.h"
#include "served_group.h"
#include "session.h"
#include "sessions.h"

struct candidate {
	struct session *session;
	struct served_group *served;
	const struct inventory_member *rights;
	size_t seat;
	const struct join_request *request;
};

/* The log gets the reason. The member does not: it must not learn paths of this machine. */
static void unavailable(const struct candidate *candidate, const struct covey_error *error)
{
	struct session *session = candidate->session;
	const char *group = candidate->served->config->name;

	peer_log_line(session->sessions->log, LOG_LEVEL_ERROR, session->peer.host,
		      "%s: %s cannot join: %s", group, session->peer.host, error->text);
	session_refuse(session, group, COVEY__REFUSAL_CODE__REFUSAL_UNAVAILABLE,
		       "the key manager cannot store or make what it needs; its log says why");
}

static void conflict(const struct candidate *candidate, const struct sender_id_choice *choice)
{
	struct session *session = candidate->session;
	const char *group = candidate->served->config->name;

	peer_log_line(session->sessions->log, LOG_LEVEL_ERROR, session->peer.host,
		      "ALARM: %s: %s claims SenderID %u by its %s, but it is %s's", group,
		      session->peer.uri, choice->sender_id,
		      choice->by_certificate ? "certificate" : "inventory entry", choice->holder);
	session_refuse(session, group, COVEY__REFUSAL_CODE__REFUSAL_SENDER_ID,
		       "SenderID %u belongs to %.128s in group %s", choice->sender_id,
		       choice->holder, group);
}

/* First commit the SenderID, then let it take effect: go_on() follows. */
static void bind_new(const struct candidate *candidate, uint16_t sender_id)
{
	const struct binding_request request = {
		.seat = candidate->seat,
		.sender_id = sender_id,
		.session = candidate->session,
		.join = *candidate->request,
	};
	struct covey_error error;
	int status = bindings_request(&candidate->session->sessions->bindings, &request);

	if (status == 0)
		return;
	covey_error_set(&error, status, "out of memory");
	unavailable(candidate, &error);
}

/* An earlier session, which has left or was replaced, has asked for a SenderID. The choice depends
 * on what comes of that: go_on() follows then. */
static bool waits_for_earlier(const struct candidate *candidate)
{
	struct session *session = candidate->session;

	return sender_ids_find(&candidate->served->requested, session->peer.uri) &&
	       bindings_adopt(&session->sessions->bindings, session, candidate->seat,
			      candidate->request);
}

static struct sender_id_choice choose(const struct candidate *candidate)
{
	const struct session *session = candidate->session;
	const struct sessions *sessions = session->sessions;
	const struct served_group *served = candidate->served;

	return sender_id_choose(&served->group->sender_ids, sessions->reserved, &served->requested,
				session->peer.uri, session->peer.sender_id,
				sessions->inventory->hosts[session->host].sender_id);
}

/* True when the member has a SenderID. Otherwise the member is refused, or has to wait for one. */
static bool has_sender_id(const struct candidate *candidate)
{
	struct sender_id_choice choice;

	if (waits_for_earlier(candidate))
		return false;
	choice = choose(candidate);
	switch (choice.verdict) {
	case SENDER_ID_KNOWN:
		return true;
	case SENDER_ID_NEW:
		bind_new(candidate, choice.sender_id);
		break;
	case SENDER_ID_CONFLICT:
		conflict(candidate, &choice);
		break;
	case SENDER_ID_EXHAUSTED:
		session_refuse(candidate->session, candidate->served->config->name,
			       COVEY__REFUSAL_CODE__REFUSAL_SENDER_IDS_EXHAUSTED,
			       "group %s has no SenderID left", candidate->served->config->name);
		break;
	}
	return false;
}

static void send_joined(const struct candidate *candidate, uint16_t epoch)
{
	const struct inventory_group *group = candidate->served->config;
	Covey__Joined joined = COVEY__JOINED__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	joined.group = group->name;
	joined.sender_id = candidate->served->group->members[candidate->seat].sender_id;
	joined.epoch = epoch;
	joined.may_send = candidate->rights->may_send;
	joined.may_receive = candidate->rights->may_receive;
	joined.vnis = group->vnis;
	joined.n_vnis = group->vni_count;
	joined.replay_window = group->replay_window;
	joined.drain_s = group->rekey.drain_delay_s;
	message.body_case = COVEY__MESSAGE__BODY_JOINED;
	message.joined = &joined;
	session_send(candidate->session, &message);
}

static void register_member(const struct candidate *candidate)
{
	struct session *session = candidate->session;
	struct served_group *served = candidate->served;
	struct registration *registration;
	char name[SESSION_NAME_LEN];
	struct covey_error error;
	uint16_t epoch;
	int status;

	if (!has_sender_id(candidate))
		return;
	registration = session_register(session, served, candidate->seat);
	status = registration ? served->ensure_sa(served->arg, &error)
			      : covey_error_set(&error, -ENOMEM, "out of memory");
	if (status < 0 && status != -EINPROGRESS) {
		unavailable(candidate, &error);
		return;
	}
	status = group_join(served->group, candidate->seat, session, &epoch);
	if (status < 0) {
		session_refuse(session, served->config->name,
			       COVEY__REFUSAL_CODE__REFUSAL_EPOCHS_EXHAUSTED,
			       "%s has used up its epochs in group %s: restart the key manager",
			       session->peer.host, served->config->name);
		return;
	}
	registration->joined = true;
	if (session->modes)
		mode_understood(served->group, candidate->seat);
	floor_reports_note_held(served->group, candidate->seat, candidate->request->held_spis,
				candidate->request->held_count);
	peer_log_line(session->sessions->log, LOG_LEVEL_INFO, session->peer.host,
		      "%s joins %s as SenderID %u, epoch %u", session_name(session, name),
		      served->config->name, served->group->members[candidate->seat].sender_id,
		      epoch);
	send_joined(candidate, epoch);
	served->wake(served->arg);
}

/* There was no memory for its seat, it is evicted, or nobody knows yet whether it is. */
static bool is_kept_out(const struct candidate *candidate)
{
	struct session *session = candidate->session;
	const struct group *group = candidate->served->group;
	const char *name = candidate->served->config->name;
	size_t seat = candidate->seat;

	if (seat >= group->seats || group->members[seat].held) {
		session_refuse(session, name, COVEY__REFUSAL_CODE__REFUSAL_UNAVAILABLE,
			       "the key manager cannot take %s into group %s yet; its log says why",
			       session->peer.host, name);
		return true;
	}
	if (!session->sessions->evicted[session->host] && !group->members[seat].evicted)
		return false;
	session_refuse(session, name, COVEY__REFUSAL_CODE__REFUSAL_EVICTED,
		       "%s is evicted from group %s", session->peer.host, name);
	return true;
}

/* Asked of each Join. The list of those who wait is long when many hosts come at once, and holds
 * nobody whose identity has not requested a SenderID in the group. */
static bool waits_for_sender_id(const struct session *session, const struct served_group *served)
{
	return sender_ids_find(&served->requested, session->peer.uri) &&
	       bindings_has(&session->sessions->bindings, session, served);
}

void join_group(struct session *session, const struct join_request *request)
{
	struct sessions *sessions = session->sessions;
	struct served_group *served = request->served;
	const struct inventory_group *group = served->config;
	struct candidate candidate = {
		.session = session,
		.served = served,
		.rights = inventory_find_member(sessions->inventory, group,
						&sessions->inventory->hosts[session->host]),
		.request = request,
	};
	struct registration *registration = session_registration(session, served);

	if ((registration && registration->joined) || waits_for_sender_id(session, served)) {
		session_end(session, COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL,
			    "Join of group %s, which it is in", group->name);
		return;
	}
	if (!candidate.rights) {
		session_refuse(session, group->name, COVEY__REFUSAL_CODE__REFUSAL_NOT_AUTHORISED,
			       "%s is no member of group %s in the key manager's inventory",
			       session->peer.host, group->name);
		return;
	}
	candidate.seat = (size_t)(candidate.rights - group->members);
	if (is_kept_out(&candidate))
		return;
	if (session_joined_count(session) >= COVEY_GROUPS_PER_HOST_MAX) {
		session_refuse(session, group->name, COVEY__REFUSAL_CODE__REFUSAL_UNAVAILABLE,
			       "%s is in %u groups, more are not supported", session->peer.host,
			       COVEY_GROUPS_PER_HOST_MAX);
		return;
	}
	register_member(&candidate);
}

/* Continues as if the Join came now: much may have changed since it came. */
static void go_on(const struct binding_request *request)
{
	join_group(request->session, &request->join);
}

static void give_up(const struct binding_request *request, const struct covey_error *error)
{
	const struct candidate candidate = {.session = request->session,
					    .served = request->join.served};

	unavailable(&candidate, error);
}

const struct binding_handlers join_binding_handlers = {.bound = go_on, .failed = give_up};
