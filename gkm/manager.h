/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What the key manager's parts share: the inventory, the state file, a realm for each group, and
 * the sessions.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "bindings.h"
#include "channel.h"
#include "inventory.h"
#include "peer_log.h"
#include "realm.h"
#include "sender_ids.h"
#include "serial.h"
#include "store.h"

/* How often a host was refused, to cut one off that goes on and on. */
struct refusals {
	uint64_t since_ms;
	unsigned count;
};

struct own_watch;
struct revocations;
struct session;
LIST_HEAD(session_list, session);

struct manager {
	/* Given by main(), which owns them. */
	struct event_base *base;
	const struct inventory *inventory;
	struct store *store;
	struct tls *tls;

	uint64_t instance;          /* random: tells this start's epochs from an earlier one's */
	bool *evicted;              /* from all groups, by host */
	char **identities;          /* SPIFFE IDs by host, as inventory->hosts */
	struct sender_ids reserved; /* SenderIDs that the inventory fixes */
	struct realm *realms;       /* by group, as inventory->groups */
	size_t realm_count;
	struct session_list sessions;
	struct session **by_host; /* live session of each host, as inventory->hosts */
	size_t session_count;
	size_t unauthenticated_count; /* those whose Hello was not accepted yet */
	size_t session_max;           /* as many as there are file descriptors for */
	struct bindings bindings;
	struct peer_log *log;            /* for what members and strangers cause */
	struct refusals *refusals;       /* by host */
	struct serial serial;            /* what members said of the state file */
	struct revocations *revocations; /* who showed which certificate */
	struct own_watch *own;           /* the key manager's own certificate; main()'s */
	bool stopping;
	struct event *stop_timer;
	unsigned stop_ticks;
	bool all_told; /* as of the last tick */
};

/*
 * Fill in what is not given: identities, reserved SenderIDs, realms with their durable bindings.
 * Returns 0 or a negative errno.
 */
int manager_init(struct manager *manager, struct covey_error *error);

/*
 * Tell all members, and end the event loop when they are gone, or when the last words to all of
 * them have been with the kernel for a moment: who is away closes nothing, and whoever comes after
 * this process waits for its state file. Two seconds at most.
 */
void manager_stop(struct manager *manager);

/* Wipes all keys. Sessions that are left are cut. */
void manager_free(struct manager *manager);

/* Index into inventory->hosts, or -ENOENT. */
long manager_find_host(const struct manager *manager, const char *name);
