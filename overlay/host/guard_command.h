/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * `covey-host --guard on|off|keep`.
 */

#include <covey/error.h>
#include <sys/stat.h>

#include "options.h"

struct inventory;
struct inventory_host;

/* Install the guard once, and log what it does not hold back. socket: covey-host's, beside which
 * the modes of groups are. */
int guard_command_on(const struct inventory *inventory, const struct inventory_host *self,
		     const char *socket, struct covey_error *error);

/* `keep` returns after SIGTERM or SIGINT, and tells the service manager when the guard is up. It
 * follows the inventory. stamp: inventory_watch_stamp() before that was loaded. */
int guard_command(const struct options *options, struct inventory *inventory,
		  const struct stat *stamp, const struct inventory_host *self,
		  struct covey_error *error);
