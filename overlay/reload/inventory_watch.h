/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The inventory of a running program: read again when its file changes, or when somebody asks for
 * it. One with mistakes changes nothing, and is named as a problem until there is a good one. What
 * has changed and needs a restart is named, too.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "update.h"

struct inventory_watch;

struct inventory_watch_config {
	struct event_base *base;
	const char *path;         /* must outlive it */
	const struct stat *stamp; /* inventory_watch_stamp() before the inventory was loaded */
	const char *program;      /* for the log: what is to be restarted */
	struct inventory *inventory;
	const struct inventory_host *self; /* see inventory_update() */
	/* Can this program run with it? Returns 0 or a negative errno. NULL: always. */
	int (*check)(struct inventory *fresh, void *arg, struct covey_error *error);
	/* The inventory has taken these changes: put them in force. before: has the groups as they
	 * were. Returns 0 or a negative errno; then it is a problem until the next reading. */
	int (*taken)(const struct inventory_changes *changes, const struct inventory *before,
		     void *arg, struct covey_error *error);
	/* Of what was not taken: does it concern this program? */
	bool (*concerns)(const struct inventory_change *change);
	void *arg;
};

/* Which file is there; all zero: none. */
void inventory_watch_stamp(const char *path, struct stat *ret_stamp);

/* Begin to watch. What has changed since the stamp is read by the event loop. Returns 0 or a
 * negative errno. */
int inventory_watch_new(const struct inventory_watch_config *config,
			struct inventory_watch **ret_watch, struct covey_error *error);
/* NULL-safe. */
void inventory_watch_free(struct inventory_watch *watch);

/* Read it now, because a person asks for it. Otherwise it is read when nobody has written it for a
 * moment. */
void inventory_watch_reload(struct inventory_watch *watch);

/* What is wrong: sentences for a person. NULL when there is no memory. watch may be NULL. */
json_t *inventory_watch_problems(const struct inventory_watch *watch);
