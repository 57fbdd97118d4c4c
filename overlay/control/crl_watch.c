/* SPDX-License-Identifier: BSD-3-Clause */
#include "crl_watch.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel.h"

#define HOUR_S 3600
/* Several files that change together are read once. */
#define GATHER_US 50000
#define CHANGES                                                                                    \
	(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_DELETE_SELF |   \
	 IN_MOVE_SELF | IN_ATTRIB)

struct crl_watch {
	struct crl_watch_config config;
	char *path;
	int fd; /* inotify */
	struct event *readable;
	struct event *gathered;
	struct event *hourly;
};

/* --- what to look at ----------------------------------------------------------------------- */

/* The directory that holds this name. */
static int look_at_parent(const struct crl_watch *watch, const char *path)
{
	char *copy = strdup(path);
	int r;

	if (!copy)
		return -ENOMEM;
	r = inotify_add_watch(watch->fd, dirname(copy), CHANGES) < 0 ? -errno : 0;
	free(copy);
	return r;
}

/*
 * The name's directory, the one of the file that it leads to, and the directory itself, if it is
 * one. What is looked at already is so once.
 */
static int look(const struct crl_watch *watch, struct covey_error *error)
{
	char real[PATH_MAX];
	struct stat st;
	int r = look_at_parent(watch, watch->path);

	if (r == 0 && realpath(watch->path, real))
		r = look_at_parent(watch, real);
	if (r == 0 && stat(watch->path, &st) == 0 && S_ISDIR(st.st_mode) &&
	    inotify_add_watch(watch->fd, watch->path, CHANGES) < 0)
		r = -errno;
	if (r < 0)
		return covey_error_set(error, r,
				       "changes of %s cannot be watched for: %s; after a change, "
				       "send SIGHUP",
				       watch->path, strerror(-r));
	return 0;
}

/* --- reading ------------------------------------------------------------------------------- */

static bool may_be_absent(const struct crl_watch *watch)
{
	return !watch->config.demanded && !tls_crl(watch->config.tls) &&
	       access(watch->path, F_OK) < 0 && errno == ENOENT;
}

static int load(struct crl_watch *watch, bool *ret_changed, struct covey_error *error)
{
	*ret_changed = false;
	if (may_be_absent(watch))
		return 0;
	return tls_load_crl(watch->config.tls, watch->path, ret_changed, error);
}

/* Looks first: what changes between looking and reading is read twice, not missed. */
static void reload(struct crl_watch *watch)
{
	struct covey_error error;
	bool changed;

	if (look(watch, &error) < 0)
		watch->config.failed(&error, watch->config.arg);
	if (load(watch, &changed, &error) < 0)
		watch->config.failed(&error, watch->config.arg);
	else
		watch->config.loaded(changed, watch->config.arg);
}

void crl_watch_reload(struct crl_watch *watch)
{
	reload(watch);
}

/* --- events -------------------------------------------------------------------------------- */

static void on_gathered(evutil_socket_t fd, short what, void *arg)
{
	reload(arg);
}

static void on_hourly(evutil_socket_t fd, short what, void *arg)
{
	reload(arg);
}

/* Which file it was does not matter: a link on the way to the lists is as good. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval soon = {.tv_usec = GATHER_US};
	struct crl_watch *watch = arg;
	char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));

	while (read(fd, buf, sizeof(buf)) > 0)
		continue;
	if (!evtimer_pending(watch->gathered, NULL))
		evtimer_add(watch->gathered, &soon);
}

static int make_events(struct crl_watch *watch, struct covey_error *error)
{
	struct event_base *base = watch->config.base;

	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch->fd < 0)
		return covey_error_set(error, -errno, "inotify cannot be used: %s",
				       strerror(errno));
	watch->readable = event_new(base, watch->fd, EV_READ | EV_PERSIST, on_readable, watch);
	watch->gathered = evtimer_new(base, on_gathered, watch);
	watch->hourly = event_new(base, -1, EV_PERSIST, on_hourly, watch);
	if (!watch->readable || !watch->gathered || !watch->hourly ||
	    event_add(watch->readable, NULL) < 0 ||
	    event_add(watch->hourly, &(struct timeval){.tv_sec = HOUR_S}) < 0)
		return covey_error_set(error, -ENOMEM, "out of memory");
	return 0;
}

/* --- life ---------------------------------------------------------------------------------- */

int crl_watch_new(const struct crl_watch_config *config, struct crl_watch **ret_watch,
		  struct covey_error *error)
{
	struct crl_watch *watch = calloc(1, sizeof(*watch));
	bool changed;
	int r;

	if (!watch)
		return covey_error_set(error, -ENOMEM, "out of memory");
	watch->fd = -1;
	watch->config = *config;
	watch->path = strdup(config->path);
	if (!watch->path) {
		r = covey_error_set(error, -ENOMEM, "out of memory");
		goto fail;
	}
	r = make_events(watch, error);
	if (r == 0)
		r = look(watch, error);
	if (r == 0)
		r = load(watch, &changed, error);
	if (r < 0)
		goto fail;
	*ret_watch = watch;
	return 0;

fail:
	crl_watch_free(watch);
	return r;
}

void crl_watch_free(struct crl_watch *watch)
{
	if (!watch)
		return;
	if (watch->readable)
		event_free(watch->readable);
	if (watch->gathered)
		event_free(watch->gathered);
	if (watch->hourly)
		event_free(watch->hourly);
	if (watch->fd >= 0)
		close(watch->fd);
	free(watch->path);
	free(watch);
}

const char *crl_watch_path(const struct crl_watch *watch)
{
	return watch->path;
}

const struct crl *crl_watch_lists(const struct crl_watch *watch)
{
	return tls_crl(watch->config.tls);
}
