/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "ring.h"
#include "seen.h"

/*
 * Write what was seen as one JSON object, in one step (a reader finds the old file or the new).
 * Returns 0 or negative errno.
 */
int report_write(const struct seen *seen, const struct ring *rings, unsigned ring_count,
		 unsigned snapshot, const char *path);
