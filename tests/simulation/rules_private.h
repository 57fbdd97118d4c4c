/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What the rules remember. */

#include "gkm.h"
#include "group.h"
#include "host.h"
#include "rules.h"

/* The clock is looked at each second, and a step that an earlier message has begun lasts as long as
 * that has said. */
#define MODE_SLACK_US (4 * SECOND_US + COVEY_MODE_BETWEEN_MAX_MS * UINT64_C(1000))

struct rule_sa {
	uint8_t tek[COVEY_TEK_BYTES_MAX];
	uint32_t spi;
	unsigned group;
	unsigned start; /* of the key manager */
	uint64_t begun; /* which event that was */
	uint64_t begun_us;
	uint64_t sent; /* the event in which somebody first sent on it; 0: nobody has */
	unsigned senders;
	bool forgotten;     /* an older state file does not know it */
	uint16_t *expected; /* epochs of those who were there when it began, by host; 0: was not */
};

struct rule_host {
	uint64_t cast_out;         /* the event in which it was last evicted or revoked */
	uint64_t evicted, revoked; /* in which event; 0: it is not */
	bool was_evicted;
	bool doubtful;                 /* nobody knows whether it is evicted */
	uint64_t enrolled[GROUPS_MAX]; /* the event in which it came for the first time */
	uint16_t sender_id[GROUPS_MAX];
	uint64_t enforces_us[GROUPS_MAX]; /* of its own clock: from when to when it must */
	uint64_t enforced_us[GROUPS_MAX];
};

struct rules {
	struct rule_sa *sas; /* from 1 */
	size_t sa_count, sa_room;
	struct rule_host *hosts;
	uint64_t *leases; /* a hash table: SA, SenderID, epoch */
	size_t lease_count, lease_room;
	struct host *changed; /* in this event; NULL: nobody */
	bool all_changed;     /* more than that one have */
};

/* Is the member connected, as both sides see it, and in the group? */
bool is_live(const struct fleet *fleet, const struct host *host, unsigned group);
/* The key manager's, NULL: it has none, or it is over. */
const struct sa *live_sa(const struct fleet *fleet, unsigned group, uint32_t spi);
void check_pair(struct fleet *fleet, struct host *from, struct host *to, unsigned group);
void check_host(struct fleet *fleet, struct host *host);
