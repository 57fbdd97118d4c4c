/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A host that has a session begins another one. Is it the same program, back on a new connection
 * before we noticed that the old one was dead? Or was the host restarted? Or does somebody else
 * have its key? Pure; the caller passes the time.
 */

#include <covey/limits.h>
#include <stdint.h>

/* A heartbeat, and how much a busy host or network may delay it. */
#define SUCCESSION_HEARD_MS (COVEY_HEARTBEAT_SECONDS * UINT64_C(1000) + 2000)

enum succession {
	SUCCESSION_SAME,   /* the same program, which says that its earlier session is over */
	SUCCESSION_NEXT,   /* another start that knows the secret of the first: a restart */
	SUCCESSION_SILENT, /* another start, but the first has missed a heartbeat */
	SUCCESSION_TWO,    /* another start, while the first is still there */
};

/*
 * first and second: the instances in the Hellos of both sessions. 0 means that a member does not
 * say, and is never the same. previous: the instance that the second Hello names as its host's
 * earlier one. silent_ms: how long ago the first session's last message came. Instances are random
 * and only sent inside TLS, so somebody who has stolen a host's key does not know them.
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
