/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A kernel reports its multicast groups when it joins them and when it is asked. A switch that
 * misses the report, or forgets it, sends this host none of the groups' packets. So whenever
 * forwarding begins, the kernel is asked (dataplane_query_groups()): at once, again in case the
 * question is lost, and later, for switch ports that open some time after they have a carrier
 * (spanning tree).
 */

#include <covey/error.h>
#include <event2/event.h>

struct group_reports;

/* ask: called from the event loop when the kernel is to be asked. -ENOMEM. */
int group_reports_new(struct event_base *base, void (*ask)(void *arg), void *arg,
		      struct group_reports **ret_reports, struct covey_error *error);
/* NULL-safe. */
void group_reports_free(struct group_reports *reports);

/* Call this when forwarding begins, for the first time or again. */
void group_reports_begin(struct group_reports *reports);
