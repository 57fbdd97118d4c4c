/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What a member reports of its SAs, handed to those who judge it.
 */

#include "message.h"

struct session;

/* Take a report, and answer. One that no honest member sends ends the session. */
void heartbeat_reports_take(struct session *session, const Covey__Heartbeat *report);
