/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What a member says first: who it is, whether it was here before, and what it knows.
 */

#include "message.h"

struct session;

/* Let its host in, in the place of a session that it had, or end the session. */
void hello(struct session *session, const Covey__Hello *said);
