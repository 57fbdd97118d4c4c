/* SPDX-License-Identifier: BSD-3-Clause */
#include "manager.h"

#include <errno.h>
#include <event2/event.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "evictions.h"
#include "identity.h"
#include "log.h"
#include "session.h"

#define STOP_TICK_MS   50
#define STOP_TICKS_MAX 40

static int out_of_memory(struct covey_error *error)
{
	return covey_error_set(error, -ENOMEM, "out of memory");
}

static bool are_all_told(const struct manager *manager)
{
	const struct session *session;

	LIST_FOREACH(session, &manager->sessions, entry)
	{
		if (!channel_is_flushed(session->channel))
			return false;
	}
	return true;
}

/* The first tick in which all are told is not the last one: who is there closes in it. */
static void on_stop_tick(evutil_socket_t fd, short what, void *arg)
{
	struct manager *manager = arg;
	bool told = manager->all_told; /* a tick ago */

	manager->all_told = are_all_told(manager);
	if (told || ++manager->stop_ticks == STOP_TICKS_MAX)
		event_base_loopbreak(manager->base);
}

static int name_hosts(struct manager *manager, struct covey_error *error)
{
	const struct inventory *inventory = manager->inventory;
	char uri[COVEY_IDENTITY_MAX + 1];

	for (size_t i = 0; i < inventory->host_count; i++) {
		const struct inventory_host *host = &inventory->hosts[i];
		int rc = identity_format(IDENTITY_HOST, inventory->fabric, host->name, uri, error);

		if (rc < 0)
			return rc;
		manager->identities[i] = strdup(uri);
		if (!manager->identities[i])
			return out_of_memory(error);
		if (host->sender_id &&
		    sender_ids_bind(&manager->reserved, uri, host->sender_id, 0) < 0)
			return out_of_memory(error);
	}
	return 0;
}

static int init_realms(struct manager *manager, struct covey_error *error)
{
	for (size_t i = 0; i < manager->inventory->group_count; i++) {
		int rc = realm_init(&manager->realms[i], manager, &manager->inventory->groups[i],
				    error);

		if (rc < 0)
			return rc;
		manager->realm_count++;
	}
	return 0;
}

int manager_init(struct manager *manager, struct covey_error *error)
{
	size_t hosts = manager->inventory->host_count + 1;
	int rc;

	LIST_INIT(&manager->sessions);
	manager->stop_timer = event_new(manager->base, -1, EV_PERSIST, on_stop_tick, manager);
	manager->identities = calloc(hosts, sizeof(*manager->identities));
	manager->by_host = calloc(hosts, sizeof(struct session *));
	manager->log = peer_log_new(manager->base);
	manager->refusals = calloc(hosts, sizeof(*manager->refusals));
	manager->evicted = calloc(hosts, sizeof(*manager->evicted));
	manager->realms = calloc(manager->inventory->group_count + 1, sizeof(*manager->realms));
	if (!manager->identities || !manager->by_host || !manager->evicted || !manager->realms ||
	    !manager->stop_timer || !manager->log || !manager->refusals ||
	    bindings_init(manager) < 0)
		return out_of_memory(error);
	if (RAND_bytes((unsigned char *)&manager->instance, sizeof(manager->instance)) != 1)
		return covey_error_set(error, -EIO, "the system gives no random numbers");
	rc = name_hosts(manager, error);
	if (rc < 0)
		return rc;
	rc = init_realms(manager, error);
	return rc < 0 ? rc : evictions_load(manager, error);
}

void manager_stop(struct manager *manager)
{
	static const struct timeval tick = {.tv_usec = STOP_TICK_MS * 1000};
	struct session *session = LIST_FIRST(&manager->sessions);

	if (manager->stopping)
		return;
	manager->stopping = true;
	for (size_t i = 0; i < manager->realm_count; i++)
		realm_stop(&manager->realms[i]);
	while (session) {
		struct session *next = LIST_NEXT(session, entry);

		session_end(session, COVEY__REFUSAL_CODE__REFUSAL_SHUTDOWN,
			    "the key manager stops");
		session = next;
	}
	if (manager->session_count == 0 || event_add(manager->stop_timer, &tick) < 0)
		event_base_loopbreak(manager->base);
}

void manager_free(struct manager *manager)
{
	struct session *session;

	while ((session = LIST_FIRST(&manager->sessions)))
		session_free(session);
	if (manager->stop_timer)
		event_free(manager->stop_timer);
	bindings_free(manager);
	for (size_t i = 0; i < manager->realm_count; i++)
		realm_free(&manager->realms[i]);
	peer_log_free(manager->log);
	free(manager->refusals);
	free(manager->realms);
	free(manager->by_host);
	free(manager->evicted);
	for (size_t i = 0; manager->identities && i < manager->inventory->host_count; i++)
		free(manager->identities[i]);
	free(manager->identities);
	sender_ids_free(&manager->reserved);
}

long manager_find_host(const struct manager *manager, const char *name)
{
	const struct inventory_host *host = inventory_find_host(manager->inventory, name);

	return host ? host - manager->inventory->hosts : -ENOENT;
}
