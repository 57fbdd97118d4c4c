/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Registration of a welcomed host in a group (RFC 4046 section 3: registration).
 */

#include "bindings.h"

/*
 * Authorise, bind the SenderID, lease an epoch, answer. Nothing is granted that is not on disk
 * before the answer.
 */
void join_group(struct session *session, const struct join_request *request);

/* How a Join goes on whose SenderID was committed, or could not be. */
extern const struct binding_handlers join_binding_handlers;
