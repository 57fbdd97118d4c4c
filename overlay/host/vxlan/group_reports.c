/* SPDX-License-Identifier: BSD-3-Clause */

#include "group_reports.h"

#include <clock.h>
#include <errno.h>
#include <stdlib.h>

/* When to ask, in ms after forwarding began: three times within a second, then for a port that
 * spanning tree (IEEE 802.1D) keeps shut for 30 s. */
static const uint64_t moments[] = {0, 300, 800, 5000, 15000, 35000};

#define MOMENTS (sizeof(moments) / sizeof(moments[0]))

struct group_reports {
	void (*ask)(void *arg);
	void *arg;
	struct event *timer;
	uint64_t began; /* ms, monotonic */
	size_t next;
};

static void schedule(struct group_reports *reports)
{
	uint64_t passed = clock_ms() - reports->began;
	struct timeval wait;

	if (reports->next == MOMENTS)
		return;
	wait = clock_timeval(moments[reports->next] > passed ? moments[reports->next] - passed : 0);
	evtimer_add(reports->timer, &wait);
}

static void due(evutil_socket_t fd, short what, void *arg)
{
	struct group_reports *reports = arg;

	reports->next++;
	reports->ask(reports->arg);
	schedule(reports);
}

void group_reports_begin(struct group_reports *reports)
{
	reports->began = clock_ms();
	reports->next = 0;
	schedule(reports);
}

int group_reports_new(struct event_base *base, void (*ask)(void *arg), void *arg,
		      struct group_reports **ret_reports, struct covey_error *error)
{
	struct group_reports *reports = calloc(1, sizeof(*reports));

	if (reports)
		reports->timer = evtimer_new(base, due, reports);
	if (!reports || !reports->timer) {
		group_reports_free(reports);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	reports->ask = ask;
	reports->arg = arg;
	*ret_reports = reports;
	return 0;
}

void group_reports_free(struct group_reports *reports)
{
	if (!reports)
		return;
	if (reports->timer)
		event_free(reports->timer);
	free(reports);
}
