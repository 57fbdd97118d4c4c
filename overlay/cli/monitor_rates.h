/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What passes in a second, from two answers of covey-host to "show". Pure.
 */

#include <jansson.h>

/*
 * An object with "host", "seconds", "total", "groups", "peers", "classes" and "drops", as
 * docs/covey-show.schema.json has it (monitor). Rates are packets in a second. What a second answer
 * has less of than the first, as after a restart, counts as nothing. NULL when there is no memory.
 */
json_t *monitor_rates(const json_t *first, const json_t *second, double seconds);
