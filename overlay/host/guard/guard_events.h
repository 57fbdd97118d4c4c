/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The kernel's messages about changes of nftables: they tell whether a table of ours was touched,
 * and by whom.
 */

#include <covey/error.h>
#include <stdbool.h>
#include <stdint.h>

/* Who committed a change. pid 0: not known. */
struct guard_author {
	uint32_t pid;
	char name[17]; /* as /proc/PID/comm has it */
};

/* What one reading has found. */
struct guard_changes {
	struct guard_author last;
	struct guard_author stranger; /* the last one whose program has another name than ours */
	bool removed; /* the last change took the table away and put none in its place */
};

struct guard_events {
	int fd;       /* readable when there is something */
	bool touched; /* by a change; the message that names its author has not come yet */
	bool removed; /* by that change, as far as its messages have come */
};

int guard_events_open(struct guard_events *ret_events, struct covey_error *error);

/* Read all messages that are there. True when a table of this name may have changed, also because
 * messages were lost; then *ret_changes says by whom. own: the name of this process in such
 * messages. */
bool guard_events_read(struct guard_events *events, const char *table, const char *own,
		       struct guard_changes *ret_changes);

void guard_events_close(struct guard_events *events);
