/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Which hosts are evicted, from one group or from all. An eviction is first written to the state
 * file, then put in force.
 */

#include <covey/error.h>
#include <stdbool.h>
#include <stddef.h>

struct manager;
struct realm;

/* Put in force what is in the state file and is not in force yet, then admit who is held and is not
 * in it. If it cannot be read, nobody is admitted. Entries for hosts and groups that are not in the
 * inventory stay in the file. */
int evictions_load(struct manager *manager, struct covey_error *error);

/*
 * Evict a host from the group, or from all groups when realm is NULL. Its session is closed, and
 * each group gets a new SA without it. -EALREADY when it is evicted already.
 */
int evict(struct manager *manager, size_t host, struct realm *realm, struct covey_error *error);

/*
 * Undo an eviction from the group, or all evictions of the host when realm is NULL. -ENOENT when
 * there is none. -EBUSY when a group is given, but the host is evicted from all groups.
 */
int readmit(struct manager *manager, size_t host, struct realm *realm, struct covey_error *error);

/* Is the host evicted, from this group or from all groups? */
bool is_evicted(const struct manager *manager, size_t host, const struct realm *realm);

/* The host's seat in the group, or -ENOENT when it has none. */
long seat_of(const struct manager *manager, size_t host, const struct realm *realm);
