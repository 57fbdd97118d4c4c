/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A member's messages, checked against what the member may say now.
 */

#include "message.h"

struct session;

/* Act on one message. A message that makes no sense ends the session. */
void dispatch(struct session *session, const Covey__Message *message);
