/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * One covey-host for an interface: two on the same one would take each other's XDP program, queues
 * and guard away. The lock belongs to the network namespace, as interfaces do, and ends with the
 * last process that holds it, however that ends.
 */

#include <covey/error.h>
#include <stddef.h>

#define INTERFACE_LOCK_NAMES_MAX 3

struct interface_lock;

/*
 * Lock interfaces, whether they are there yet or not; NULL among names is skipped. Waits some
 * seconds for one that has just ended. -EADDRINUSE names the interface and who holds it.
 */
int interface_lock_new(const char *const names[], size_t count, struct interface_lock **ret_lock,
		       struct covey_error *error);
/* NULL-safe. */
void interface_lock_free(struct interface_lock *lock);
