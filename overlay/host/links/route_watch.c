/* SPDX-License-Identifier: BSD-3-Clause */

#include "route_watch.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "link_events.h"

struct route_watch {
	void (*changed)(void *arg);
	void *arg;
	int fd;
	struct event *event, *soon;
};

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval rest = {.tv_usec = ROUTE_WATCH_MS * 1000};
	struct route_watch *watch = arg;

	link_events_drain(fd);
	if (!event_pending(watch->soon, EV_TIMEOUT, NULL))
		event_add(watch->soon, &rest);
}

static void on_soon(evutil_socket_t fd, short what, void *arg)
{
	const struct route_watch *watch = arg;

	watch->changed(watch->arg);
}

static int listen_to(struct route_watch *watch, struct event_base *base, struct covey_error *error)
{
	watch->fd = link_events_open_routes(error);
	if (watch->fd < 0)
		return watch->fd;
	watch->event = event_new(base, watch->fd, EV_READ | EV_PERSIST, on_event, watch);
	watch->soon = evtimer_new(base, on_soon, watch);
	if (!watch->event || !watch->soon || event_add(watch->event, NULL) < 0)
		return covey_error_set(error, -ENOMEM, "out of memory");
	return 0;
}

int route_watch_new(struct event_base *base, void (*changed)(void *arg), void *arg,
		    struct route_watch **ret_watch, struct covey_error *error)
{
	struct route_watch *watch = calloc(1, sizeof(*watch));
	int status;

	if (!watch)
		return covey_error_set(error, -ENOMEM, "out of memory");
	*watch = (struct route_watch){.changed = changed, .arg = arg, .fd = -1};
	status = listen_to(watch, base, error);
	if (status) {
		route_watch_free(watch);
		return status;
	}
	*ret_watch = watch;
	return 0;
}

void route_watch_free(struct route_watch *watch)
{
	if (!watch)
		return;
	if (watch->soon)
		event_free(watch->soon);
	if (watch->event)
		event_free(watch->event);
	if (watch->fd >= 0)
		close(watch->fd);
	free(watch);
}
