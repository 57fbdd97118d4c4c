/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Whether this host hears what others send in its groups. It cannot know that alone: when
 * nobody sends, nothing comes either. The GKM compares what all hosts report, and says the result
 * in its Heartbeat.
 */

#include <message.h>

struct member_state;

/* Take the GKM's Heartbeat. Each change is logged once. When a group becomes deaf, or perhaps so,
 * the kernel's multicast groups are reported anew. */
void hearing_told(struct member_state *state, const Covey__Heartbeat *heartbeat);
/* Call this when the session ends: without one, nobody compares. */
void hearing_unknown(struct member_state *state);
