/* SPDX-License-Identifier: BSD-3-Clause */
#include "realm_update.h"

#include <errno.h>

#include "log.h"
#include "realm.h"
#include "session.h"

/* Its registration ends, if it has one in this session. */
static void put_out(struct realm *realm, struct session *session, Covey__RefusalCode code)
{
	struct registration *registration =
		session ? session_registration(session, &realm->served) : NULL;
	const char *name = realm->served.config->name;

	if (!registration || !registration->joined)
		return;
	registration->joined = false;
	session_refuse(session, name, code,
		       "%s is no member of group %s any more, or has other rights",
		       session->peer.host, name);
}

static void remove_member(struct realm *realm, size_t seat, struct session *session)
{
	put_out(realm, session,
		realm->served.config->gone ? COVEY__REFUSAL_CODE__REFUSAL_UNKNOWN_GROUP
					   : COVEY__REFUSAL_CODE__REFUSAL_NOT_AUTHORISED);
	if (!realm->served.group->members[seat].evicted)
		group_evict(realm->served.group, seat);
	group_hold(realm->served.group, seat);
}

/* Other rights: as if it were new. It asks again soon. */
static void change_rights(struct realm *realm, size_t seat, struct session *session)
{
	struct group *group = realm->served.group;

	put_out(realm, session, COVEY__REFUSAL_CODE__REFUSAL_UNAVAILABLE);
	group_evict(group, seat);
	group_readmit(group, seat);
}

/* The SenderID that an earlier start, or this one, has bound to it stays its own. */
static int seat_member(struct realm *realm, size_t seat)
{
	const struct inventory_member *from = &realm->served.config->members[seat];
	struct group *group = realm->served.group;
	struct member *to = &group->members[seat];
	uint16_t sender_id;

	to->identity = realm->tools.identities[from->host];
	to->vtep = realm->tools.inventory->hosts[from->host].vtep;
	to->may_send = from->may_send;
	to->may_receive = from->may_receive;
	group_hold(group, seat);
	sender_id = sender_ids_find(&group->sender_ids, to->identity);
	return sender_id ? group_bind(group, seat, sender_id) : 0;
}

static int add_members(struct realm *realm)
{
	const struct inventory_group *config = realm->served.config;
	struct group *group = realm->served.group;
	size_t before = group->seats, all = config->member_count;
	int status = 0;

	for (size_t i = before; i < all; i++)
		if (!realm->tools.identities[config->members[i].host])
			return -ENOMEM;
	if (all > before)
		status = group_add_seats(group, all - before);
	for (size_t i = before; i < all && status == 0; i++)
		status = seat_member(realm, i);
	return status;
}

int realm_update_members(struct realm *realm, struct session *const *by_host,
			 struct covey_error *error)
{
	const struct inventory_group *config = realm->served.config;
	struct group *group = realm->served.group;
	int status;

	for (size_t i = 0; i < group->seats; i++) {
		const struct inventory_member *now = &config->members[i];
		struct member *member = &group->members[i];
		bool same = member->may_send == now->may_send &&
			    member->may_receive == now->may_receive;

		if (now->gone) {
			remove_member(realm, i, by_host[now->host]);
			continue;
		}
		if (!same && !member->evicted)
			change_rights(realm, i, by_host[now->host]);
		member->may_send = now->may_send;
		member->may_receive = now->may_receive;
		member->vtep = realm->tools.inventory->hosts[now->host].vtep;
	}
	status = add_members(realm);
	realm_wake(realm);
	return status < 0 ? covey_error_set(error, status, "%s: out of memory for new members",
					    config->name)
			  : 0;
}

int realm_update_rekey(struct realm *realm, struct covey_error *error)
{
	const struct rekey_policy *policy = &realm->served.config->rekey;

	group_set_times(realm->served.group, policy->activation_delay_s * UINT64_C(1000),
			realm_spread(policy->interval_s * UINT64_C(1000)));
	realm->served.group->rekeys_on_join = policy->on_join;
	realm_wake(realm);
	/* For the next start. */
	return realm_note_lifetime(realm, error);
}

void realm_hold(const struct realm *realm)
{
	for (size_t i = 0; i < realm->served.group->seats; i++)
		group_hold(realm->served.group, i);
}

void realm_admit(const struct realm *realm)
{
	const struct group *group = realm->served.group;

	for (size_t i = 0; i < group->seats; i++)
		if (group->members[i].held && !realm->served.config->members[i].gone)
			group_readmit(realm->served.group, i);
}

int realm_reopen(struct realm *realm, struct session *const *by_host, struct covey_error *error)
{
	struct covey_error reason;
	int status, second;

	realm->served.group->limits.key_is_shared =
		realm->served.config->key_scope == COVEY_KEY_SCOPE_GROUP;
	status = realm_update_members(realm, by_host, error);
	second = realm_update_rekey(realm, &reason);
	if (status == 0 && second < 0)
		*error = reason;
	return status < 0 ? status : second;
}

void realm_tell(const struct realm *realm, const uint32_t *vnis, size_t count,
		struct session *const *by_host)
{
	const struct inventory_group *config = realm->served.config;
	Covey__GroupChanged changed = COVEY__GROUP_CHANGED__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	changed.group = config->name;
	changed.vnis = (uint32_t *)vnis;
	changed.n_vnis = count;
	changed.drain_s = config->rekey.drain_delay_s;
	message.body_case = COVEY__MESSAGE__BODY_GROUP_CHANGED;
	message.group_changed = &changed;
	for (size_t i = 0; i < config->member_count; i++)
		if (!config->members[i].gone && by_host[config->members[i].host])
			session_send(by_host[config->members[i].host], &message);
}

void realm_close(struct realm *realm, struct session *const *by_host)
{
	const struct inventory_group *config = realm->served.config;

	for (size_t i = 0; i < realm->served.group->seats; i++)
		remove_member(realm, i, by_host[config->members[i].host]);
	group_close(realm->served.group);
	realm_wake(realm);
}
