/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * SenderIDs that were chosen and are not committed yet. Requests that come in one turn of the event
 * loop, while commits rest, or while another commit is under way, share one commit: a disk takes
 * some milliseconds for it, whether it has one binding or hundreds. Nothing takes effect before its
 * commit, and no one else gets a SenderID that somebody waits for.
 */

#include <covey/error.h>
#include <covey/limits.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "pace.h"
#include "store.h"

struct served_group;
struct session;

/* All contents of a Join, so that nothing is lost while its commit is awaited. */
struct join_request {
	struct served_group *served;
	uint32_t held_spis[COVEY_SAS_PER_GROUP_MAX]; /* SAs that it still has: floor_reports.h */
	size_t held_count;
};

struct binding_request {
	size_t seat;
	uint16_t sender_id;
	struct session *session; /* only compared, never dereferenced here */
	struct join_request join;
};

/* One of the two is called from the event loop for each request, unless its session is gone. */
struct binding_handlers {
	/* The member now has this SenderID, on disk too. */
	void (*bound)(const struct binding_request *request);
	void (*failed)(const struct binding_request *request, const struct covey_error *error);
};

struct waiting_binding;
STAILQ_HEAD(waiting_bindings, waiting_binding);

struct bindings {
	struct store *store;
	const struct binding_handlers *handlers;
	struct event *commit;
	struct pace pace;
	struct waiting_bindings waiting; /* for the next commit */
	size_t count;
	/* Of the commit that is under way, or whose answers are being given. */
	struct waiting_bindings sent;
	struct store_request request;
	uint64_t began_us;
};

/* Returns 0 or -ENOMEM. */
int bindings_init(struct bindings *bindings, struct event_base *base, struct store *store,
		  const struct binding_handlers *handlers);
/* Waiting requests are not answered. */
void bindings_free(struct bindings *bindings);

/*
 * Ask that the member be bound to the SenderID. Its identity must have no other request in the
 * group. The request is copied. Returns 0 or -ENOMEM.
 */
int bindings_request(struct bindings *bindings, const struct binding_request *request);

/* Does the session wait for a binding in this group? */
bool bindings_has(const struct bindings *bindings, const struct session *session,
		  const struct served_group *served);
/* The session does not want its binding in this group any more; with served NULL, in no group. */
void bindings_forget(struct bindings *bindings, const struct session *session,
		     const struct served_group *served);
/*
 * A session that wants no more has left a request of the same member: it is this session's now, and
 * is answered with this Join. False when there is none.
 */
bool bindings_adopt(struct bindings *bindings, struct session *session, size_t seat,
		    const struct join_request *join);
