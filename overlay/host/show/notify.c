/* SPDX-License-Identifier: BSD-3-Clause */

#include "notify.h"

#include <clock.h>
#include <errno.h>
#include <inttypes.h>
#include <log.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "host.h"
#include "member.h"

#define STATUS_MAX 512

struct notify {
	struct event *watchdog; /* NULL: nobody asked */
	bool (*alive)(void *arg);
	void *arg;
	char status[STATUS_MAX];
};

static void feed(evutil_socket_t fd, short what, void *arg)
{
	struct notify *notify = arg;

	if (notify->alive(notify->arg))
		sd_notify(0, "WATCHDOG=1");
	else
		log_error("the dataplane's worker hangs: leaving the rest to systemd's watchdog");
}

int notify_new(struct event_base *base, bool (*alive)(void *arg), void *arg,
	       struct notify **ret_notify, struct covey_error *error)
{
	struct notify *notify = calloc(1, sizeof(*notify));
	struct timeval interval;
	uint64_t usec;

	if (!notify)
		return covey_error_set(error, -ENOMEM, "out of memory");
	notify->alive = alive;
	notify->arg = arg;
	if (sd_watchdog_enabled(0, &usec) > 0) {
		/* sd_watchdog_enabled(3): notify at half of the interval. */
		interval = clock_timeval(usec / 2000);
		notify->watchdog = event_new(base, -1, EV_PERSIST, feed, notify);
		if (!notify->watchdog || event_add(notify->watchdog, &interval) < 0) {
			notify_free(notify);
			return covey_error_set(error, -ENOMEM, "out of memory");
		}
	}
	*ret_notify = notify;
	return 0;
}

void notify_free(struct notify *notify)
{
	if (!notify)
		return;
	if (notify->watchdog)
		event_free(notify->watchdog);
	free(notify);
}

void notify_ready(void)
{
	sd_notify(0, "READY=1");
}

void notify_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

/* Append as much as there is room for. */
__attribute__((format(printf, 2, 3))) static void append(char *text, const char *format, ...)
{
	size_t len = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + len, STATUS_MAX - len, format, args);
	va_end(args);
}

static void append_group(char *text, const struct membership *group)
{
	append(text, "; %s: %s", group->name, membership_state_name(group));
	for (size_t i = 0; i < group->sa_count; i++) {
		if (group->sas[i].state == COVEY_SA_ACTIVE)
			append(text, ", SPI %" PRIu32 " active", group->sas[i].spi);
	}
}

void notify_status(struct notify *notify, const struct host *host)
{
	const struct member_state *state = member_read_state(host->member);
	struct member_status status;
	char text[STATUS_MAX] = "";

	member_read_status(host->member, &status);
	append(text, "GKM %s", status.link == MEMBER_CONNECTED ? "connected" : "not connected");
	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		if (state->groups[i])
			append_group(text, state->groups[i]);
	}
	if (strcmp(text, notify->status) == 0)
		return;
	memcpy(notify->status, text, sizeof(text));
	sd_notifyf(0, "STATUS=%s", text);
}
