/* SPDX-License-Identifier: BSD-3-Clause */

#include "link_burst.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "link_events.h"

struct link_burst {
	void (*changed)(void *arg);
	bool (*is_urgent)(void *arg);
	void *arg;
	bool more; /* has come since it was told last */
	int fd;
	struct event *event, *rest;
};

static void tell(struct link_burst *burst)
{
	const struct timeval rest = {.tv_usec = LINK_BURST_MS * 1000};

	burst->more = false;
	event_add(burst->rest, &rest);
	burst->changed(burst->arg);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	struct link_burst *burst = arg;

	link_events_drain(fd);
	burst->more = true;
	if (!event_pending(burst->rest, EV_TIMEOUT, NULL) ||
	    (burst->is_urgent && burst->is_urgent(burst->arg)))
		tell(burst);
}

static void on_rest(evutil_socket_t fd, short what, void *arg)
{
	struct link_burst *burst = arg;

	if (burst->more)
		tell(burst);
}

static int listen_to(struct link_burst *burst, struct event_base *base, struct covey_error *error)
{
	burst->fd = link_events_open(error);
	if (burst->fd < 0)
		return burst->fd;
	burst->event = event_new(base, burst->fd, EV_READ | EV_PERSIST, on_event, burst);
	burst->rest = evtimer_new(base, on_rest, burst);
	if (!burst->event || !burst->rest || event_add(burst->event, NULL) < 0)
		return covey_error_set(error, -ENOMEM, "out of memory");
	return 0;
}

int link_burst_new(struct event_base *base, void (*changed)(void *arg),
		   bool (*is_urgent)(void *arg), void *arg, struct link_burst **ret_burst,
		   struct covey_error *error)
{
	struct link_burst *burst = calloc(1, sizeof(*burst));
	int status;

	if (!burst)
		return covey_error_set(error, -ENOMEM, "out of memory");
	*burst = (struct link_burst){
		.changed = changed, .is_urgent = is_urgent, .arg = arg, .fd = -1};
	status = listen_to(burst, base, error);
	if (status) {
		link_burst_free(burst);
		return status;
	}
	*ret_burst = burst;
	return 0;
}

void link_burst_free(struct link_burst *burst)
{
	if (!burst)
		return;
	if (burst->rest)
		event_free(burst->rest);
	if (burst->event)
		event_free(burst->event);
	if (burst->fd >= 0)
		close(burst->fd);
	free(burst);
}
