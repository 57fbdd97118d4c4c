/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Registration of a welcomed host in a group (RFC 4046 section 3: registration).
 */

#include <covey/error.h>

struct realm;
struct session;

/*
 * Authorise, bind the SenderID, lease an epoch, answer. group is one of the inventory's. Nothing is
 * granted that is not on disk before the answer.
 */
void join_group(struct session *session, const char *group);

/* bindings.h: the SenderID that the session waits for is its own, on disk too; or it cannot be. */
void join_bound(struct session *session, struct realm *realm);
void join_unbound(struct session *session, struct realm *realm, const struct covey_error *error);
