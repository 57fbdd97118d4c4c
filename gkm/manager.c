/* SPDX-License-Identifier: BSD-3-Clause */
#include "manager.h"

#include <errno.h>
#include <event2/event.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "dispatch.h"
#include "identity.h"
#include "join.h"

#define STOP_TICK_MS   50
#define STOP_TICKS_MAX 40

static int out_of_memory(struct covey_error *error)
{
	return covey_error_set(error, -ENOMEM, "out of memory");
}

/* Waits one more tick after all members have been told. Members that are connected close their
 * connections in this time. */
static void on_stop_tick(evutil_socket_t fd, short what, void *arg)
{
	struct manager *manager = arg;
	bool told = manager->all_told; /* a tick ago */

	manager->all_told = sessions_are_flushed(&manager->sessions);
	if (told || ++manager->stop_ticks == STOP_TICKS_MAX)
		event_base_loopbreak(manager->base);
}

/* The last session is gone. */
static void on_emptied(void *arg)
{
	const struct manager *manager = arg;

	if (manager->stopping)
		event_base_loopbreak(manager->base);
}

static int name_host(struct manager *manager, size_t i, struct covey_error *error)
{
	const struct inventory *inventory = manager->inventory;
	char uri[COVEY_IDENTITY_MAX + 1];
	int status;

	if (manager->identities[i])
		return 0;
	status = identity_format(IDENTITY_HOST, inventory->fabric, inventory->hosts[i].name, uri,
				 error);
	if (status < 0)
		return status;
	manager->identities[i] = strdup(uri);
	return manager->identities[i] ? 0 : out_of_memory(error);
}

/* What a removed host was to have is free for others. What it has had in a group stays its own
 * there: who is to have that now is refused when it joins. */
static void unreserve(struct manager *manager)
{
	const struct inventory *inventory = manager->inventory;

	for (size_t i = 0; i < inventory->host_count; i++)
		if (inventory->hosts[i].gone && manager->identities[i])
			sender_ids_unbind(&manager->reserved, manager->identities[i],
					  inventory->hosts[i].sender_id);
}

/* Two may be to have the same, because one keeps what it had at the start. The second is refused
 * when it joins. */
static int reserve(struct manager *manager, size_t i, struct covey_error *error)
{
	const struct inventory_host *host = &manager->inventory->hosts[i];

	if (host->gone || !host->sender_id ||
	    sender_ids_holder(&manager->reserved, host->sender_id))
		return 0;
	return sender_ids_bind(&manager->reserved, manager->identities[i], host->sender_id, 0) < 0
		       ? out_of_memory(error)
		       : 0;
}

int manager_name_hosts(struct manager *manager, struct covey_error *error)
{
	struct covey_error reason;
	int first = 0;

	unreserve(manager);
	for (size_t i = 0; i < manager->inventory->host_count; i++) {
		int status = name_host(manager, i, &reason);

		if (status == 0)
			status = reserve(manager, i, &reason);
		if (status == 0 || first < 0)
			continue;
		first = status;
		*error = reason;
	}
	return first;
}

static size_t count_beginning(void *arg, uint64_t now_ms)
{
	const struct manager *manager = arg;
	size_t count = 0;

	for (size_t i = 0; i < manager->realm_count; i++)
		count += realm_is_beginning(&manager->realms[i], now_ms);
	return count;
}

/* All of them: not one after the other. */
static void on_spis_came(void *arg, int status, const struct covey_error *error)
{
	const struct manager *manager = arg;

	for (size_t i = 0; i < manager->realm_count; i++)
		realm_spis_came(&manager->realms[i], status, error);
}

int manager_init_realms(struct manager *manager, struct covey_error *error)
{
	const struct realm_tools tools = {.base = manager->base,
					  .inventory = manager->inventory,
					  .identities = manager->identities,
					  .store = manager->store,
					  .log = manager->log,
					  .publishing = &manager->publishing,
					  .count_beginning = count_beginning,
					  .arg = manager};

	for (size_t i = manager->realm_count; i < manager->inventory->group_count; i++) {
		int status = realm_init(&manager->realms[i], &tools, &manager->inventory->groups[i],
					error);

		if (status < 0)
			return status;
		manager->groups[i] = &manager->realms[i].served;
		manager->realm_count++;
	}
	return 0;
}

static int init_sessions(struct manager *manager, struct covey_error *error)
{
	struct sessions *sessions = &manager->sessions;

	*sessions = (struct sessions){
		.base = manager->base,
		.inventory = manager->inventory,
		.store = manager->store,
		.tls = manager->tls,
		.log = manager->log,
		.groups = manager->groups,
		.reserved = &manager->reserved,
		.evicted = manager->evicted,
		.max = manager->session_max,
		.handlers = {.received = dispatch, .emptied = on_emptied, .arg = manager},
	};
	if (RAND_bytes((unsigned char *)&sessions->instance, sizeof(sessions->instance)) != 1)
		return covey_error_set(error, -EIO, "the system gives no random numbers");
	return sessions_init(sessions, &join_binding_handlers) < 0 ? out_of_memory(error) : 0;
}

int manager_init(struct manager *manager, struct covey_error *error)
{
	size_t hosts = manager->inventory->host_room + 1;
	size_t groups = manager->inventory->group_room + 1;
	int status;

	manager->stop_timer = event_new(manager->base, -1, EV_PERSIST, on_stop_tick, manager);
	manager->identities = calloc(hosts, sizeof(*manager->identities));
	manager->log = peer_log_new(manager->base);
	manager->evicted = calloc(hosts, sizeof(*manager->evicted));
	manager->realms = calloc(groups, sizeof(*manager->realms));
	manager->groups = calloc(groups, sizeof(struct served_group *));
	if (!manager->identities || !manager->evicted || !manager->realms || !manager->groups ||
	    !manager->stop_timer || !manager->log)
		return out_of_memory(error);
	manager->store->handlers.spis_came = on_spis_came;
	manager->store->handlers.arg = manager;
	status = init_sessions(manager, error);
	if (status == 0)
		status = manager_name_hosts(manager, error);
	return status < 0 ? status : manager_init_realms(manager, error);
}

void manager_stop(struct manager *manager)
{
	static const struct timeval tick = {.tv_usec = STOP_TICK_MS * 1000};
	const struct leadership *leadership = manager->sessions.leadership;

	if (manager->stopping)
		return;
	manager->stopping = true;
	for (size_t i = 0; i < manager->realm_count; i++)
		realm_stop(&manager->realms[i]);
	if (leadership && !leadership->leads)
		sessions_send_away(&manager->sessions);
	else
		sessions_stop(&manager->sessions);
	if (manager->sessions.count == 0 || event_add(manager->stop_timer, &tick) < 0)
		event_base_loopbreak(manager->base);
}

void manager_free(struct manager *manager)
{
	sessions_free(&manager->sessions);
	evictions_free(manager);
	if (manager->stop_timer)
		event_free(manager->stop_timer);
	for (size_t i = 0; i < manager->realm_count; i++)
		realm_free(&manager->realms[i]);
	peer_log_free(manager->log);
	free(manager->groups);
	free(manager->realms);
	free(manager->evicted);
	for (size_t i = 0; manager->identities && i < manager->inventory->host_count; i++)
		free(manager->identities[i]);
	free(manager->identities);
	sender_ids_free(&manager->reserved);
}
