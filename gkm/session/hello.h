/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A member's first message: which host it is, whether it was connected before, and which SPIs it
 * knows.
 */

#include "message.h"

struct session;

/* Let its host in, in the place of a session that it had, or end the session. */
void hello(struct session *session, const Covey__Hello *said);
