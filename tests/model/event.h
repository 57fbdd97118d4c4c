/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What can happen in a world. */

#include "world.h"

enum event_kind {
	EVENT_CONNECT,      /* a member's connection, up to its Hello; Welcome is on its way */
	EVENT_UP,           /* the GKM takes a member's next message */
	EVENT_DOWN,         /* a member takes its next message */
	EVENT_SETTLE,       /* the GKM does what is due */
	EVENT_HOST_NOTICES, /* a member learns that the other end is gone; what was to come is lost
			     */
	EVENT_GKM_NOTICES,  /* and so the GKM */
	EVENT_HOST_LOSES,   /* the connection breaks, and the member is the first to see it */
	EVENT_GKM_LOSES,    /* and so the GKM */
	EVENT_HOST_RESTART,
	EVENT_GKM_RESTART,
	EVENT_REKEY,
	EVENT_LEAVE, /* and join again */
	EVENT_EVICT,
	EVENT_READMIT,
	EVENT_TIME, /* until something is due */
	EVENT_KINDS,
};

struct event {
	uint8_t kind;
	uint8_t host;
};

/* At most this many are possible at once. */
#define EVENTS_MAX (EVENT_KINDS * MEMBERS)

/* Returns how many events are possible, within what is left of the budget. */
size_t events_possible(const struct world *world, struct event events[EVENTS_MAX]);

/* Let one happen, and check the rules. */
void event_happen(struct world *world, struct event event);

/* What is going to happen, in words; to be called before it does. */
void event_describe(const struct world *world, struct event event, char *buf, size_t len);

/*
 * No more faults: everyone connects, all messages arrive, and time passes. Breaches the rule
 * "return" when that does not end with all members on one SA.
 */
void settle_down(struct world *world);
