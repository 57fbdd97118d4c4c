/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Files that may change. Uses inotify on the directories that they are in. So it also notices when
 * a file is renamed into place, or when the links that lead to it change.
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
	/* Something in their directories has changed. Called soon after that. */
	void (*changed)(void *arg);
	void *arg;
};

/* Nothing is watched before file_watch_look(). Returns 0 or a negative errno. */
int file_watch_new(const struct file_watch_config *config, struct file_watch **ret_watch,
		   struct covey_error *error);
void file_watch_free(struct file_watch *watch);

/*
 * Watch what the paths lead to now. Call this again before each reading. Then what changes between
 * this call and the reading is read twice, not missed. Where inotify cannot be used, this fails,
 * and may work at another call.
 */
int file_watch_look(struct file_watch *watch, struct covey_error *error);
