/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * One group in the running program. It connects the group's state machine with the inventory, the
 * state file, random numbers, a timer and the sessions.
 *
 * In an earlier instance of this program, an identity may have had another SenderID. Members may
 * still hold SAs of that instance, and in their rosters that SenderID belongs to the identity. So
 * nobody else gets it before these SAs have ended by their hard lifetime. The time counts from the
 * start of this instance, because it makes no such SAs.
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

/* What a realm uses and somebody else owns. */
struct realm_tools {
	struct event_base *base;
	const struct inventory *inventory;
	char *const *identities; /* by host, in the order of inventory->hosts */
	struct store *store;
	struct peer_log *log;
	struct publishing *publishing; /* of all groups */
	/* How many groups would begin an SA now. NULL: this is the only one. */
	size_t (*count_beginning)(void *arg, uint64_t now_ms);
	void *arg;
};

struct realm {
	struct served_group served;
	struct realm_tools tools;
	struct event *timer;
	bool stopped;
	struct outbox outbox;
	struct pace pace;
	uint64_t retry_ms;           /* an SA could not begin: not tried again before this time */
	bool awaits_spi;             /* the SA that is due begins when SPIs have come */
	enum rekey_reason announced; /* the log says already that an SA begins for this reason */
	/* Until when SenderIDs of an earlier instance are kept, and the last SPI of any of them; 0
	 * when there are none. */
	uint64_t formers_until_ms;
	uint32_t formers_until_spi;
	struct covey_error mode_error; /* why the mode could not be stored the last time */
	/* Called once when the mode that is being stored has begun. NULL: nobody. */
	void (*mode_begun)(const struct realm *realm);
	/* The longest hard lifetime that an SA may have, because it is noted in the state file; and
	 * the one that is sent there. */
	uint32_t lifetime_s, lifetime_sent_s;
	uint64_t lifetime_retry_ms; /* noting it has failed: not tried again before this time */
	struct covey_error lifetime_error;
	int lifetime_status, mode_status; /* of the last ones that ended */
	bool calls_store;                 /* what ends meanwhile is told by the return value */
	struct store_request mode_request, lifetime_request, formers_request;
};

/*
 * Seats are the group's members in the order of the inventory, to which more may come
 * (realm_update.h). Also restores durable bindings.
 * After this, the realm must stay at the same address.
 */
int realm_init(struct realm *realm, const struct realm_tools *tools,
	       const struct inventory_group *config, struct covey_error *error);
/* Do nothing any more. realm_free() wipes the keys. */
void realm_stop(struct realm *realm);
void realm_free(struct realm *realm);

/* Something happened. Settle the state machine once for all events: in the event loop's next turn,
 * or when it has rested from the last time (group/pace.h). */
void realm_wake(struct realm *realm);

/* Would it begin an SA now if somebody joined? */
bool realm_is_beginning(const struct realm *realm, uint64_t now_ms);
/* Begin an SA if the group has no SA to send on. -EINPROGRESS: it begins by itself, when what it
 * needs is written. */
int realm_ensure_sa(struct realm *realm, struct covey_error *error);

/* Shorten a time by a random part of its last tenth, so that groups which began together do not
 * rekey together. */
uint64_t realm_spread(uint64_t ms);

/* SPIs have come, or could not be had (negative errno): if it waits for one, it goes on. */
void realm_spis_came(struct realm *realm, int status, const struct covey_error *error);
/* Note the hard lifetime that the inventory has for the group's SAs. Returns 0 also if that is not
 * over yet; until then no SA begins. */
int realm_note_lifetime(struct realm *realm, struct covey_error *error);

/* When realm_release_formers() will have something to do; UINT64_MAX for never. */
uint64_t realm_formers_deadline(const struct realm *realm);
/* If their time is over, let others have the SenderIDs of an earlier instance. */
void realm_release_formers(struct realm *realm, uint64_t now_ms);

/* The host name of the member in this seat. */
const char *realm_member_name(const struct realm *realm, size_t seat);
/*
 * The names of members that send on the active SA and have no connection. Others hear them, but
 * after a rekey they hear nobody. Returns a new reference; NULL when there is no memory.
 */
json_t *realm_absent_names(const struct realm *realm);
