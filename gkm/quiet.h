/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A flood of strangers must not become a flood of log lines. Pure; time is passed in.
 */

#include <stdbool.h>
#include <stdint.h>

#define QUIET_INTERVAL_MS 10000

/* Zero-initialised it has said nothing yet. */
struct quiet {
	uint64_t until_ms; /* the interval's end */
	unsigned said;     /* lines in this interval */
	uint64_t unsaid;   /* since the last line that was let through */
};

/*
 * May one more line be logged? At most burst of them in QUIET_INTERVAL_MS. If so, *ret_unsaid is
 * how many were kept back since the last one.
 */
bool quiet_lets(struct quiet *quiet, unsigned burst, uint64_t now_ms, uint64_t *ret_unsaid);
