/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Hands what a member reports of its SAs to the files that judge it.
 */

#include "message.h"

struct session;

/* Take a report, and answer it. A report that no honest member sends ends the session. */
void heartbeat_reports_take(struct session *session, const Covey__Heartbeat *report);
