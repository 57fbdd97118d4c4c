/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Answers to the operator that wait for the outcome of what was asked, so that they can say it, but
 * only for a moment: then they say how far it is.
 */

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "local_server.h"

struct manager;
struct realm;

/* What was asked, and how to tell what became of it. */
struct late_question {
	/* Is it still being written to the store? Meanwhile the time does not begin. NULL: no. */
	bool (*is_being_written)(const struct late_question *question);
	/* Is there nothing more to wait for? */
	bool (*is_over)(const struct late_question *question);
	/* The answer, as things are now. A new reference; NULL when there is no memory. */
	json_t *(*answer)(const struct late_question *question);
	struct manager *manager;
	const struct realm *realm; /* NULL: all groups */
	size_t host;               /* of those of the inventory, if it is about one */
	uint32_t before_spi;       /* rekey_answers.h */
	bool wanted;
	uint64_t change;      /* mode_answers.h, eviction_answers.h */
	uint64_t patience_ms; /* for how long we wait; 0: the usual time */
};

struct late_answers;

/* NULL when there is no memory. */
struct late_answers *late_answers_new(struct event_base *base);
/* To be called after the clients are gone. NULL-safe. */
void late_answers_free(struct late_answers *answers);

/* Answer the client as soon as the question is over, or its time. The question is copied. */
void late_answers_add(struct late_answers *answers, struct local_client *client,
		      const struct late_question *question);
