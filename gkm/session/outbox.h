/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Turns what the state machine wants done into messages to sessions and lines in the log. A message
 * that many members get is encoded once.
 */

#include "durations.h"
#include "encoded.h"
#include "group.h"

#define OUTBOX_ROSTER_PARTS_MAX (COVEY_ROSTER_MAX / COVEY_ROSTER_ENTRIES_PER_MESSAGE + 1)

struct peer_log;
struct served_group;

/* The last message of a kind, and its contents. */
struct outbox_last {
	uint32_t spi;
	uint32_t seconds;
	struct encoded *message; /* NULL when there is none */
};

struct outbox {
	const struct served_group *served;
	struct peer_log *log;
	/* The whole roster at full_generation, part by part. It is kept, because each new member
	 * gets it. */
	uint64_t full_generation;
	struct encoded *full[OUTBOX_ROSTER_PARTS_MAX];
	/* The last part that has changes. */
	uint64_t generation;
	size_t index;
	struct encoded *change;
	struct outbox_last install; /* holds a key */
	struct outbox_last activate;
	struct outbox_last drain;
	/* For the log: on which SA members were told to send, and how many, until all are told. */
	uint32_t told_spi;
	size_t told;
	/* The last SA that the operator asked for, 0: none. Its lines are always logged. */
	uint32_t operators_spi;
	struct durations rekeys; /* from the making of an SA until it is active */
};

void outbox_init(struct outbox *outbox, const struct served_group *served, struct peer_log *log);
/* For group_new(). */
struct group_output outbox_output(struct outbox *outbox);

/*
 * To be called after group_settle(). Forgets what was sent, above all keys, but keeps the whole
 * roster. When all members have been told to send on an SA, logs this.
 */
void outbox_settled(struct outbox *outbox);
/* Forget everything. */
void outbox_clear(struct outbox *outbox);
