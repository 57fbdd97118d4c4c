/* SPDX-License-Identifier: BSD-3-Clause */

#include "guard_restores.h"

#include <inttypes.h>
#include <log.h>
#include <stdio.h>

#define LOG_REST_MS 60000u

bool guard_restores_may(struct guard_restores *restores, uint64_t now_ms)
{
	uint64_t second = now_ms / 1000;

	if (restores->second != second) {
		restores->second = second;
		restores->spent = 0;
	}
	return restores->spent++ < GUARD_RESTORES_PER_S;
}

static void log_restored(struct guard_restores *restores, const char *interface, const char *what,
			 uint64_t now_ms)
{
	restores->unlogged++;
	if (restores->logged_at && now_ms - restores->logged_at < LOG_REST_MS)
		return;
	log_warning("guard: %s changed it on %s: %s. It was put back (times since this was last "
		    "said: %" PRIu64 ")",
		    restores->last, interface, what, restores->unlogged);
	restores->unlogged = 0;
	restores->logged_at = now_ms;
}

void guard_restores_count(struct guard_restores *restores, const char *interface, const char *what,
			  const struct guard_author *author, uint64_t now_ms)
{
	restores->count++;
	restores->last_at = now_ms;
	if (author->pid)
		snprintf(restores->last, sizeof(restores->last), "%s (process %u)", author->name,
			 author->pid);
	else
		snprintf(restores->last, sizeof(restores->last), "somebody");
	log_restored(restores, interface, what, now_ms);
}
