/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Registration in a group, for a host that was let in (RFC 4046 section 3: registration).
 */

#include "bindings.h"

/*
 * Check that the member may join, bind its SenderID, give it an epoch, and answer. All that is
 * granted is on disk before the answer.
 */
void join_group(struct session *session, const struct join_request *request);

/* How a Join continues after its SenderID was committed, or could not be committed. */
extern const struct binding_handlers join_binding_handlers;
