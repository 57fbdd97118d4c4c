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

#include "evictions.h"
#include "inventory.h"
#include "peer_log.h"
#include "realm.h"
#include "sender_ids.h"
#include "sessions.h"
#include "store.h"

struct inventory_watch;
struct own_watch;
struct peers;
struct revoked_hosts;
struct tls;

struct manager {
	/* main() sets and owns these. */
	struct event_base *base;
	const struct inventory *inventory;
	struct covey_addr address; /* which of inventory->gkms is ours */
	struct store *store;
	struct tls *tls;
	size_t session_max; /* as many as there are file descriptors for */

	bool *evicted;                /* by host: is it evicted from all groups? */
	char **identities;            /* SPIFFE IDs by host, in the order of inventory->hosts */
	struct sender_ids reserved;   /* SenderIDs that the inventory fixes */
	struct realm *realms;         /* by group, in the order of inventory->groups */
	struct served_group **groups; /* the served groups of these realms */
	size_t realm_count;
	struct publishing publishing; /* what all of them have told lately */
	struct peer_log *log;         /* for lines that members and strangers cause */
	struct sessions sessions;
	struct eviction_changes eviction_changes; /* that are being written */
	uint64_t eviction_count;                  /* of them so far */
	struct revoked_hosts *revoked_hosts;      /* which host showed which certificate */
	struct peers *peers;                      /* the other key managers; belongs to main() */
	struct own_watch *own; /* the key manager's own certificate; belongs to main() */
	const struct inventory_watch *watch; /* belongs to main() */
	bool behind; /* a take-over did not do all: the next one does all again */
	bool stopping;
	struct event *stop_timer;
	unsigned stop_ticks;
	bool all_told; /* at the last tick */
};

/*
 * Set what main() does not set: identities, reserved SenderIDs, and realms with their durable
 * bindings. Evictions are loaded later (evictions.h). Returns 0 or a negative errno.
 */
int manager_init(struct manager *manager, struct covey_error *error);

/* For hosts and groups that are new in the inventory. Each returns 0 or a negative errno; what was
 * not done is done when it is called again. A host without an identity cannot join. */
int manager_name_hosts(struct manager *manager, struct covey_error *error);
int manager_init_realms(struct manager *manager, struct covey_error *error);

/*
 * Tell all members that we stop or, if so, that another key manager leads, and end the event loop
 * when they are gone. A member that is away does not close
 * its connection, and the next process waits for this one's state file. So the loop also ends a
 * moment after the last message to all of them has reached the kernel, and after two seconds at the
 * latest.
 */
void manager_stop(struct manager *manager);

/* Wipes all keys. Closes sessions that still exist. */
void manager_free(struct manager *manager);
