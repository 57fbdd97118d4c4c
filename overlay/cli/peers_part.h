/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * `covey show peers`: each other host once, whatever groups it shares with this one; at the key
 * manager each host that is a member of any.
 */

#include <jansson.h>

/* From the whole answer of either daemon. NULL when there is no memory. */
json_t *peers_part(const json_t *answer);
void peers_part_print(const json_t *peers);
