/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The senders of a group, as the GKM's Roster messages tell them: first the whole roster in chunks,
 * then changes, each with a generation one higher than the one before. All this belongs to one
 * session: after a reconnect the GKM begins with a whole roster again.
 */

#include <covey/error.h>
#include <covey/limits.h>
#include <covey/sa.h>
#include <message.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sender {
	struct covey_roster_entry entry;
	char host[COVEY_NAME_MAX + 1]; /* never empty */
};

struct senders {
	struct sender *list; /* sorted by SenderID */
	size_t count;
	size_t capacity;
	uint64_t generation; /* of the last message */
	bool begun;          /* a first message came in this session */
	bool complete;       /* no chunk is outstanding: the roster can be used */
};

void senders_clear(struct senders *senders);

/* Call this for a new session: what is known stays readable, but only a whole roster can come
 * next. */
void senders_reset(struct senders *senders);

/*
 * Take one message. -EPROTO when it does not follow on the one before or is malformed: the roster
 * is then of no use until a whole one comes in a new session. -ENOMEM.
 */
int senders_update(struct senders *senders, const Covey__Roster *message,
		   struct covey_error *error);

/* Make the dataplane's form of it: a new array of senders->count entries, to be freed. NULL: out of
 * memory. */
struct covey_roster_entry *senders_entries(const struct senders *senders);
