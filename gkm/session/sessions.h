/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The connections of all members, and what they share.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "bindings.h"
#include "inventory.h"
#include "leadership.h"
#include "message.h"
#include "peer_log.h"
#include "sender_ids.h"
#include "serial.h"
#include "spi_raise.h"
#include "store.h"

struct certificate_chain;
struct session;
struct tls;

/* What the sessions call in the code above them. */
struct session_handlers {
	/* A message came from a session that is not ending. */
	void (*received)(struct session *session, const Covey__Message *message);
	/* The last session is gone. */
	void (*emptied)(void *arg);
	void *arg;
	/* A host comes in with this certificate, and may get keys. Returns 0, or -ENOMEM; then the
	 * host is not let in. */
	int (*shown)(size_t host, const struct certificate_chain *certificate, void *arg);
	void *shown_arg;
};

/* How often a host was refused. A host that is refused again and again is cut off. */
struct refusals {
	uint64_t since_ms;
	unsigned count;
};

LIST_HEAD(session_list, session);

struct sessions {
	/* Set by the caller, who owns them. */
	struct event_base *base;
	const struct inventory *inventory;
	struct store *store;
	struct tls *tls;
	struct peer_log *log;               /* for lines that members and strangers cause */
	struct served_group *const *groups; /* in the order of inventory->groups */
	const struct sender_ids *reserved;  /* SenderIDs that the inventory fixes */
	const bool *evicted;                /* by host: is it evicted from all groups? */
	uint64_t instance; /* random; tells epochs of this start from those of an earlier one */
	size_t max;        /* as many as there are file descriptors for */
	struct session_handlers handlers;
	const struct leadership *leadership; /* NULL: this key manager is the only one, and leads */

	struct session_list list;
	struct session **by_host; /* live session of each host, in the order of inventory->hosts */
	uint64_t *welcomed;       /* how many sessions of each host were, since the start */
	uint64_t refused;         /* Joins, and sessions that we ended but for our own end */
	size_t count;
	size_t unauthenticated_count; /* sessions whose Hello was not accepted yet */
	struct bindings bindings;
	struct probes *probes;
	struct refusals *refusals; /* by host */
	struct serial serial;      /* what members say about the age of the state file */
	struct spi_raises raises;
};

/* To be called when all that the caller sets is set. binding: what to call when a SenderID was
 * committed. Returns 0 or -ENOMEM. */
int sessions_init(struct sessions *sessions, const struct binding_handlers *binding);
/* Closes sessions that still exist. */
void sessions_free(struct sessions *sessions);

/* Tell all members that the key manager stops. */
void sessions_stop(struct sessions *sessions);
/* Tell all members that this key manager does not lead any more (sessions->leadership). */
void sessions_send_away(struct sessions *sessions);
/* Have the last messages to all members reached the kernel? */
bool sessions_are_flushed(const struct sessions *sessions);

/* Count one more refusal of the host. True when it was one too many. */
bool sessions_count_refusal(struct sessions *sessions, size_t host);
/* Was the host refused too often? Then it is not let in until the time is over. */
bool sessions_refused_too_often(struct sessions *sessions, size_t host);

/* Find a group by its name in the inventory. NULL when there is none. */
struct served_group *sessions_find_group(const struct sessions *sessions, const char *name);
