/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Does serial.c leave out anything that matters? Two worlds of one digest must have successors of
 * the same digests. Some that were reached twice are compared.
 */

#include "explore.h"
#include "path.h"

#define AUDITS_MAX 4096

struct again {
	uint32_t found; /* as the state was first reached */
	uint32_t parent;
	struct event event; /* how it was reached again */
};

struct audit {
	struct again list[AUDITS_MAX];
	size_t count;
	size_t met; /* states reached again, so far */
};

void audit_note(struct audit *audit, uint32_t found, uint32_t parent, struct event event);

/* Compare. Nodes below `expanded` know their successors. Returns how many were compared. */
size_t audit_run(const struct audit *audit, struct path *path, uint32_t expanded,
		 struct findings *findings);
