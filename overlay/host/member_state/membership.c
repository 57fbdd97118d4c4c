/* SPDX-License-Identifier: BSD-3-Clause */

#include "membership.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "printable.h"
#include "refusal.h"

/* When to ask again for a refused group: after half to one and a half of this. */
#define RETRY_MS UINT64_C(60000)
/* The same if the GKM is only unable to let us in at the moment. */
#define RETRY_SOON_MS UINT64_C(5000)
/* The same if the GKM's inventory has changed. */
#define ASK_SOON_MS UINT32_C(1000)

struct membership *membership_new(const char *name, uint32_t index)
{
	struct membership *group = calloc(1, sizeof(*group));

	if (!group)
		return NULL;
	snprintf(group->name, sizeof(group->name), "%s", name);
	group->index = index;
	return group;
}

void membership_free(struct membership *group)
{
	if (!group)
		return;
	senders_clear(&group->senders);
	floors_clear(&group->floors);
	free(group->vnis);
	free(group);
}

int membership_send_join(struct membership *group, uint64_t instance, const struct effects *effects,
			 struct covey_error *error)
{
	Covey__Join join = COVEY__JOIN__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;
	uint32_t held[COVEY_SAS_PER_GROUP_MAX];

	join.group = group->name;
	join.held_spis = held;
	for (size_t i = 0; i < group->sa_count; i++)
		if (group->sas[i].instance == instance)
			held[join.n_held_spis++] = group->sas[i].spi;
	message.body_case = COVEY__MESSAGE__BODY_JOIN;
	message.join = &join;
	senders_reset(&group->senders);
	floors_clear(&group->floors);
	member_mode_session(&group->mode, instance != group->instance);
	group->state = MEMBERSHIP_JOINING;
	if (effects->send(effects->arg, &message) != 0)
		return covey_error_set(error, -EPROTO, "cannot queue Join");
	group->asked = true;
	return 0;
}

int membership_send_leave(const struct membership *group, const struct effects *effects,
			  struct covey_error *error)
{
	Covey__Leave leave = COVEY__LEAVE__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	leave.group = (char *)group->name;
	message.body_case = COVEY__MESSAGE__BODY_LEAVE;
	message.leave = &leave;
	if (effects->send(effects->arg, &message) != 0)
		return covey_error_set(error, -EPROTO, "cannot queue Leave");
	return 0;
}

static int check_vnis(const struct membership *group, const char *what, const uint32_t *vnis,
		      size_t count, struct covey_error *error)
{
	if (count > COVEY_VNIS_PER_GROUP_MAX)
		return covey_error_set(error, -EPROTO, "group %s: %s with %zu VNIs", group->name,
				       what, count);
	for (size_t i = 0; i < count; i++) {
		if (vnis[i] > COVEY_VNI_MAX)
			return covey_error_set(error, -EPROTO, "group %s: %s with VNI %" PRIu32,
					       group->name, what, vnis[i]);
	}
	return 0;
}

static int check_joined(const struct membership *group, uint64_t instance,
			const Covey__Joined *message, struct covey_error *error)
{
	uint32_t window = message->replay_window;

	if (message->sender_id < COVEY_SENDER_ID_MIN || message->sender_id > COVEY_SENDER_ID_MAX ||
	    message->epoch < COVEY_EPOCH_MIN || message->epoch > COVEY_EPOCH_MAX)
		return covey_error_set(error, -EPROTO,
				       "group %s: Joined with SenderID %" PRIu32
				       " and epoch %" PRIu32,
				       group->name, message->sender_id, message->epoch);
	if (message->n_vnis == 0)
		return covey_error_set(error, -EPROTO, "group %s: Joined without VNIs",
				       group->name);
	if (check_vnis(group, "Joined", message->vnis, message->n_vnis, error))
		return -EPROTO;
	if (window < COVEY_REPLAY_WINDOW_MIN || window > COVEY_REPLAY_WINDOW_MAX ||
	    (window & (window - 1)) != 0)
		return covey_error_set(error, -EPROTO,
				       "group %s: Joined with a replay window of %" PRIu32
				       " packets",
				       group->name, window);
	/* Each registration must bring a higher epoch, or an IV could repeat (docs/protocol.md,
	 * section 2.4). */
	if (instance == group->instance && group->sender_id != 0 &&
	    (message->sender_id != group->sender_id || message->epoch <= group->epoch))
		return covey_error_set(error, -EPROTO,
				       "group %s: Joined with SenderID %" PRIu32 " epoch %" PRIu32
				       " after SenderID %u epoch %u of the same GKM instance",
				       group->name, message->sender_id, message->epoch,
				       group->sender_id, group->epoch);
	return 0;
}

/* The dataplane refuses VNIs that another group has. Then this group is as good as refused. */
static int set_vnis(struct membership *group, const uint32_t *list, size_t count,
		    const struct effects *effects, struct covey_error *error)
{
	uint32_t *vnis = calloc(count + 1, sizeof(*vnis));
	int status;

	if (!vnis)
		return covey_error_set(error, -ENOMEM, "out of memory");
	if (count)
		memcpy(vnis, list, count * sizeof(*vnis));
	status = effects->ops->group_set(effects->dataplane, group->index, vnis, count, error);
	if (status) {
		free(vnis);
		return status;
	}
	free(group->vnis);
	group->vnis = vnis;
	group->vni_count = count;
	return 0;
}

int membership_joined(struct membership *group, uint64_t instance, const Covey__Joined *message,
		      const struct effects *effects, struct covey_error *error)
{
	int status = check_joined(group, instance, message, error);

	if (status)
		return status;
	status = set_vnis(group, message->vnis, message->n_vnis, effects, error);
	if (status)
		return status;
	group->instance = instance;
	group->registration++;
	group->removed_spi = 0;
	group->sender_id = (uint16_t)message->sender_id;
	group->epoch = (uint16_t)message->epoch;
	group->may_send = message->may_send;
	group->may_receive = message->may_receive;
	group->replay_window = message->replay_window;
	group->drain_s = message->drain_s;
	group->state = MEMBERSHIP_JOINED;
	member_mode_renew(&group->mode);
	group->refusal = COVEY__REFUSAL_CODE__REFUSAL_NONE;
	group->refusal_reason[0] = '\0';
	senders_reset(&group->senders);
	effects_note(effects, LOG_LEVEL_NOTICE, "group %s: joined as SenderID %u, epoch %u (%s)",
		     group->name, group->sender_id, group->epoch,
		     group->may_send ? (group->may_receive ? "sends and receives" : "sends")
				     : (group->may_receive ? "receives" : "neither"));
	return 0;
}

/* A refused group is asked for again, not by all hosts at once. */
static void ask_soon(struct membership *group, uint64_t now, const struct effects *effects)
{
	uint64_t soon = now + effects->random(effects->arg, ASK_SOON_MS);

	if (group->state == MEMBERSHIP_REFUSED && soon < group->retry_at)
		group->retry_at = soon;
}

int membership_changed(struct membership *group, const Covey__GroupChanged *message, uint64_t now,
		       const struct effects *effects, struct covey_error *error)
{
	size_t before = group->vni_count;
	int status = check_vnis(group, "GroupChanged", message->vnis, message->n_vnis, error);

	if (status)
		return status;
	if (group->state != MEMBERSHIP_JOINED) {
		ask_soon(group, now, effects);
		return 0;
	}
	status = set_vnis(group, message->vnis, message->n_vnis, effects, error);
	if (status)
		return status;
	group->drain_s = message->drain_s;
	effects_note(effects, LOG_LEVEL_NOTICE, "group %s: has %zu VNIs, and had %zu", group->name,
		     group->vni_count, before);
	/* Which VNIs a mode is about. */
	member_mode_renew(&group->mode);
	return member_mode_run(group, true, now, effects, error);
}

void membership_refused(struct membership *group, const Covey__Refused *message, uint64_t now,
			const struct effects *effects)
{
	uint64_t retry = message->code == COVEY__REFUSAL_CODE__REFUSAL_UNAVAILABLE ? RETRY_SOON_MS
										   : RETRY_MS;

	if (refusal_is_revocation(message->code))
		membership_wipe(group, effects);
	group->state = MEMBERSHIP_REFUSED;
	group->refusal = message->code;
	printable_copy(group->refusal_reason, sizeof(group->refusal_reason), message->reason);
	group->retry_at = now + retry / 2 + effects->random(effects->arg, (uint32_t)retry);
	effects_note(effects, LOG_LEVEL_ERROR,
		     "group %s: the GKM refuses us: %s (%s); asking again in %" PRIu64 " s",
		     group->name, refusal_name(group->refusal), group->refusal_reason,
		     (group->retry_at - now) / 1000);
}

static int send_ack(struct membership *group, const struct effects *effects,
		    struct covey_error *error)
{
	Covey__RosterAck ack = COVEY__ROSTER_ACK__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	ack.group = group->name;
	ack.generation = group->senders.generation;
	message.body_case = COVEY__MESSAGE__BODY_ROSTER_ACK;
	message.roster_ack = &ack;
	if (effects->send(effects->arg, &message) != 0)
		return covey_error_set(error, -EPROTO, "cannot queue RosterAck");
	return 0;
}

/* SAs of an earlier instance keep the roster that they had: the epochs of the new one mean nothing
 * to them. */
static int publish(const struct membership *group, uint64_t instance, const struct effects *effects,
		   struct covey_error *error)
{
	struct covey_roster_entry *entries = senders_entries(&group->senders);
	int status = 0;

	if (!entries)
		return covey_error_set(error, -ENOMEM, "out of memory");
	for (size_t i = 0; i < group->sa_count && status == 0; i++) {
		if (group->sas[i].instance == instance)
			status = effects->ops->roster_set(effects->dataplane, group->sas[i].spi,
							  entries, group->senders.count, error);
	}
	free(entries);
	return status;
}

int membership_roster(struct membership *group, uint64_t instance, const Covey__Roster *message,
		      const struct effects *effects, struct covey_error *error)
{
	struct covey_error reason;
	int status = senders_update(&group->senders, message, &reason);

	if (status)
		return covey_error_set(error, status, "group %s: %s", group->name, reason.text);
	if (!group->senders.complete)
		return 0;
	status = publish(group, instance, effects, error);
	if (status)
		return status;
	return send_ack(group, effects, error);
}

int membership_floors(struct membership *group, const Covey__SaFloors *message,
		      struct covey_error *error)
{
	struct covey_error reason;
	int status = floors_update(&group->floors, message, &reason);

	return status ? covey_error_set(error, status, "group %s: %s", group->name, reason.text)
		      : 0;
}

void membership_wipe(struct membership *group, const struct effects *effects)
{
	held_sa_remove_all(group, effects);
	effects->ops->group_set(effects->dataplane, group->index, NULL, 0, NULL);
	free(group->vnis);
	group->vnis = NULL;
	group->vni_count = 0;
	senders_clear(&group->senders);
	floors_clear(&group->floors);
	member_mode_end(group, effects);
}

const struct held_sa *membership_active_sa(const struct membership *group)
{
	for (size_t i = 0; i < group->sa_count; i++)
		if (group->sas[i].state == COVEY_SA_ACTIVE)
			return &group->sas[i];
	return NULL;
}

uint64_t membership_receives_until(const struct membership *group)
{
	uint64_t until = 0;

	for (size_t i = 0; i < group->sa_count; i++) {
		const struct held_sa *sa = &group->sas[i];
		uint64_t end = sa->drained_at < sa->expires_at ? sa->drained_at : sa->expires_at;

		if (end > until)
			until = end;
	}
	return until;
}

const char *membership_state_name(const struct membership *group)
{
	bool keyed = membership_active_sa(group) != NULL;

	switch (group->state) {
	case MEMBERSHIP_JOINING:
		return keyed ? "cut off" : "joining";
	case MEMBERSHIP_JOINED:
		return keyed ? "joined" : "joining";
	case MEMBERSHIP_REFUSED:
		return "refused";
	case MEMBERSHIP_LEAVING:
		return group->rejoin ? "joining" : "leaving";
	}
	return "unknown";
}
