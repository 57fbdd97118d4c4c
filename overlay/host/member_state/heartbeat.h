/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <covey/error.h>

struct member_state;

/* Tell the GKM that we are alive, how much each of its SAs was used, and how far our windows have
 * come. */
int heartbeat_send(struct member_state *state, struct covey_error *error);
