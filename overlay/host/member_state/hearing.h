/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Whether this host hears what others multicast in its groups. It cannot know alone: nothing comes
 * when nobody sends, too. The GKM compares what all report, and says so in its Heartbeat.
 */

#include <message.h>

struct member_state;

/* Take the GKM's Heartbeat; what is different is said once, and the kernel's groups are reported
 * anew.
 */
void hearing_told(struct member_state *state, const Covey__Heartbeat *heartbeat);
/* Without a session nobody compares. */
void hearing_unknown(struct member_state *state);
