/* SPDX-License-Identifier: BSD-3-Clause */
#include "evictions.h"

#include <errno.h>
#include <string.h>

#include "log.h"
#include "manager.h"
#include "realm_update.h"
#include "session.h"

#define EVICTED COVEY__REFUSAL_CODE__REFUSAL_EVICTED

long seat_of(const struct manager *manager, size_t host, const struct realm *realm)
{
	const struct inventory_member *member = inventory_find_member(
		manager->inventory, realm->served.config, &manager->inventory->hosts[host]);
	long seat = member ? member - realm->served.config->members : -ENOENT;

	/* There was no memory for its seat. */
	return seat < (long)realm->served.group->seats ? seat : -ENOENT;
}

bool is_evicted(const struct manager *manager, size_t host, const struct realm *realm)
{
	long seat = realm ? seat_of(manager, host, realm) : -ENOENT;

	return manager->evicted[host] || (seat >= 0 && realm->served.group->members[seat].evicted &&
					  !realm->served.group->members[seat].held);
}

/* --- from the file ------------------------------------------------------------------------- */

static long find_identity(const struct manager *manager, const char *identity)
{
	for (size_t i = 0; i < manager->inventory->host_count; i++)
		if (manager->identities[i] && strcmp(manager->identities[i], identity) == 0)
			return (long)i;
	return -ENOENT;
}

static void enforce(struct manager *manager, size_t host, struct realm *realm)
{
	long seat = seat_of(manager, host, realm);

	if (seat < 0)
		return;
	if (realm->served.group->members[seat].evicted && !realm->served.group->members[seat].held)
		return;
	group_evict(realm->served.group, (size_t)seat);
	realm_wake(realm);
}

static int load_one(const char *identity, const char *group, void *arg)
{
	struct manager *manager = arg;
	long host = find_identity(manager, identity);

	if (host < 0)
		return 0;
	if (group[0] == '\0')
		manager->evicted[host] = true;
	for (size_t i = 0; i < manager->realm_count; i++)
		if (group[0] == '\0' || strcmp(manager->realms[i].served.config->name, group) == 0)
			enforce(manager, (size_t)host, &manager->realms[i]);
	return 0;
}

int evictions_load(struct manager *manager, struct covey_error *error)
{
	int status = manager->store->ops->each_eviction(manager->store, load_one, manager, error);

	for (size_t i = 0; i < manager->realm_count && status >= 0; i++)
		realm_admit(&manager->realms[i]);
	return status;
}

/* --- by hand ------------------------------------------------------------------------------- */

static void evict_from_all(struct manager *manager, size_t host)
{
	struct session *session = manager->sessions.by_host[host];

	manager->evicted[host] = true;
	if (session)
		session_end(session, EVICTED, "%s is evicted",
			    manager->inventory->hosts[host].name);
	for (size_t i = 0; i < manager->realm_count; i++)
		enforce(manager, host, &manager->realms[i]);
}

static void evict_from(struct manager *manager, size_t host, struct realm *realm)
{
	struct session *session = manager->sessions.by_host[host];
	struct registration *registration =
		session ? session_registration(session, &realm->served) : NULL;

	if (registration && registration->joined) {
		registration->joined = false;
		session_refuse(session, realm->served.config->name, EVICTED,
			       "%s is evicted from group %s", manager->inventory->hosts[host].name,
			       realm->served.config->name);
	}
	enforce(manager, host, realm);
}

int evict(struct manager *manager, size_t host, struct realm *realm, struct covey_error *error)
{
	const char *name = manager->inventory->hosts[host].name;
	int status;

	if (!manager->identities[host])
		return covey_error_set(error, -ENOMEM, "out of memory");
	if (is_evicted(manager, host, realm))
		return covey_error_set(error, -EALREADY, "%s is evicted already", name);
	if (realm && seat_of(manager, host, realm) < 0)
		return covey_error_set(error, -ENOENT, "%s is no member of group %s", name,
				       realm->served.config->name);
	status = manager->store->ops->evict(manager->store, manager->identities[host],
					    realm ? realm->served.config->name : "", error);
	if (status < 0)
		return status;
	log_warning("%s is evicted from %s", name,
		    realm ? realm->served.config->name : "all groups");
	if (realm)
		evict_from(manager, host, realm);
	else
		evict_from_all(manager, host);
	return 0;
}

static bool has_any(const struct manager *manager, size_t host)
{
	for (size_t i = 0; i < manager->realm_count; i++)
		if (is_evicted(manager, host, &manager->realms[i]))
			return true;
	return manager->evicted[host];
}

int readmit(struct manager *manager, size_t host, struct realm *realm, struct covey_error *error)
{
	const char *name = manager->inventory->hosts[host].name;
	int status;

	if (!manager->identities[host])
		return covey_error_set(error, -ENOMEM, "out of memory");
	if (realm && manager->evicted[host])
		return covey_error_set(error, -EBUSY,
				       "%s is evicted from all groups: readmit it without a group",
				       name);
	if (realm ? !is_evicted(manager, host, realm) : !has_any(manager, host))
		return covey_error_set(error, -ENOENT, "%s is not evicted%s%s", name,
				       realm ? " from group " : "",
				       realm ? realm->served.config->name : "");
	status = manager->store->ops->readmit(manager->store, manager->identities[host],
					      realm ? realm->served.config->name : NULL, error);
	if (status < 0)
		return status;
	log_warning("%s is readmitted to %s", name,
		    realm ? realm->served.config->name : "all groups");
	if (!realm)
		manager->evicted[host] = false;
	for (size_t i = 0; i < manager->realm_count; i++) {
		long seat = seat_of(manager, host, &manager->realms[i]);

		if (seat >= 0 && (!realm || realm == &manager->realms[i]))
			group_readmit(manager->realms[i].served.group, (size_t)seat);
	}
	return 0;
}
