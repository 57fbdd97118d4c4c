/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * SenderIDs that were chosen and are not committed yet. Those that ask while a commit rests, or
 * within one turn of the event loop, share one: a disk takes some milliseconds for it, whether it
 * is of one binding or of hundreds. Nothing takes effect before its commit, and nobody else is
 * given a SenderID that somebody waits for.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "pace.h"

struct join_request;
struct manager;
struct realm;
struct session;
struct binding_request;
STAILQ_HEAD(binding_requests, binding_request);

struct bindings {
	struct event *commit;
	struct pace pace;
	struct binding_requests requests;
	size_t count;
};

/* Of manager->bindings. Returns 0 or -ENOMEM. */
int bindings_init(struct manager *manager);
/* Nobody is answered. */
void bindings_free(struct manager *manager);

/*
 * Have the seat bound to sender_id; join_bound() or join_unbound() follow, from the event loop, or
 * neither when the session is gone by then. The caller has checked that the identity has no request
 * in the realm. join is copied. Returns 0 or -ENOMEM.
 */
int bindings_request(struct realm *realm, size_t seat, uint16_t sender_id, struct session *session,
		     const struct join_request *join);

/* Does the session wait for a binding in this group? */
bool bindings_has(const struct manager *manager, const struct session *session,
		  const struct realm *realm);
/* The session does not want it any more; realm NULL: none of them. */
void bindings_forget(struct manager *manager, const struct session *session,
		     const struct realm *realm);

/* Commit now. */
void bindings_commit(struct manager *manager);
