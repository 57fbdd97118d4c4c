/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Does this key manager lead? If not, members are told who does, and nothing else.
 */

#include <covey/addr.h>
#include <covey/limits.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * With what a key manager claims to lead. Of two, the one that leads prevails over one that only
 * wants to; then the one whose state was begun with more often, since the other one's is older;
 * then the one that has led longer; then chance.
 */
struct claim {
	bool leads;
	uint64_t generation; /* how often a key manager has begun with this state */
	uint64_t led_ms;     /* how long it has led */
	uint64_t instance;
};

static inline bool claim_prevails(const struct claim *ours, const struct claim *theirs)
{
	if (ours->leads != theirs->leads)
		return ours->leads;
	if (ours->generation != theirs->generation)
		return ours->generation > theirs->generation;
	if (ours->led_ms != theirs->led_ms)
		return ours->led_ms > theirs->led_ms;
	return ours->instance > theirs->instance;
}

struct leadership {
	bool leads;
	struct covey_addr leader;          /* who leads instead; family 0: not known */
	char reason[COVEY_REASON_MAX + 1]; /* why this one does not, for a person */
	/*
	 * Another key manager of the fabric asks, and listens on `address` (family 0: it does not
	 * say, or not rightly). Fills in our claim and returns whether the other one must yield. If
	 * not, this one does, but not within this call. NULL: nobody may ask.
	 */
	bool (*asked)(const struct claim *theirs, const struct covey_addr *address,
		      struct claim *ret_ours, void *arg);
	void *arg;
};
