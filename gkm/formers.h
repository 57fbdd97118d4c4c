/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * SenderIDs that identities gave up, over restarts: members may hold SAs of an earlier instance, in
 * whose rosters such a SenderID is the former holder's. They end by their hard lifetime, and not
 * later than that after this instance has begun, for it makes none of them.
 */

#include <covey/error.h>
#include <stdint.h>

struct realm;

/* At start. 0 or what the store says. */
int formers_restore(struct realm *realm, uint64_t now_ms, struct covey_error *error);

/* When formers_release() has something to do, UINT64_MAX: never. */
uint64_t formers_deadline(const struct realm *realm);
/* Let others have what is kept, if its time is over. */
void formers_release(struct realm *realm, uint64_t now_ms);
