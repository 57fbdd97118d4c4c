/* SPDX-License-Identifier: BSD-3-Clause */
#include "evictions.h"

#include <errno.h>
#include <stdlib.h>
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

static const char *place_name(const struct realm *realm)
{
	return realm ? realm->served.config->name : "all groups";
}

static void put_out(struct manager *manager, size_t host, struct realm *realm)
{
	log_warning("%s is evicted from %s", manager->inventory->hosts[host].name,
		    place_name(realm));
	if (realm)
		evict_from(manager, host, realm);
	else
		evict_from_all(manager, host);
}

static void let_in(struct manager *manager, size_t host, struct realm *realm)
{
	log_warning("%s is readmitted to %s", manager->inventory->hosts[host].name,
		    place_name(realm));
	if (!realm)
		manager->evicted[host] = false;
	for (size_t i = 0; i < manager->realm_count; i++) {
		long seat = seat_of(manager, host, &manager->realms[i]);

		if (seat >= 0 && (!realm || realm == &manager->realms[i]))
			group_readmit(manager->realms[i].served.group, (size_t)seat);
	}
}

/* --- writing it ---------------------------------------------------------------------------- */

/* One that is being written, or could not be. */
struct eviction_change {
	LIST_ENTRY(eviction_change) entry;
	struct store_request request;
	struct manager *manager;
	uint64_t number;
	size_t host;
	struct realm *realm;
	void (*take_effect)(struct manager *manager, size_t host, struct realm *realm);
	int status;  /* -EINPROGRESS: it is being written */
	bool called; /* the call that begins it has not returned yet */
	struct covey_error error;
};

static void drop(struct eviction_change *change)
{
	LIST_REMOVE(change, entry);
	free(change);
}

static void on_done(struct store_request *request, int status, const struct covey_error *error)
{
	struct eviction_change *change = request->arg;

	change->status = status;
	change->error = *error;
	if (status == 0)
		change->take_effect(change->manager, change->host, change->realm);
	else if (!change->called)
		log_error("%s: what the operator wants of its eviction cannot be stored: %s",
			  change->manager->inventory->hosts[change->host].name, error->text);
	if (status == 0 && !change->called)
		drop(change);
}

static int begin(struct manager *manager, const struct eviction_change *wanted,
		 enum store_change_kind kind, uint64_t *ret_change, struct covey_error *error)
{
	struct eviction_change *change = malloc(sizeof(*change));
	const char *all = kind == STORE_EVICT ? "" : NULL;
	const struct store_change store_change = {
		.kind = kind,
		.identity = manager->identities[wanted->host],
		.group = wanted->realm ? wanted->realm->served.config->name : all};
	int status;

	if (!change)
		return covey_error_set(error, -ENOMEM, "out of memory");
	*change = *wanted;
	change->manager = manager;
	change->request = (struct store_request){.done = on_done, .arg = change};
	change->number = ++manager->eviction_count;
	change->status = -EINPROGRESS;
	change->called = true;
	LIST_INSERT_HEAD(&manager->eviction_changes, change, entry);
	store_commit(manager->store, &store_change, 1, &change->request);
	change->called = false;
	status = change->status;
	*ret_change = status == -EINPROGRESS ? change->number : 0;
	if (status == -EINPROGRESS)
		return 0;
	if (status < 0)
		*error = change->error;
	drop(change);
	return status;
}

static struct eviction_change *find(const struct manager *manager, uint64_t number)
{
	struct eviction_change *change;

	LIST_FOREACH(change, &manager->eviction_changes, entry)
	{
		if (change->number == number)
			return change;
	}
	return NULL;
}

int evictions_progress(const struct manager *manager, uint64_t number, struct covey_error *error)
{
	const struct eviction_change *change = find(manager, number);

	if (change)
		*error = change->error;
	return change ? change->status : 0;
}

void evictions_forget(struct manager *manager, uint64_t number)
{
	struct eviction_change *change = find(manager, number);

	if (change && change->status != -EINPROGRESS)
		drop(change);
}

void evictions_free(struct manager *manager)
{
	struct eviction_change *change;

	while ((change = LIST_FIRST(&manager->eviction_changes))) {
		store_forget(&change->request);
		drop(change);
	}
}

/* --- what the operator wants ---------------------------------------------------------------- */

int evict(struct manager *manager, size_t host, struct realm *realm, uint64_t *ret_change,
	  struct covey_error *error)
{
	const struct eviction_change wanted = {
		.host = host, .realm = realm, .take_effect = put_out};
	const char *name = manager->inventory->hosts[host].name;

	if (!manager->identities[host])
		return covey_error_set(error, -ENOMEM, "out of memory");
	if (is_evicted(manager, host, realm))
		return covey_error_set(error, -EALREADY, "%s is evicted already", name);
	if (realm && seat_of(manager, host, realm) < 0)
		return covey_error_set(error, -ENOENT, "%s is no member of group %s", name,
				       realm->served.config->name);
	return begin(manager, &wanted, STORE_EVICT, ret_change, error);
}

static bool has_any(const struct manager *manager, size_t host)
{
	for (size_t i = 0; i < manager->realm_count; i++)
		if (is_evicted(manager, host, &manager->realms[i]))
			return true;
	return manager->evicted[host];
}

int readmit(struct manager *manager, size_t host, struct realm *realm, uint64_t *ret_change,
	    struct covey_error *error)
{
	const struct eviction_change wanted = {.host = host, .realm = realm, .take_effect = let_in};
	const char *name = manager->inventory->hosts[host].name;

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
	return begin(manager, &wanted, STORE_READMIT, ret_change, error);
}
