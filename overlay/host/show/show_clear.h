/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <jansson.h>

struct dataplane;
struct guard_watch;

/* What the dataplane has let pass in clear, and what of it `enforce` would drop; and who was heard
 * in clear in the last minute, by the guard, too, if there is one. NULL when out of memory. */
json_t *show_clear(const struct dataplane *dataplane, const struct guard_watch *guard);
