/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Files that may change: inotify on the directories that they are in, so that a rename into place
 * is seen, as is a change of the links that lead to them.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <stddef.h>

#define FILE_WATCH_PATHS_MAX 3

struct file_watch;

struct file_watch_config {
	struct event_base *base;
	const char *paths[FILE_WATCH_PATHS_MAX]; /* files or directories; copied */
	size_t path_count;
	/* Something in their directories is another than before; called soon after it. */
	void (*changed)(void *arg);
	void *arg;
};

/* Watches nothing before file_watch_look(). 0 or a negative errno. */
int file_watch_new(const struct file_watch_config *config, struct file_watch **ret_watch,
		   struct covey_error *error);
void file_watch_free(struct file_watch *watch);

/*
 * Watch what the paths lead to now. To be called again before each reading: what changes between
 * looking and reading is then read twice, not missed.
 */
int file_watch_look(const struct file_watch *watch, struct covey_error *error);
