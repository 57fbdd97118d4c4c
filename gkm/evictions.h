/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Which hosts are evicted, from one group or from all. An eviction is first written to the state
 * file, then put in force.
 */

#include <covey/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct eviction_change;
struct manager;
struct realm;

LIST_HEAD(eviction_changes, eviction_change);

/* Put in force what is in the state file and is not in force yet, then admit who is held and is not
 * in it. If it cannot be read, nobody is admitted. Entries for hosts and groups that are not in the
 * inventory stay in the file. */
int evictions_load(struct manager *manager, struct covey_error *error);

/*
 * Evict a host from the group, or from all groups when realm is NULL. Its session is closed, and
 * each group gets a new SA without it. -EALREADY when it is evicted already. With 0, *ret_change is
 * 0 when it is in force, else it is being written: evictions_progress() says what comes of it.
 */
int evict(struct manager *manager, size_t host, struct realm *realm, uint64_t *ret_change,
	  struct covey_error *error);

/*
 * Undo an eviction from the group, or all evictions of the host when realm is NULL. -ENOENT when
 * there is none. -EBUSY when a group is given, but the host is evicted from all groups. Otherwise
 * as evict().
 */
int readmit(struct manager *manager, size_t host, struct realm *realm, uint64_t *ret_change,
	    struct covey_error *error);

/* 0 when the change is in force, -EINPROGRESS when it is being written. Otherwise it could not be
 * written; that is said until it is forgotten. */
int evictions_progress(const struct manager *manager, uint64_t change, struct covey_error *error);
void evictions_forget(struct manager *manager, uint64_t change);
/* What is under way is not waited for. */
void evictions_free(struct manager *manager);

/* Is the host evicted, from this group or from all groups? */
bool is_evicted(const struct manager *manager, size_t host, const struct realm *realm);

/* The host's seat in the group, or -ENOENT when it has none. */
long seat_of(const struct manager *manager, size_t host, const struct realm *realm);
