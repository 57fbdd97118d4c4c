/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What the state machine wants done, as messages to sessions and lines in the log. What many
 * members get is encoded once.
 */

#include "encoded.h"
#include "group.h"

#define OUTBOX_ROSTER_PARTS_MAX (COVEY_ROSTER_MAX / COVEY_ROSTER_ENTRIES_PER_MESSAGE + 1)

struct peer_log;
struct served_group;

/* The last message of a kind, and what it says. */
struct outbox_last {
	uint32_t spi;
	uint32_t seconds;
	struct encoded *message; /* NULL: none */
};

struct outbox {
	const struct served_group *served;
	struct peer_log *log;
	/* The whole roster at full_generation, part by part. It is kept: whoever joins gets it. */
	uint64_t full_generation;
	struct encoded *full[OUTBOX_ROSTER_PARTS_MAX];
	/* The last part of changes. */
	uint64_t generation;
	size_t index;
	struct encoded *change;
	struct outbox_last install; /* holds a key */
	struct outbox_last activate;
	struct outbox_last drain;
	/* Who was told to send on an SA, for the log: how many, until all are. */
	uint32_t told_spi;
	size_t told;
};

void outbox_init(struct outbox *outbox, const struct served_group *served, struct peer_log *log);
/* For group_new(). */
struct group_output outbox_output(struct outbox *outbox);

/*
 * After group_settle(): forget what was sent, keys first of all, but for the whole roster; and log
 * that all have been told to send on an SA.
 */
void outbox_settled(struct outbox *outbox);
/* Forget all. */
void outbox_clear(struct outbox *outbox);
