/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * `covey-host --guard on|off|keep`, and what of it a running covey-host needs.
 */

#include <covey/error.h>

#include "guard_rules.h"
#include "options.h"

struct inventory;
struct inventory_host;

/* All but the interface, whose name has to be found. */
struct guard_config guard_config_of(const struct inventory *inventory,
				    const struct inventory_host *self, bool af_packet);

/* Whether to run with a guard that is weaker (its text; empty: it is not) on an interface that is
 * present: -EOPNOTSUPP unless the inventory allows it. */
int guard_accept(const struct inventory_host *self, bool present, const char *weaker,
		 struct covey_error *error);

/* Put it up once, and say how it stands. */
int guard_command_on(const struct inventory *inventory, const struct inventory_host *self,
		     struct covey_error *error);

/* `keep` returns after SIGTERM or SIGINT, and tells the service manager when the guard is up. */
int guard_command(enum guard_command command, const struct inventory *inventory,
		  const struct inventory_host *self, struct covey_error *error);
