/* SPDX-License-Identifier: BSD-3-Clause */
#include "join.h"

#include <errno.h>

#include "evictions.h"
#include "floors.h"
#include "manager.h"
#include "session.h"

struct candidate {
	struct session *session;
	struct realm *realm;
	const struct inventory_member *rights;
	size_t seat;
	const struct join_request *request;
};

/* The reason goes to the log; the member learns no paths of this machine. */
static void unavailable(const struct candidate *candidate, const struct covey_error *error)
{
	peer_log_line(candidate->session->manager->log, LOG_LEVEL_ERROR,
		      candidate->session->peer.host, "%s: %s cannot join: %s",
		      candidate->realm->group->name, candidate->session->peer.host, error->text);
	session_refuse(candidate->session, candidate->realm->group->name,
		       COVEY__REFUSAL_CODE__REFUSAL_UNAVAILABLE,
		       "the key manager cannot store or make what it needs; its log says why");
}

static void conflict(const struct candidate *candidate, const struct sender_id_choice *choice)
{
	const struct session *session = candidate->session;

	peer_log_line(session->manager->log, LOG_LEVEL_ERROR, session->peer.host,
		      "ALARM: %s: %s claims SenderID %u by its %s, but it is %s's",
		      candidate->realm->group->name, session->peer.uri, choice->sender_id,
		      choice->by_certificate ? "certificate" : "inventory entry", choice->holder);
	session_refuse(candidate->session, candidate->realm->group->name,
		       COVEY__REFUSAL_CODE__REFUSAL_SENDER_ID,
		       "SenderID %u belongs to %.128s in group %s", choice->sender_id,
		       choice->holder, candidate->realm->group->name);
}

/* Commit first, then let it take effect: join_bound() goes on. */
static void bind_new(const struct candidate *candidate, uint16_t sender_id)
{
	struct covey_error error;
	int rc = bindings_request(candidate->realm, candidate->seat, sender_id, candidate->session,
				  candidate->request);

	if (rc == 0)
		return;
	covey_error_set(&error, rc, "out of memory");
	unavailable(candidate, &error);
}

static struct sender_id_choice choose(const struct candidate *candidate)
{
	const struct session *session = candidate->session;
	struct manager *manager = session->manager;
	struct realm *realm = candidate->realm;

	/* Of a session before, that is superseded or left: what becomes of it decides. */
	if (sender_ids_find(&realm->requested, session->peer.uri))
		bindings_commit(manager);
	return sender_id_choose(&realm->state->sender_ids, &manager->reserved, &realm->requested,
				session->peer.uri, session->peer.sender_id,
				manager->inventory->hosts[session->host].sender_id);
}

/* True when it has one. Else it is refused, or has to wait for it. */
static bool has_sender_id(const struct candidate *candidate)
{
	struct sender_id_choice choice = choose(candidate);

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
		session_refuse(candidate->session, candidate->realm->group->name,
			       COVEY__REFUSAL_CODE__REFUSAL_SENDER_IDS_EXHAUSTED,
			       "group %s has no SenderID left", candidate->realm->group->name);
		break;
	}
	return false;
}

static void send_joined(const struct candidate *candidate, uint16_t epoch)
{
	const struct inventory_group *group = candidate->realm->group;
	Covey__Joined joined = COVEY__JOINED__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	joined.group = group->name;
	joined.sender_id = candidate->realm->state->members[candidate->seat].sender_id;
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
	struct realm *realm = candidate->realm;
	struct registration *registration;
	char name[SESSION_NAME_LEN];
	struct covey_error error;
	uint16_t epoch;
	int rc;

	if (!has_sender_id(candidate))
		return;
	registration = session_register(session, realm, candidate->seat);
	rc = registration ? realm_ensure_sa(realm, &error)
			  : covey_error_set(&error, -ENOMEM, "out of memory");
	if (rc < 0) {
		unavailable(candidate, &error);
		return;
	}
	rc = group_join(realm->state, candidate->seat, session, &epoch);
	if (rc < 0) {
		session_refuse(session, realm->group->name,
			       COVEY__REFUSAL_CODE__REFUSAL_EPOCHS_EXHAUSTED,
			       "%s has used up its epochs in group %s: restart the key manager",
			       session->peer.host, realm->group->name);
		return;
	}
	registration->joined = true;
	floors_note_held(realm->state, candidate->seat, candidate->request->held_spis,
			 candidate->request->held_count);
	peer_log_line(session->manager->log, LOG_LEVEL_INFO, session->peer.host,
		      "%s joins %s as SenderID %u, epoch %u", session_name(session, name),
		      realm->group->name, realm->state->members[candidate->seat].sender_id, epoch);
	send_joined(candidate, epoch);
	realm_wake(realm);
}

void join_group(struct session *session, const char *name, const struct join_request *request)
{
	const struct inventory *inventory = session->manager->inventory;
	const struct inventory_group *group = inventory_find_group(inventory, name);
	struct candidate candidate = {
		.session = session,
		.realm = &session->manager->realms[group - inventory->groups],
		.rights = inventory_find_member(inventory, group, &inventory->hosts[session->host]),
		.request = request,
	};
	struct registration *registration = session_registration(session, candidate.realm);

	if ((registration && registration->joined) ||
	    bindings_has(session->manager, session, candidate.realm)) {
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
	if (is_evicted(session->manager, session->host, candidate.realm)) {
		session_refuse(session, group->name, COVEY__REFUSAL_CODE__REFUSAL_EVICTED,
			       "%s is evicted from group %s", session->peer.host, group->name);
		return;
	}
	if (!registration && session->registration_count == COVEY_GROUPS_PER_HOST_MAX) {
		session_refuse(session, group->name, COVEY__REFUSAL_CODE__REFUSAL_UNAVAILABLE,
			       "%s is in %u groups, more are not supported", session->peer.host,
			       COVEY_GROUPS_PER_HOST_MAX);
		return;
	}
	candidate.seat = (size_t)(candidate.rights - group->members);
	register_member(&candidate);
}

/* As if it came now: much may have happened since it asked. */
void join_bound(struct session *session, struct realm *realm, const struct join_request *request)
{
	join_group(session, realm->group->name, request);
}

void join_unbound(struct session *session, struct realm *realm, const struct covey_error *error)
{
	const struct candidate candidate = {.session = session, .realm = realm};

	unavailable(&candidate, error);
}
