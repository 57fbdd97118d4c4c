/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <covey/error.h>
#include <message.h>
#include <stdint.h>

struct member_state;

/* One message from the GKM; see member_state_received(). */
int receive_message(struct member_state *state, const Covey__Message *message, uint64_t now,
		    struct covey_error *error);
