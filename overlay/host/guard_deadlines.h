/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Deadlines of modes while covey-host is dead: the guard follows them then, by the file that
 * covey-host has left. While covey-host runs, or only hangs, it has the say.
 *
 * Elements of nftables' sets could end by themselves, too. But their time stands still while the
 * machine sleeps, no element can come by itself, and the guard could not tell one that has ended
 * from one that somebody has deleted.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <stdbool.h>

struct guard_clear;
struct guard_deadlines;
struct guard_looks;
struct guard_watch;
struct inventory;
struct inventory_host;

struct guard_deadlines_config {
	const struct inventory *inventory;
	const struct inventory_host *self;
	const char *socket; /* covey-host's */
};

/* covey-host has the say, unless it certainly is dead. socket: its own. */
bool guard_deadlines_host_runs(const char *socket);

/* Change what stands once, by the deadlines that have passed. A file that cannot be believed is as
 * good as none, and logged. -ENOMEM; then nothing changes. */
int guard_deadlines_apply(const struct guard_deadlines_config *config, struct guard_clear *clear,
			  struct covey_error *error);

/* Do so from now on, within a second of each deadline. What config points to must live as long. */
int guard_deadlines_new(struct event_base *base, const struct guard_deadlines_config *config,
			struct guard_watch *watch, struct guard_looks *looks,
			struct guard_deadlines **ret_deadlines, struct covey_error *error);
/* Follow none as long as this is so: they could open a VNI. NULL-safe. */
void guard_deadlines_hold(struct guard_deadlines *deadlines, bool held);
void guard_deadlines_free(struct guard_deadlines *deadlines); /* NULL-safe */
