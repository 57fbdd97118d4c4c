/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The inventory changes while `--guard keep` runs. The keeper takes over the VNIs, hosts and
 * groups; the guard has them at once when covey-host does not run. While it runs, it has the say:
 * it reads the same file.
 *
 * An inventory without this host is not taken over, but nothing passes in clear any more: no group
 * is known to be this host's.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <sys/stat.h>

struct guard_inventory;
struct guard_watch;
struct inventory;
struct inventory_host;

/* All of it must live as long. */
struct guard_inventory_config {
	struct event_base *base;
	const char *path;
	const struct stat *stamp; /* inventory_watch_stamp() before the inventory was loaded */
	struct inventory *inventory;
	const struct inventory_host *self;
	const char *socket; /* covey-host's */
	struct guard_watch *watch;
	struct guard_deadlines *deadlines; /* NULL: nothing passes the guard in clear */
};

/* Begin to follow it. Returns 0 or a negative errno. */
int guard_inventory_new(const struct guard_inventory_config *config,
			struct guard_inventory **ret_inventory, struct covey_error *error);
void guard_inventory_free(struct guard_inventory *inventory); /* NULL-safe */

/* Read it now. */
void guard_inventory_reload(struct guard_inventory *inventory);
