/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Key, certificate and ca.crt that are loaded again when they change, and whose ends are said in
 * time. Sessions that there are stay; what is no good leaves in force what there was.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <stdbool.h>

#include "own.h"

struct own_watch;

struct own_watch_config {
	struct event_base *base;
	struct tls *tls;
	/* They are in force. changed: and others than before. */
	void (*loaded)(const struct own_chain *chain, bool changed, void *arg);
	/* They are no good, or not watched any more. Told once for each reason. */
	void (*failed)(const struct covey_error *error, void *arg);
	/*
	 * One of the chain ends in so many seconds, or did. own: the first. Told at 30, 7 and 1
	 * days, at the end, and from 1 day on once a day.
	 */
	void (*ends)(const struct own_certificate *certificate, bool own, long long seconds,
		     void *arg);
	void *arg;
};

/* Reads them at once. 0 or a negative errno; that they are no good is told by failed(). */
int own_watch_new(const struct own_watch_config *config, struct own_watch **ret_watch,
		  struct covey_error *error);
void own_watch_free(struct own_watch *watch);

/* Now, asked by a person. */
void own_watch_reload(struct own_watch *watch);
/* Before a connection: if the files are others than they were. Cheap when not. NULL: nothing. */
void own_watch_check(struct own_watch *watch);

const struct own_chain *own_watch_chain(const struct own_watch *watch);
/* Why the files as they are could not be taken; NULL: they were. */
const char *own_watch_problem(const struct own_watch *watch);
