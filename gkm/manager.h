/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The running key manager: a realm for each group, and the sessions.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inventory.h"
#include "peer_log.h"
#include "realm.h"
#include "sender_ids.h"
#include "sessions.h"
#include "store.h"

struct own_watch;
struct revocations;
struct tls;

struct manager {
	/* Given by main(), which owns them. */
	struct event_base *base;
	const struct inventory *inventory;
	struct store *store;
	struct tls *tls;
	size_t session_max; /* as many as there are file descriptors for */

	bool *evicted;                /* from all groups, by host */
	char **identities;            /* SPIFFE IDs by host, as inventory->hosts */
	struct sender_ids reserved;   /* SenderIDs that the inventory fixes */
	struct realm *realms;         /* by group, as inventory->groups */
	struct served_group **groups; /* of these realms */
	size_t realm_count;
	struct peer_log *log; /* for what members and strangers cause */
	struct sessions sessions;
	struct revocations *revocations; /* who showed which certificate */
	struct own_watch *own;           /* the key manager's own certificate; main()'s */
	bool stopping;
	struct event *stop_timer;
	unsigned stop_ticks;
	bool all_told; /* as of the last tick */
};

/*
 * Fill in what is not given: identities, reserved SenderIDs, realms with their durable bindings.
 * What is evicted is loaded after that: evictions.h. Returns 0 or a negative errno.
 */
int manager_init(struct manager *manager, struct covey_error *error);

/*
 * Tell all members, and end the event loop when they are gone, or when the last words to all of
 * them have been with the kernel for a moment: a member that is away closes nothing, and the next
 * process waits for this one's state file. Two seconds at most.
 */
void manager_stop(struct manager *manager);

/* Wipes all keys. Sessions that are left are cut. */
void manager_free(struct manager *manager);
