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

/* Of one reading. */
struct guard_changes {
	struct guard_author last;
	struct guard_author stranger; /* the last that is no program of this one's name */
	bool removed; /* the last change took the table away and put none in its place */
};

struct guard_events {
	int fd;       /* readable when there is something */
	bool touched; /* by a change whose author is yet to be told */
	bool removed; /* by that change, as far as it has been told */
};

int guard_events_open(struct guard_events *ret_events, struct covey_error *error);

/* Take all that is there. True when a table of this name may have changed, which is also when
 * messages were lost; then *ret_changes says by whom. own: as this process is called in such
 * messages. */
bool guard_events_read(struct guard_events *events, const char *table, const char *own,
		       struct guard_changes *ret_changes);

void guard_events_close(struct guard_events *events);
