/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The guard of one interface: as it is wanted, and as it stands in the kernel.
 */

#include <covey/error.h>
#include <net/if.h>
#include <stdbool.h>

#include "guard.h"
#include "steer_own.h"

struct installed_guard {
	const char *given;          /* the interface as the inventory names it */
	char interface[IFNAMSIZ];   /* the kernel's own name; empty before it was first found */
	struct guard_config wanted; /* its interface is the one above */
	struct guard_clear clear;   /* what `wanted` has of this, owned */
	struct guard_standing standing;
	struct steer_own own;
	bool off;             /* `covey-host --guard off` took it away */
	struct peer_log *log; /* for what routes that flap can cause */
};

/* Install it as it is wanted, on the interface's name of now. Logs if it is weaker than before, or
 * whole again. -EAGAIN when somebody undid it meanwhile. */
int installed_guard_put_up(struct installed_guard *guard, struct covey_error *error);

/* From now on, these VNIs are wanted to pass in clear. clear is moved from. */
void installed_guard_take_clear(struct installed_guard *guard, struct guard_clear *clear);

/*
 * Before it lets VNIs pass in clear: steer those of them that are to be steered. Or a packet that
 * has passed the place of the rules that steer just before they come would leave in clear.
 */
int installed_guard_steer_more(struct installed_guard *guard, const struct guard_clear *clear,
			       struct covey_error *error);

/* Has its interface come, gone, or been replaced since it was put up? */
bool installed_guard_has_moved(const struct installed_guard *guard);

/* Free what belongs to it. The rules stay, but for the steering rules of this process. */
void installed_guard_end(struct installed_guard *guard);
