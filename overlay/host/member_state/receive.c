/* SPDX-License-Identifier: BSD-3-Clause */

#include "receive.h"

#include <errno.h>
#include <inttypes.h>
#include <message_text.h>
#include <stdlib.h>
#include <string.h>

#include "hearing.h"
#include "held_sa_install.h"
#include "probe_order.h"
#include "refusal.h"
#include "state.h"

/* The GKM's own silence is limited, too (COVEY_SILENCE_SECONDS), so more than this is never
 * useful. */
#define HEARTBEAT_MAX_S COVEY_HEARTBEAT_SECONDS

static int unexpected(const Covey__Message *message, struct covey_error *error)
{
	return covey_error_set(error, -EPROTO, "unexpected %s from the GKM", message_name(message));
}

/* Left has not come for a group that is being left: the Leave may have been lost with the session
 * before, or there was none to send it in. */
static int send_joins_and_leaves(struct member_state *state, struct covey_error *error)
{
	int status = 0;

	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX && status == 0; i++) {
		struct membership *group = state->groups[i];

		if (group && group->state == MEMBERSHIP_LEAVING)
			status = membership_send_leave(group, &state->effects, error);
		else if (group)
			status = membership_send_join(group, state->instance, &state->effects,
						      error);
	}
	return status;
}

static int receive_welcome(struct member_state *state, const Covey__Welcome *welcome, uint64_t now,
			   struct covey_error *error)
{
	uint32_t heartbeat_s = welcome->heartbeat_s;

	if (welcome->version != COVEY_PROTOCOL_VERSION)
		return covey_error_set(error, -EPROTO,
				       "the GKM speaks protocol version %" PRIu32 ", we speak %u",
				       welcome->version, COVEY_PROTOCOL_VERSION);
	if (heartbeat_s == 0 || welcome->instance == 0)
		return covey_error_set(error, -EPROTO, "Welcome without instance or heartbeat");
	if (heartbeat_s > HEARTBEAT_MAX_S)
		heartbeat_s = HEARTBEAT_MAX_S;
	if (state->instance != 0 && state->instance != welcome->instance)
		effects_note(
			&state->effects, LOG_LEVEL_NOTICE,
			"the GKM was restarted: its present SAs stay in use until it has new ones");
	state->instance = welcome->instance;
	state->heartbeat = heartbeat_s * UINT64_C(1000);
	state->heartbeat_at = now + state->heartbeat;
	state->session = SESSION_OPEN;
	return send_joins_and_leaves(state, error);
}

/* Another group has one of the VNIs already: our inventory and the GKM's differ. Only this group
 * suffers. */
static int refuse_vnis(struct member_state *state, struct membership *group, const char *reason,
		       uint64_t now, struct covey_error *error)
{
	Covey__Refused refused = COVEY__REFUSED__INIT;

	refused.group = group->name;
	refused.code = COVEY__REFUSAL_CODE__REFUSAL_UNKNOWN_GROUP;
	refused.reason = (char *)reason;
	membership_refused(group, &refused, now, &state->effects);
	return membership_send_leave(group, &state->effects, error);
}

static int receive_joined(struct member_state *state, const Covey__Joined *joined, uint64_t now,
			  struct covey_error *error)
{
	struct membership *group = member_state_find(state, joined->group);
	struct covey_error reason = {.text = ""};
	int status;

	if (!group || group->state != MEMBERSHIP_JOINING)
		return 0;
	status = membership_joined(group, state->instance, joined, &state->effects, &reason);
	if (status == -EEXIST)
		return refuse_vnis(state, group, reason.text, now, error);
	if (status)
		return covey_error_set(error, status, "%s", reason.text);
	return 0;
}

static int receive_changed(struct member_state *state, const Covey__GroupChanged *changed,
			   uint64_t now, struct covey_error *error)
{
	struct membership *group = member_state_find(state, changed->group);
	struct covey_error reason = {.text = ""};
	int status;

	if (!group)
		return 0;
	status = membership_changed(group, changed, now, &state->effects, &reason);
	if (status == -EEXIST)
		return refuse_vnis(state, group, reason.text, now, error);
	return status ? covey_error_set(error, status, "%s", reason.text) : 0;
}

/* This host does not belong to the fabric any more. So its keys end now, not with their
 * lifetime. */
static void wipe_all(struct member_state *state)
{
	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		if (state->groups[i])
			membership_wipe(state->groups[i], &state->effects);
	}
}

static int receive_refused(struct member_state *state, const Covey__Refused *refused, uint64_t now,
			   struct covey_error *error)
{
	struct membership *group;

	if (refused->group[0] == '\0') {
		state->refusal = refused->code;
		if (refused->code == COVEY__REFUSAL_CODE__REFUSAL_UNKNOWN_HOST ||
		    refused->code == COVEY__REFUSAL_CODE__REFUSAL_EVICTED ||
		    refused->code == COVEY__REFUSAL_CODE__REFUSAL_REVOKED)
			wipe_all(state);
		return covey_error_set(error, -ECONNREFUSED, "the GKM refuses us: %s (%.*s)",
				       refusal_name(refused->code), COVEY_REASON_MAX,
				       refused->reason);
	}
	group = member_state_find(state, refused->group);
	if (group && (group->state == MEMBERSHIP_JOINING || group->state == MEMBERSHIP_JOINED))
		membership_refused(group, refused, now, &state->effects);
	return 0;
}

/* Nothing is believed but that we get nothing here: which key managers there are, the inventory
 * says. */
static int receive_not_leading(struct member_state *state, const Covey__NotLeading *told,
			       struct covey_error *error)
{
	char leader[COVEY_ADDR_STRLEN] = "";

	memset(&state->leader, 0, sizeof(state->leader));
	if (told->leader.len > 0 && message_addr_get(&told->leader, &state->leader) < 0)
		return covey_error_set(error, -EPROTO, "NotLeading with a malformed address");
	state->elsewhere = true;
	if (state->leader.family)
		covey_addr_format(&state->leader, leader);
	return covey_error_set(error, -ECONNREFUSED, "it does not lead%s%s (%.*s)",
			       leader[0] ? ", it says that the one that does is at " : "", leader,
			       COVEY_REASON_MAX, told->reason);
}

static int receive_left(struct member_state *state, const Covey__Left *left,
			struct covey_error *error)
{
	struct membership *group = member_state_find(state, left->group);

	if (!group || group->state != MEMBERSHIP_LEAVING)
		return 0;
	if (!group->rejoin) {
		state->groups[group->index] = NULL;
		membership_free(group);
		return member_state_join_waiting(state, error);
	}
	group->rejoin = false;
	return membership_send_join(group, state->instance, &state->effects, error);
}

/* NULL when the message is outdated: we have left the group, or it was refused since. */
static struct membership *joined_group(const struct member_state *state, const char *name)
{
	struct membership *group = member_state_find(state, name);

	return group && group->state == MEMBERSHIP_JOINED ? group : NULL;
}

static int receive_install(struct member_state *state, struct membership *group,
			   const Covey__SaInstall *install, uint64_t now, struct covey_error *error)
{
	const struct held_sa *own = held_sa_find(group, install->spi);
	int status = 0;

	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		struct membership *other = state->groups[i];

		/* A new registration continues an SA that this instance gave to this very group. */
		if (other && !(other == group && own && own->instance == state->instance))
			status = held_sa_claim(other, install->spi, state->instance,
					       &state->effects, error);
		if (status)
			return status;
	}
	status = held_sa_install(group, state->instance, install, now, &state->effects, error);
	if (status == 0 && install->spi > state->highest_spi)
		state->highest_spi = install->spi;
	return status;
}

/* Messages about a group that we are in. */
static int receive_in_group(struct member_state *state, const Covey__Message *message, uint64_t now,
			    struct covey_error *error)
{
	const struct effects *effects = &state->effects;
	struct membership *group;

	switch (message->body_case) {
	case COVEY__MESSAGE__BODY_ROSTER:
		group = joined_group(state, message->roster->group);
		return group ? membership_roster(group, state->instance, message->roster, effects,
						 error)
			     : 0;
	case COVEY__MESSAGE__BODY_SA_FLOORS:
		group = joined_group(state, message->sa_floors->group);
		return group ? membership_floors(group, message->sa_floors, error) : 0;
	case COVEY__MESSAGE__BODY_PROBE_ORDER:
		group = joined_group(state, message->probe_order->group);
		return group ? probe_order_take(group, message->probe_order, effects, error) : 0;
	case COVEY__MESSAGE__BODY_PROBE_REPORT:
		return probe_order_reported(message->probe_report, effects, error);
	case COVEY__MESSAGE__BODY_SA_INSTALL:
		group = joined_group(state, message->sa_install->group);
		return group ? receive_install(state, group, message->sa_install, now, error) : 0;
	case COVEY__MESSAGE__BODY_SA_ACTIVATE:
		group = joined_group(state, message->sa_activate->group);
		return group ? held_sa_activate(group, message->sa_activate->spi, now, effects,
						error)
			     : 0;
	case COVEY__MESSAGE__BODY_SA_DRAIN:
		group = joined_group(state, message->sa_drain->group);
		return group ? held_sa_drain(group, message->sa_drain->spi,
					     message->sa_drain->drain_s, now, effects, error)
			     : 0;
	case COVEY__MESSAGE__BODY_GROUP_MODE:
		group = joined_group(state, message->group_mode->group);
		return group ? member_mode_told(group, message->group_mode, now, effects, error)
			     : 0;
	default:
		return unexpected(message, error);
	}
}

int receive_message(struct member_state *state, const Covey__Message *message, uint64_t now,
		    struct covey_error *error)
{
	int status = message_check_text(message, error);

	if (status)
		return status;
	if (message->body_case == COVEY__MESSAGE__BODY_REFUSED && state->session != SESSION_NONE)
		return receive_refused(state, message->refused, now, error);
	if (message->body_case == COVEY__MESSAGE__BODY_NOT_LEADING &&
	    state->session != SESSION_NONE)
		return receive_not_leading(state, message->not_leading, error);
	if (state->session == SESSION_HELLO && message->body_case == COVEY__MESSAGE__BODY_WELCOME)
		return receive_welcome(state, message->welcome, now, error);
	if (state->session != SESSION_OPEN)
		return unexpected(message, error);
	switch (message->body_case) {
	case COVEY__MESSAGE__BODY_JOINED:
		return receive_joined(state, message->joined, now, error);
	case COVEY__MESSAGE__BODY_GROUP_CHANGED:
		return receive_changed(state, message->group_changed, now, error);
	case COVEY__MESSAGE__BODY_LEFT:
		return receive_left(state, message->left, error);
	case COVEY__MESSAGE__BODY_HEARTBEAT:
		hearing_told(state, message->heartbeat);
		return 0;
	default:
		return receive_in_group(state, message, now, error);
	}
}
