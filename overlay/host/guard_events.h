/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What the kernel tells of changes to nftables: whether a table of ours was touched, and by whom.
 */

#include <covey/error.h>
#include <stdbool.h>
#include <stdint.h>

/* Who committed a change. pid 0: not known. */
struct guard_author {
	uint32_t pid;
	char name[17]; /* as /proc/PID/comm has it */
};

struct guard_events {
	int fd;       /* readable when there is something */
	bool touched; /* by a change whose author is yet to be told */
};

int guard_events_open(struct guard_events *ret_events, struct covey_error *error);

/* Take all that is there. True when a table of this name may have changed, which is also when
 * messages were lost; then *ret_author is who did it last. */
bool guard_events_read(struct guard_events *events, const char *table,
		       struct guard_author *ret_author);

void guard_events_close(struct guard_events *events);
