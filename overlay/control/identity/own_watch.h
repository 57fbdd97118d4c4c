/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Key, certificate and ca.crt. They are loaded again when they change, and there is a warning
 * before one ends. Sessions that exist are not closed. When new files are not good, the earlier
 * ones stay in force.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <stdbool.h>

#include "own.h"

struct own_watch;

struct own_watch_config {
	struct event_base *base;
	struct tls *tls;
	/* They are in force. changed: they are others than before. */
	void (*loaded)(const struct own_chain *chain, bool changed, void *arg);
	/* They are not good, or are not watched any more. Called once for each reason. */
	void (*failed)(const struct covey_error *error, void *arg);
	/*
	 * A certificate of the chain ends in this number of seconds, or has ended. Called 30, 7 and
	 * 1 days before, at the end, and once a day from 1 day before on.
	 */
	void (*ends)(const struct own_certificate *certificate, long long seconds, void *arg);
	void *arg;
};

/* Reads the files at once. Returns 0 or a negative errno. If the files are not good, failed() is
 * called. */
int own_watch_new(const struct own_watch_config *config, struct own_watch **ret_watch,
		  struct covey_error *error);
void own_watch_free(struct own_watch *watch);

/* Read them now, because a person asks for it. */
void own_watch_reload(struct own_watch *watch);
/* To be called before a connection: reads the files if they have changed. Costs little if not.
 * watch may be NULL. */
void own_watch_check(struct own_watch *watch);

const struct own_chain *own_watch_chain(const struct own_watch *watch);
/* Why the present files could not be used; NULL when they are in use. */
const char *own_watch_problem(const struct own_watch *watch);
