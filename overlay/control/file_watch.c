/* SPDX-License-Identifier: BSD-3-Clause */
#include "file_watch.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

/* In microseconds: when several files change together, they are read once. */
#define GATHER_US 50000
#define CHANGES                                                                                    \
	(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_DELETE_SELF |   \
	 IN_MOVE_SELF | IN_ATTRIB)

struct file_watch {
	struct event_base *base;
	void (*changed)(void *arg);
	void *arg;
	char *paths[FILE_WATCH_PATHS_MAX];
	size_t path_count;
	int fd; /* inotify; -1: not had yet */
	struct event *readable;
	struct event *gathered;
};

/* --- what to look at ----------------------------------------------------------------------- */

/* Watch the directory that holds this name. */
static int look_at_parent(const struct file_watch *watch, const char *path)
{
	char *copy = strdup(path);
	int status;

	if (!copy)
		return -ENOMEM;
	status = inotify_add_watch(watch->fd, dirname(copy), CHANGES) < 0 ? -errno : 0;
	free(copy);
	return status;
}

/*
 * Watch the name's directory, the directory of the file that the name leads to, and the name itself
 * if it is a directory. A directory that is watched already stays watched once.
 */
static int look_at(const struct file_watch *watch, const char *path)
{
	char real[PATH_MAX];
	struct stat st;
	int status = look_at_parent(watch, path);

	if (status == 0 && realpath(path, real))
		status = look_at_parent(watch, real);
	if (status == 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
	    inotify_add_watch(watch->fd, path, CHANGES) < 0)
		status = -errno;
	return status;
}

/* --- events -------------------------------------------------------------------------------- */

static void on_gathered(evutil_socket_t fd, short what, void *arg)
{
	const struct file_watch *watch = arg;

	watch->changed(watch->arg);
}

/* It does not matter which file has changed: it may also be a link on the way to it. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval soon = {.tv_usec = GATHER_US};
	const struct file_watch *watch = arg;
	char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));

	while (read(fd, buf, sizeof(buf)) > 0)
		continue;
	if (!evtimer_pending(watch->gathered, NULL))
		evtimer_add(watch->gathered, &soon);
}

/* The system has only so many for each user, and may have one again later. */
static int begin(struct file_watch *watch)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (fd < 0)
		return -errno;
	watch->readable = event_new(watch->base, fd, EV_READ | EV_PERSIST, on_readable, watch);
	if (!watch->readable || event_add(watch->readable, NULL) < 0)
		goto fail;
	watch->fd = fd;
	return 0;

fail:
	if (watch->readable)
		event_free(watch->readable);
	watch->readable = NULL;
	close(fd);
	return -ENOMEM;
}

/* Has the system no more of it? */
static bool is_used_up(int status)
{
	return status == -EMFILE || status == -ENOSPC;
}

int file_watch_look(struct file_watch *watch, struct covey_error *error)
{
	int status = watch->fd < 0 ? begin(watch) : 0;

	for (size_t i = 0; i < watch->path_count; i++) {
		if (status == 0)
			status = look_at(watch, watch->paths[i]);
		if (status < 0)
			return covey_error_set(error, status,
					       "changes of %s cannot be watched for: %s%s; after a "
					       "change, send SIGHUP",
					       watch->paths[i], strerror(-status),
					       is_used_up(status) ? " (see `sysctl fs.inotify`)"
								  : "");
	}
	return 0;
}

/* --- life ---------------------------------------------------------------------------------- */

static int copy_paths(struct file_watch *watch, const struct file_watch_config *config)
{
	for (size_t i = 0; i < config->path_count; i++) {
		watch->paths[i] = strdup(config->paths[i]);
		if (!watch->paths[i])
			return -ENOMEM;
		watch->path_count++;
	}
	return 0;
}

int file_watch_new(const struct file_watch_config *config, struct file_watch **ret_watch,
		   struct covey_error *error)
{
	struct file_watch *watch = calloc(1, sizeof(*watch));
	int status;

	if (!watch)
		return covey_error_set(error, -ENOMEM, "out of memory");
	watch->fd = -1;
	watch->base = config->base;
	watch->changed = config->changed;
	watch->arg = config->arg;
	status = copy_paths(watch, config);
	watch->gathered = evtimer_new(config->base, on_gathered, watch);
	if (status < 0 || !watch->gathered) {
		file_watch_free(watch);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	*ret_watch = watch;
	return 0;
}

void file_watch_free(struct file_watch *watch)
{
	if (!watch)
		return;
	if (watch->readable)
		event_free(watch->readable);
	if (watch->gathered)
		event_free(watch->gathered);
	if (watch->fd >= 0)
		close(watch->fd);
	for (size_t i = 0; i < watch->path_count; i++)
		free(watch->paths[i]);
	free(watch);
}
