/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * One part of a daemon's answer to `show`, for programs.
 */

#include <jansson.h>

/*
 * {"ok": true, PART: ...} of a whole answer, covey-host's or covey-gkm's. What groups hold in the
 * whole answer (members; at the key manager SAs, too) becomes one list, each with its "group". What
 * the answer lacks is null. NULL: no memory.
 */
json_t *show_part(const json_t *answer, const char *part);
