/* SPDX-License-Identifier: BSD-3-Clause */

#include "link_watch.h"

#include <errno.h>
#include <log.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "link.h"
#include "link_events.h"

struct watched {
	const char *name;
	bool fixed_mtu;
	struct link_info was;
};

struct link_watch {
	void (*lost)(const char *what, void *arg);
	void (*up)(void *arg); /* NULL: nobody asks */
	void *arg;
	struct event *event;
	int fd;
	bool done;
	struct watched links[LINK_WATCH_MAX];
	size_t count;
};

static void lose(struct link_watch *watch, const struct covey_error *what)
{
	watch->done = true;
	event_del(watch->event);
	watch->lost(what->text, watch->arg);
}

/* A link that is down may come back, and the port with it. */
static void report_running(struct watched *link, const struct link_info *info)
{
	if (info->running && !link->was.running)
		log_notice("interface %s is up again", link->name);
	else if (!info->running && link->was.running)
		log_warning("interface %s is down: no packet passes until it is up again",
			    link->name);
	link->was.running = info->running;
}

/* Events come late, or as one: the carrier may have gone and come since the last look. */
static void report_up(const struct link_watch *watch, struct watched *link,
		      const struct link_info *info)
{
	bool changed = info->carrier_changes != link->was.carrier_changes ||
		       info->running != link->was.running;

	link->was.carrier_changes = info->carrier_changes;
	if (info->running && changed && watch->up)
		watch->up(watch->arg);
}

static void check(struct link_watch *watch, struct watched *link)
{
	struct covey_error what;
	struct link_info info;
	int status = link_get(link->name, &info, NULL);

	if (status == -ENODEV)
		covey_error_set(&what, 0, "interface %s is gone", link->name);
	else if (status)
		return; /* cannot be told now; the next event asks again */
	else if (info.index != link->was.index)
		covey_error_set(&what, 0, "interface %s was replaced by another of its name",
				link->name);
	else if (link->fixed_mtu && info.mtu != link->was.mtu)
		covey_error_set(&what, 0, "interface %s has an MTU of %u now, and had %u",
				link->name, info.mtu, link->was.mtu);
	else {
		report_up(watch, link, &info);
		report_running(link, &info);
		return;
	}
	lose(watch, &what);
}

static void readable(evutil_socket_t fd, short what, void *arg)
{
	struct link_watch *watch = arg;

	link_events_drain(fd);
	for (size_t i = 0; i < watch->count && !watch->done; i++)
		check(watch, &watch->links[i]);
}

int link_watch_new(struct event_base *base, void (*lost)(const char *what, void *arg), void *arg,
		   struct link_watch **ret_watch, struct covey_error *error)
{
	struct link_watch *watch;
	int fd = link_events_open(error);

	if (fd < 0)
		return fd;
	watch = calloc(1, sizeof(*watch));
	if (!watch) {
		close(fd);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	watch->lost = lost;
	watch->arg = arg;
	watch->fd = fd;
	watch->event = event_new(base, fd, EV_READ | EV_PERSIST, readable, watch);
	if (!watch->event || event_add(watch->event, NULL) < 0) {
		link_watch_free(watch);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	*ret_watch = watch;
	return 0;
}

void link_watch_on_up(struct link_watch *watch, void (*up)(void *arg))
{
	watch->up = up;
}

void link_watch_free(struct link_watch *watch)
{
	if (!watch)
		return;
	if (watch->event)
		event_free(watch->event);
	close(watch->fd);
	free(watch);
}

int link_watch_add(struct link_watch *watch, const char *name, bool fixed_mtu,
		   struct covey_error *error)
{
	struct watched link = {.name = name, .fixed_mtu = fixed_mtu};
	int status = link_get(name, &link.was, error);

	if (status)
		return status;
	if (watch->count == LINK_WATCH_MAX)
		return covey_error_set(error, -ENOSPC, "%s: too many interfaces to watch", name);
	watch->links[watch->count++] = link;
	return 0;
}
