/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * All members' connections, and what they share.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "bindings.h"
#include "inventory.h"
#include "message.h"
#include "peer_log.h"
#include "sender_ids.h"
#include "serial.h"
#include "store.h"

struct certificate_chain;
struct session;
struct tls;

/* What the sessions call upwards. */
struct session_handlers {
	/* A message came from a session that is not ending. */
	void (*received)(struct session *session, const Covey__Message *message);
	/* The last session is gone. */
	void (*emptied)(void *arg);
	void *arg;
	/* A host shows this certificate, and may get keys by it. 0 or -ENOMEM: it is not let in. */
	int (*shown)(size_t host, const struct certificate_chain *certificate, void *arg);
	void *shown_arg;
};

/* How often a host was refused: one that goes on and on is cut off. */
struct refusals {
	uint64_t since_ms;
	unsigned count;
};

LIST_HEAD(session_list, session);

struct sessions {
	/* Given, and owned by somebody else. */
	struct event_base *base;
	const struct inventory *inventory;
	struct store *store;
	struct tls *tls;
	struct peer_log *log;               /* for what members and strangers cause */
	struct served_group *const *groups; /* as inventory->groups */
	const struct sender_ids *reserved;  /* SenderIDs that the inventory fixes */
	const bool *evicted;                /* from all groups, by host */
	uint64_t instance; /* random: tells this start's epochs from an earlier one's */
	size_t max;        /* as many as there are file descriptors for */
	struct session_handlers handlers;

	struct session_list list;
	struct session **by_host; /* live session of each host, as inventory->hosts */
	size_t count;
	size_t unauthenticated_count; /* those whose Hello was not accepted yet */
	struct bindings bindings;
	struct refusals *refusals; /* by host */
	struct serial serial;      /* what members said of the state file */
};

/* Once all is given. binding: who is told of SenderIDs that were committed. Returns 0 or -ENOMEM.
 */
int sessions_init(struct sessions *sessions, const struct binding_handlers *binding);
/* Sessions that are left are cut. */
void sessions_free(struct sessions *sessions);

/* Tell all members that the key manager stops. */
void sessions_stop(struct sessions *sessions);
/* The last words to all of them are with the kernel. */
bool sessions_are_flushed(const struct sessions *sessions);

/* The host was refused once more. True: that was one too many. */
bool sessions_count_refusal(struct sessions *sessions, size_t host);
/* The host is not let in until the time is over. */
bool sessions_refused_too_often(struct sessions *sessions, size_t host);

/* By its name in the inventory; NULL: there is none. */
struct served_group *sessions_find_group(const struct sessions *sessions, const char *name);
