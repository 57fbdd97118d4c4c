/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Tells when network interfaces have changed: at once, and once more for all that follows within
 * LINK_BURST_MS. A hypervisor makes and removes many interfaces at a time that do not matter, and
 * to look at what matters may cost a question to the kernel for each host of the fabric.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <stdbool.h>

struct link_burst;

#define LINK_BURST_MS 50u

/* changed: called from the event loop. is_urgent: asked at each event in between, whether it cannot
 * wait; NULL: all can. */
int link_burst_new(struct event_base *base, void (*changed)(void *arg),
		   bool (*is_urgent)(void *arg), void *arg, struct link_burst **ret_burst,
		   struct covey_error *error);
/* NULL-safe. */
void link_burst_free(struct link_burst *burst);
