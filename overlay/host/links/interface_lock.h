/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Only one covey-host may use an interface: two would take away each other's XDP program, queues
 * and guard. The lock belongs to the network namespace, as interfaces do. It ends with the last
 * process that holds it, however that process ends.
 */

#include <covey/error.h>
#include <covey/limits.h>
#include <stddef.h>

/* The uplinks, covey0, its other end, and the end that VXLAN is steered to. */
#define INTERFACE_LOCK_NAMES_MAX (COVEY_UPLINKS_MAX + 3)

struct covey_addr;

struct interface_lock;

/*
 * Lock interfaces, each once, whether they exist yet or not; a NULL in names is skipped. Waits some
 * seconds for a covey-host that has just ended. -EADDRINUSE: error names the interface and who
 * holds it.
 */
int interface_lock_new(const char *const names[], size_t count, struct interface_lock **ret_lock,
		       struct covey_error *error);
/* Lock this VTEP address as well: where the kernel keeps its interfaces, two would share its UDP
 * port. */
int interface_lock_vtep(struct interface_lock *lock, const struct covey_addr *vtep,
			struct covey_error *error);
/* NULL-safe. */
void interface_lock_free(struct interface_lock *lock);
