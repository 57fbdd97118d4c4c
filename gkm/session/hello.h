/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A member's first message: which host it is, whether it was connected before, and which SPIs it
 * knows.
 */

#include "message.h"

struct session;

/* Let the host in, and close a session that it had before; or end the new session. */
void hello(struct session *session, const Covey__Hello *said);
