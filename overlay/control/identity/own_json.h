/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Own certificates as `covey show` gets them from both daemons.
 */

#include <jansson.h>

struct own_watch;

/* The own one first, then its issuers up to ca.crt. watch NULL: none. */
json_t *own_json(const struct own_watch *watch);
/* Why what lies on disk is not in force, or null. */
json_t *own_json_problem(const struct own_watch *watch);
