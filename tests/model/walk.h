/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Beyond the depth to which everything can be looked at: long ways by chance, the same at each run.
 * Each ends with settle_down(). What breaches a rule is cut down to the events that matter.
 */

#include "explore.h"

#define WALK_MAX 240 /* events of one walk */

/* As many walks as that. A violation ends it, and is printed. */
void walk(const struct scope *scope, size_t walks, struct findings *ret_findings);
