/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A host that has a session begins another one: is it the same program, back on a new connection
 * before we knew that the old one was dead; a host that was restarted; or somebody with its key?
 * Pure; time is passed in.
 */

#include <covey/limits.h>
#include <stdint.h>

/* A heartbeat, and what a busy host or wire may delay it. */
#define SUCCESSION_HEARD_MS (COVEY_HEARTBEAT_SECONDS * UINT64_C(1000) + 2000)

enum succession {
	SUCCESSION_SAME,   /* the program itself says that its session before is over */
	SUCCESSION_NEXT,   /* another start, which knows the first's secret: it was restarted */
	SUCCESSION_SILENT, /* another one, but the first has missed a heartbeat */
	SUCCESSION_TWO,    /* another one, and the first was there just now */
};

/*
 * The instances by both Hellos, 0: it does not say, and is never the same; the one that the second
 * says was its host's before it; and how long ago the first session's last message came. Instances
 * are random, and pass only inside TLS: a thief of a host's key does not know that host's
 * instances.
 */
static inline enum succession succession(uint64_t first, uint64_t second, uint64_t previous,
					 uint64_t silent_ms)
{
	if (first != 0 && first == second)
		return SUCCESSION_SAME;
	if (first != 0 && first == previous)
		return SUCCESSION_NEXT;
	return silent_ms > SUCCESSION_HEARD_MS ? SUCCESSION_SILENT : SUCCESSION_TWO;
}
