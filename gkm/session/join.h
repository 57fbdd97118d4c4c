/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Registration of a welcomed host in a group (RFC 4046 section 3: registration).
 */

#include <covey/error.h>
#include <covey/limits.h>
#include <stddef.h>
#include <stdint.h>

struct realm;
struct session;

/* What a Join says beside its group: kept whole while it waits for a commit. */
struct join_request {
	uint32_t held_spis[COVEY_SAS_PER_GROUP_MAX]; /* floors.h */
	size_t held_count;
};

/*
 * Authorise, bind the SenderID, lease an epoch, answer. group is one of the inventory's. Nothing is
 * granted that is not on disk before the answer.
 */
void join_group(struct session *session, const char *group, const struct join_request *request);

/* bindings.h: the SenderID that the session waits for is its own, on disk too; or it cannot be. */
void join_bound(struct session *session, struct realm *realm, const struct join_request *request);
void join_unbound(struct session *session, struct realm *realm, const struct covey_error *error);
