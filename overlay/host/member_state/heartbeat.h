/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <covey/error.h>

struct member_state;

/* Tell the GKM that we live, and how much each of its SAs was used. */
int heartbeat_send(const struct member_state *state, struct covey_error *error);
