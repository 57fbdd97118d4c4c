/* SPDX-License-Identifier: BSD-3-Clause */
#include "fake_events.h"
#include "must.h"
#include <event2/event.h>
#include <time.h>

/* So many at one moment, and they go on for ever. */
#define AT_ONCE_MAX 256u

struct event {
	struct event *next;
	event_callback_fn callback;
	void *arg;
	uint64_t due_us; /* 0: not pending */
};

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_now);

static struct event *events;
static uint64_t now_us;

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_now)
{
	(void)clock;
	ret_now->tv_sec = (time_t)(now_us / 1000000);
	ret_now->tv_nsec = (long)(now_us % 1000000 * 1000);
	return 0;
}

struct event *event_new(struct event_base *base, evutil_socket_t fd, short what,
			event_callback_fn callback, void *arg)
{
	struct event *event = calloc(1, sizeof(*event));

	must(event && fd == -1);
	*event = (struct event){.next = events, .callback = callback, .arg = arg};
	events = event;
	return event;
}

int event_add(struct event *event, const struct timeval *after)
{
	must(after && after->tv_sec >= 0 && after->tv_usec >= 0 && after->tv_usec < 1000000);
	event->due_us = now_us + (uint64_t)after->tv_sec * 1000000 + (uint64_t)after->tv_usec;
	return 0;
}

int event_del(struct event *event)
{
	event->due_us = 0;
	return 0;
}

void event_free(struct event *event)
{
	struct event **at = &events;

	while (*at != event)
		at = &(*at)->next;
	*at = event->next;
	free(event);
}

int event_pending(const struct event *event, short what, struct timeval *ret_when)
{
	return event->due_us ? what : 0;
}

int event_base_loopexit(struct event_base *base, const struct timeval *after)
{
	return 0;
}

int event_base_loopbreak(struct event_base *base)
{
	return 0;
}

void fake_events_begin(void)
{
	must(!events);
	now_us = 1000000000;
}

size_t fake_events_count(void)
{
	size_t count = 0;

	for (const struct event *event = events; event; event = event->next)
		count++;
	return count;
}

static struct event *first_due(uint64_t end_us)
{
	struct event *first = NULL;

	for (struct event *event = events; event; event = event->next)
		if (event->due_us && event->due_us <= end_us &&
		    (!first || event->due_us < first->due_us))
			first = event;
	return first;
}

void fake_events_pass(uint64_t ms, void (*then)(void))
{
	uint64_t end_us = now_us + ms * 1000;
	struct event *event;
	unsigned at_once = 0;

	while ((event = first_due(end_us))) {
		at_once = event->due_us > now_us ? 0 : at_once + 1;
		must(at_once < AT_ONCE_MAX);
		now_us = event->due_us > now_us ? event->due_us : now_us;
		event->due_us = 0;
		event->callback(-1, EV_TIMEOUT, event->arg);
		then();
	}
	now_us = end_us;
}
