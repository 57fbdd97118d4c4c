/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What a running group takes over when its part of the inventory is another one (update.h of
 * overlay/model). The inventory has changed already.
 */

#include <covey/error.h>
#include <stddef.h>
#include <stdint.h>

struct realm;
struct session;

/*
 * Seats for new members; those that are members no more are out, and the group gets another SA.
 * Who is new or a member again is held: evictions_load() says after this whether it may come.
 * by_host: sessions by host, in the order of inventory->hosts. Returns 0, or -ENOMEM
 * when some new members have no seats; then another call tries again.
 */
int realm_update_members(struct realm *realm, struct session *const *by_host,
			 struct covey_error *error);

/* Another rekey policy. The present SA gets the new interval, and all others the next SA. */
int realm_update_rekey(struct realm *realm, struct covey_error *error);

/* Nobody may come before evictions_load() has said who is not evicted. */
void realm_hold(const struct realm *realm);
/* Members who are held may come. */
void realm_admit(const struct realm *realm);

/* The group is there, perhaps again: then all of it may be another. */
int realm_reopen(struct realm *realm, struct session *const *by_host, struct covey_error *error);

/* Tell all members that these are the group's VNIs, and what else Joined says. */
void realm_tell(const struct realm *realm, const uint32_t *vnis, size_t count,
		struct session *const *by_host);

/* The group is removed: all are out, and its keys end. */
void realm_close(struct realm *realm, struct session *const *by_host);
