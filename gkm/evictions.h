/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Who is evicted, from one group or from all: durable first, then in force.
 */

#include <covey/error.h>
#include <stdbool.h>
#include <stddef.h>

struct manager;
struct realm;

/* Put in force what the state file says. Hosts and groups that the inventory lacks stay in the
 * file. */
int evictions_load(struct manager *manager, struct covey_error *error);

/*
 * Evict a host from the group, or with NULL from all: its session in it is cut, and the group gets
 * an SA without it. -EALREADY when it is evicted already.
 */
int evict(struct manager *manager, size_t host, struct realm *realm, struct covey_error *error);

/*
 * Undo it; with NULL all evictions of the host. -ENOENT when there is none, -EBUSY when it is
 * evicted from all groups and the one asked for is one of them.
 */
int readmit(struct manager *manager, size_t host, struct realm *realm, struct covey_error *error);

/* From the group by itself, or from all groups. */
bool is_evicted(const struct manager *manager, size_t host, const struct realm *realm);
