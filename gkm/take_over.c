/* SPDX-License-Identifier: BSD-3-Clause */
#include "take_over.h"

#include <errno.h>
#include <stdlib.h>

#include "evictions.h"
#include "manager.h"
#include "realm_update.h"
#include "session.h"
#include "update.h"

/* Keep what went wrong first. */
static void note(int status, const struct covey_error *error, int *first,
		 struct covey_error *ret_error)
{
	if (status >= 0 || *first < 0)
		return;
	*first = status;
	*ret_error = *error;
}

/* --- hosts --------------------------------------------------------------------------------- */

static void end_session(const struct manager *manager, size_t host, Covey__RefusalCode code,
			const char *why)
{
	struct session *session = manager->sessions.by_host[host];

	if (session)
		session_end(session, code, "%s %s", manager->inventory->hosts[host].name, why);
}

/* Others learn the address when it comes in with it. */
static void move_host(struct manager *manager, size_t host)
{
	end_session(manager, host, COVEY__REFUSAL_CODE__REFUSAL_VTEP,
		    "has another covey_vtep in the key manager's inventory now");
	for (size_t i = 0; i < manager->realm_count; i++) {
		long seat = seat_of(manager, host, &manager->realms[i]);

		if (seat >= 0)
			manager->realms[i].served.group->members[seat].vtep =
				manager->inventory->hosts[host].vtep;
	}
}

static void take_hosts(struct manager *manager, const struct inventory_changes *changes)
{
	for (size_t i = 0; i < changes->count; i++) {
		const struct inventory_change *change = &changes->list[i];

		if (change->kind == INVENTORY_HOST_REMOVED)
			end_session(manager, change->host,
				    COVEY__REFUSAL_CODE__REFUSAL_UNKNOWN_HOST,
				    "is not in the key manager's inventory any more");
		if (change->kind == INVENTORY_HOST_VTEP)
			move_host(manager, change->host);
	}
}

/* --- VNIs ---------------------------------------------------------------------------------- */

/* First those that stay: another group may get the others, and must not find them taken. */
static int tell_what_stays(struct manager *manager, size_t group, const struct inventory *before)
{
	const struct realm *realm = &manager->realms[group];
	const struct inventory_group *now = realm->served.config;
	const struct inventory_group *was = inventory_find_group(before, now->name);
	uint32_t *stay;
	size_t count = 0;

	if (!was)
		return 0;
	stay = calloc(was->vni_count + 1, sizeof(*stay));
	if (!stay)
		return -ENOMEM;
	for (size_t i = 0; i < was->vni_count; i++)
		if (inventory_has_vni(now, was->vnis[i]))
			stay[count++] = was->vnis[i];
	if (count < was->vni_count)
		realm_tell(realm, stay, count, manager->sessions.by_host);
	free(stay);
	return 0;
}

static bool has_new(const struct inventory_changes *changes, enum inventory_change_kind kind,
		    size_t group)
{
	for (size_t i = 0; i < changes->count; i++)
		if (changes->list[i].kind == kind && changes->list[i].group == group)
			return true;
	return false;
}

/* --- groups -------------------------------------------------------------------------------- */

static int end_what_ends(struct manager *manager, const struct inventory_changes *changes,
			 const struct inventory *before, struct covey_error *error)
{
	struct session **by_host = manager->sessions.by_host;
	int status = 0;

	for (size_t i = 0; i < changes->count; i++) {
		const struct inventory_change *change = &changes->list[i];

		struct covey_error reason;
		int result = 0;

		if (change->group >= manager->realm_count) /* there is none yet */
			continue;
		if (change->kind == INVENTORY_GROUP_REMOVED)
			realm_close(&manager->realms[change->group], by_host);
		if (change->kind == INVENTORY_GROUP_MEMBERS)
			result = realm_update_members(&manager->realms[change->group], by_host,
						      &reason);
		if (change->kind == INVENTORY_GROUP_VNIS &&
		    tell_what_stays(manager, change->group, before) < 0)
			result = covey_error_set(&reason, -ENOMEM, "out of memory");
		note(result, &reason, &status, error);
	}
	return status;
}

static int begin_what_begins(struct manager *manager, const struct inventory_changes *changes,
			     struct covey_error *error)
{
	struct session **by_host = manager->sessions.by_host;
	int status = 0;

	for (size_t i = 0; i < changes->count; i++) {
		const struct inventory_change *change = &changes->list[i];

		struct realm *realm = &manager->realms[change->group];
		struct covey_error reason;
		int result = 0;

		if (change->group >= manager->realm_count)
			continue;
		switch (change->kind) {
		case INVENTORY_GROUP_ADDED: /* perhaps one that was there before */
			result = realm_reopen(realm, by_host, &reason);
			break;
		case INVENTORY_GROUP_REKEY:
			result = realm_update_rekey(realm, &reason);
			break;
		default:
			break;
		}
		note(result, &reason, &status, error);
	}
	return status;
}

/* All that the last one may have left undone. Nothing changes where it was done. */
static int catch_up(struct manager *manager, struct covey_error *error)
{
	int status = 0;

	for (size_t i = 0; i < manager->realm_count; i++) {
		struct covey_error reason;

		if (!manager->realms[i].served.config->gone)
			note(realm_reopen(&manager->realms[i], manager->sessions.by_host, &reason),
			     &reason, &status, error);
	}
	return status;
}

/* Who was refused asks again. */
static void tell_members(struct manager *manager, const struct inventory_changes *changes)
{
	for (size_t i = 0; i < manager->realm_count; i++) {
		const struct realm *realm = &manager->realms[i];

		if (manager->behind || has_new(changes, INVENTORY_GROUP_VNIS, i) ||
		    has_new(changes, INVENTORY_GROUP_MEMBERS, i) ||
		    has_new(changes, INVENTORY_GROUP_REKEY, i) ||
		    has_new(changes, INVENTORY_GROUP_ADDED, i))
			realm_tell(realm, realm->served.config->vnis,
				   realm->served.config->vni_count, manager->sessions.by_host);
	}
}

int take_over(struct manager *manager, const struct inventory_changes *changes,
	      const struct inventory *before, struct covey_error *error)
{
	size_t known = manager->realm_count;
	struct covey_error reason;
	int status = 0;

	note(manager_name_hosts(manager, &reason), &reason, &status, error);
	take_hosts(manager, changes);
	note(end_what_ends(manager, changes, before, &reason), &reason, &status, error);
	note(manager_init_realms(manager, &reason), &reason, &status, error);
	for (size_t i = known; i < manager->realm_count; i++)
		realm_hold(&manager->realms[i]);
	note(begin_what_begins(manager, changes, &reason), &reason, &status, error);
	if (manager->behind)
		note(catch_up(manager, &reason), &reason, &status, error);
	note(evictions_load(manager, &reason), &reason, &status, error);
	tell_members(manager, changes);
	manager->behind = status < 0;
	return status;
}
