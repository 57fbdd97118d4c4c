/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <jansson.h>

struct dataplane;
struct guard_watch;

/* What the dataplane has let pass in clear, and what of it `enforce` would drop; and who was heard
 * in clear, or why that is not known. guard: where such packets pass it alone, and who was heard is
 * of the last minute; NULL elsewhere. NULL when out of memory. */
json_t *show_clear(const struct dataplane *dataplane, const struct guard_watch *guard);
