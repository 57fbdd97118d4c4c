/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The guard: covey's own nftables rules (`nft list table inet covey_guard_fab0`). They keep clear
 * VXLAN off the fabric interface while the dataplane is not there to do so. covey's own packets do
 * not pass through them. The rules stay until guard_down(), whatever happens to the process.
 */

#include <covey/error.h>

#include "guard_rules.h"

struct steer_own;

/* How long a start tries to install the guard, if somebody undoes it each time. This is longer than
 * any firewall takes to be loaded anew. Nothing is forwarded meanwhile. */
#define GUARD_START_MS 5000u

/* What guard_up() put up, read back from the kernel. */
struct guard_standing {
	enum guard_device_hooks hooks;
	unsigned index;      /* of the interface; 0: it is not there */
	unsigned host_index; /* likewise, of the host interface */
	unsigned to_index;   /* likewise, of the interface to which VXLAN is steered */
	struct steer steer;  /* the uplinks that it is bound to */
	char *listing;       /* both tables as text, without counters, to notice a change; owned */
	struct covey_error weaker; /* what the guard does not hold back, and why; empty: nothing */
};

/*
 * Install the guard, or replace it, in one transaction; then read it back and compare. After a
 * failure that may pass, this is tried again, a few times within half a second. If the kernel or
 * the device lacks the hooks at the device, the rest is installed, and `weaker` says what that lets
 * through: the caller decides whether to run like that. The interface need not exist yet: then
 * `weaker` says when its hooks are bound. own: this process's own table, which is renewed in the
 * same transaction; NULL: it has none. Returns 0 and fills *ret_standing (guard_standing_free), or
 * a negative errno.
 */
int guard_up(const struct guard_config *config, struct steer_own *own,
	     struct guard_standing *ret_standing, struct covey_error *error);

/* 0 as long as the kernel has what guard_up() has installed, bound to the same device. -ENOENT or
 * -EEXIST when something differs; error says what. Another negative errno when the rules cannot be
 * read. */
int guard_check(const struct guard_config *config, const struct guard_standing *standing,
		struct covey_error *error);

/* The index of the host interface that the guard is to be bound to; 0: none. */
unsigned guard_host_index(const struct guard_config *config);

/* The index of the interface to which VXLAN is to be steered; 0: none. */
unsigned guard_to_index(const struct guard_config *config);

/* True while the interfaces are those that the guard was installed for. */
bool guard_is_bound(const struct guard_config *config, const struct guard_standing *standing);

/*
 * True when it may no longer be so, and it must be looked at now. False: what could have changed is
 * which way the routes lead. To find that out takes long in a large fabric, and it can wait: no
 * VXLAN leaves by a new way, or comes in, before the guard has it.
 */
bool guard_is_urgent(const struct guard_config *config, const struct guard_standing *standing);

/*
 * Which VNIs the guard of this host interface lets pass in clear, as the kernel has it, whoever put
 * it up: for a process that starts, and does not know better yet. *ret_stands: there is such a
 * guard. *ret_clear is guard_clear_free()'s.
 */
int guard_standing_clear(const char *host_interface, struct guard_clear *ret_clear,
			 bool *ret_stands, struct covey_error *error);

void guard_standing_free(struct guard_standing *standing);

/* Remove the guard of this interface only. 0 also when there is none. */
int guard_down(const char *interface, struct covey_error *error);
