/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What is checked of a packet before any cryptography (docs/protocol.md, section 5.1). */

#include "arrival.h"

/* Sort the burst: drop what may not enter, let pass what is not VPE, and list the rest as arrivals
 * of installed SAs. Bit i of authenticated is set when packet i has authenticated already. */
void admission_sort(struct arrivals *arrivals, uint16_t count, uint64_t authenticated);

/* What to do with a packet after the replay window has judged it. */
static inline enum covey_drop admission_replay(enum replay_verdict verdict)
{
	switch (verdict) {
	case REPLAY_NEW:
		return NO_DROP;
	case REPLAY_SEEN:
		return COVEY_DROP_IN_REPLAY_SEEN;
	case REPLAY_OLD:
		break;
	}
	return COVEY_DROP_IN_REPLAY_OLD;
}
