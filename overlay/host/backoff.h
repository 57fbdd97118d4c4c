/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * How long to wait before the next attempt to reach the GKM: exponential with full jitter, so that
 * a fabric of hosts does not come back all at once.
 */

#include <stdint.h>

#define BACKOFF_MIN_MS UINT32_C(200)
/* Well below the activation delay's default, so that a host is back before a GKM that restarts
 * again and again no longer waits for it. */
#define BACKOFF_MAX_MS UINT32_C(5000)
/* Where another attempt is not likely to fare better: an operator must act first. */
#define BACKOFF_SLOW_MS UINT32_C(60000)
/* A session that lasted this long was a sound one: begin from the minimum again. */
#define BACKOFF_SOUND_MS UINT32_C(30000)

struct backoff {
	uint32_t ceiling_ms; /* of the next wait; 0 counts as BACKOFF_MIN_MS */
};

static inline void backoff_reset(struct backoff *backoff)
{
	backoff->ceiling_ms = 0;
}

/* random(bound) gives 0..bound-1. Returns 1..ceiling, and doubles the ceiling. */
static inline uint32_t backoff_next(struct backoff *backoff, uint32_t (*random)(uint32_t bound))
{
	uint32_t ceiling = backoff->ceiling_ms ? backoff->ceiling_ms : BACKOFF_MIN_MS;

	backoff->ceiling_ms = ceiling >= BACKOFF_MAX_MS / 2 ? BACKOFF_MAX_MS : ceiling * 2;
	return 1 + random(ceiling);
}

/* Half to one and a half of BACKOFF_SLOW_MS. */
static inline uint32_t backoff_slow(uint32_t (*random)(uint32_t bound))
{
	return BACKOFF_SLOW_MS / 2 + random(BACKOFF_SLOW_MS);
}
