/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * How long to wait before the next attempt to reach the GKM. The upper bound doubles each time, and
 * the wait is random below it (full jitter). So the hosts of a fabric do not come back all at once.
 */

#include <stdint.h>

#define BACKOFF_MIN_MS UINT32_C(200)
/* Well below the default of the activation delay: so a host is back before the GKM stops waiting
 * for it, even if the GKM restarts again and again. */
#define BACKOFF_MAX_MS UINT32_C(5000)
/* For when another attempt is not likely to succeed before an operator has acted. */
#define BACKOFF_SLOW_MS UINT32_C(60000)
/* After a session that lasted this long, begin from the minimum again. */
#define BACKOFF_SOUND_MS UINT32_C(30000)

struct backoff {
	uint32_t ceiling_ms; /* of the next wait; 0 counts as BACKOFF_MIN_MS */
};

static inline void backoff_reset(struct backoff *backoff)
{
	backoff->ceiling_ms = 0;
}

static inline void backoff_raise(struct backoff *backoff)
{
	uint32_t ceiling = backoff->ceiling_ms ? backoff->ceiling_ms : BACKOFF_MIN_MS;

	backoff->ceiling_ms = ceiling >= BACKOFF_MAX_MS / 2 ? BACKOFF_MAX_MS : ceiling * 2;
}

/*
 * The share of one attempt, where `count` key managers are tried one after the other: together they
 * wait no longer than for one alone. random(bound) gives 0..bound-1. Does not double the ceiling.
 */
static inline uint32_t backoff_share(const struct backoff *backoff, uint32_t count,
				     uint32_t (*random)(uint32_t bound))
{
	uint32_t ceiling = backoff->ceiling_ms ? backoff->ceiling_ms : BACKOFF_MIN_MS;

	return 1 + random(ceiling / count);
}

/* Returns 1..ceiling, and doubles the ceiling. */
static inline uint32_t backoff_next(struct backoff *backoff, uint32_t (*random)(uint32_t bound))
{
	uint32_t wait = backoff_share(backoff, 1, random);

	backoff_raise(backoff);
	return wait;
}

/* Returns a random time: half to one and a half of BACKOFF_SLOW_MS. */
static inline uint32_t backoff_slow(uint32_t (*random)(uint32_t bound))
{
	return BACKOFF_SLOW_MS / 2 + random(BACKOFF_SLOW_MS);
}
