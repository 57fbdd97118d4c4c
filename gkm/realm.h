/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * One group in the running program: ties the state machine to its inventory entry, the state file,
 * random numbers, a timer and the sessions.
 */

#include <covey/error.h>
#include <event2/event.h>

#include "group.h"
#include "inventory.h"
#include "outbox.h"
#include "pace.h"

struct manager;

struct realm {
	struct manager *manager;
	const struct inventory_group *group;
	struct group *state;
	struct event *timer;
	struct outbox outbox;
	struct sender_ids requested; /* chosen, but not committed yet: bindings.h */
	struct pace pace;
	uint64_t retry_ms;          /* an SA could not begin: not again before */
	uint32_t formers_until_spi; /* formers.h: of those from earlier instances, 0: there are none
				     */
	uint64_t formers_until_ms;
};

/* Seats are the group's members in the inventory, in that order. Restores durable bindings. */
int realm_init(struct realm *realm, struct manager *manager, const struct inventory_group *group,
	       struct covey_error *error);
/* Do no more; the key is wiped by realm_free(). */
void realm_stop(struct realm *realm);
void realm_free(struct realm *realm);

/* Something happened: settle the state machine at the event loop's next turn, or when it has rested
 * from the last time, once for all. */
void realm_wake(struct realm *realm);

/* Begin an SA when the group has none to send on. */
int realm_ensure_sa(struct realm *realm, struct covey_error *error);
/* Begin an SA with a fresh key and SPI: the first, or a rekey. */
int realm_begin_sa(struct realm *realm, enum rekey_reason reason, struct covey_error *error);
