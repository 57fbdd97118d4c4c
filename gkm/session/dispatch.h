/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What a member says, checked against what it may say now.
 */

#include "message.h"

struct session;

/* Act on one message. One that makes no sense ends the session. */
void dispatch(struct session *session, const Covey__Message *message);
