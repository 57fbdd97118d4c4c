/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * One group in the running program: ties its state machine to the inventory, the state file, random
 * numbers, a timer and the sessions.
 *
 * An identity may have had another SenderID in an earlier instance of this program, and members may
 * still hold SAs of that instance, in whose rosters that SenderID is the identity's. So nobody else
 * gets it before those SAs have ended by their hard lifetime, counted from the start of this
 * instance, which makes none of them.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <jansson.h>

#include "group.h"
#include "inventory.h"
#include "outbox.h"
#include "pace.h"
#include "served_group.h"
#include "store.h"

/* What a realm works with, owned by somebody else. */
struct realm_tools {
	struct event_base *base;
	const struct inventory *inventory;
	char *const *identities; /* by host, as inventory->hosts */
	struct store *store;
	struct peer_log *log;
};

struct realm {
	struct served_group served;
	struct realm_tools tools;
	struct event *timer;
	bool stopped;
	struct outbox outbox;
	struct pace pace;
	uint64_t retry_ms; /* an SA could not begin: not again before */
	/* SenderIDs of an earlier instance are kept until then, and the last SPI of any of them, 0:
	 * there are none. */
	uint64_t formers_until_ms;
	uint32_t formers_until_spi;
};

/*
 * Seats are the group's members in the inventory, in that order. Restores durable bindings. The
 * realm must not move after this.
 */
int realm_init(struct realm *realm, const struct realm_tools *tools,
	       const struct inventory_group *config, struct covey_error *error);
/* Do no more; the key is wiped by realm_free(). */
void realm_stop(struct realm *realm);
void realm_free(struct realm *realm);

/* Something happened: settle the state machine at the event loop's next turn, or when it has rested
 * from the last time, once for all. */
void realm_wake(struct realm *realm);

/* Begin an SA when the group has none to send on. */
int realm_ensure_sa(struct realm *realm, struct covey_error *error);

/* When realm_release_formers() has something to do, UINT64_MAX: never. */
uint64_t realm_formers_deadline(const struct realm *realm);
/* Let others have the SenderIDs of an earlier instance, if their time is over. */
void realm_release_formers(struct realm *realm, uint64_t now_ms);

/* The host's name of the member in this seat. */
const char *realm_member_name(const struct realm *realm, size_t seat);
/*
 * The names of those that send on the active SA and have no connection: they are heard, but a rekey
 * leaves them behind. A new reference; NULL: no memory.
 */
json_t *realm_absent_names(const struct realm *realm);
