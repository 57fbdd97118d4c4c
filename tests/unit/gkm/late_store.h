/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A store over another one that answers later, from the event loop, as one behind a network does:
 * commits, and SPIs that have to be reserved. It may also fail, fall silent, or not know what came
 * of a commit.
 */

#include <event2/event.h>

#include "store.h"

enum late_plan {
	LATE_WELL,
	LATE_FAILS,   /* nothing comes to pass, and done() says so */
	LATE_NEVER,   /* nothing comes to pass, and done() is not called */
	LATE_UNKNOWN, /* it comes to pass, but nobody knows, and all is lost */
};

/* Takes the inner store over. *base is used when something is begun, and may be set until then.
 * Fails the program when there is no memory. */
struct store *late_store_new(struct store *inner, struct event_base *const *base);
struct store *late_store_inner(struct store *store);

/* How commits that end from now on do so. */
void late_store_plan(struct store *store, enum late_plan plan);
/* The program must not act any more; it is told so from the event loop. */
void late_store_lose(struct store *store, const char *reason);
