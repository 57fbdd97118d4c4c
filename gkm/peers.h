/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The other key managers of a fabric whose state is in files: two of them must not serve. This one
 * asks the others before it leads, and every few seconds while it does. Who is asked tells the one
 * of both that must yield, so exactly one of two that meet goes on.
 *
 * With one address in covey_gkm nobody is asked.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>

#include "leadership.h"

struct inventory;
struct metrics_page;
struct peers;
struct tls;

struct peers_config {
	struct event_base *base;
	struct tls *tls;
	const struct inventory *inventory;
	const struct covey_addr *address; /* ours */
	uint64_t generation;
	uint64_t instance;
	/* We led last: nobody is waited for longer than a moment, so that hosts are back soon. */
	bool led_last;
	void (*lead)(void *arg);
	/* Another one goes on, and we must not. why: what happened, and what to do. Called once. */
	void (*yield)(const char *why, void *arg);
	void *arg;
};

/* Returns 0 or -ENOMEM. */
int peers_new(const struct peers_config *config, struct peers **ret_peers,
	      struct covey_error *error);
/* NULL-safe. */
void peers_free(struct peers *peers);

/* For struct sessions. Lives as long as the peers. */
const struct leadership *peers_leadership(const struct peers *peers);

/* Ask, and call lead() or yield(); with no other address, lead() is called within this call. */
void peers_begin(struct peers *peers);
/* The inventory may list others now. */
void peers_follow(struct peers *peers);

/* Who leads, and what the others say: for `covey show --gkm` and the metrics. */
json_t *peers_show(const struct peers *peers);
void peers_add_metrics(struct metrics_page *page, const struct peers *peers);
