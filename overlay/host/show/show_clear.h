/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <jansson.h>

struct dataplane;

/* What the dataplane has let pass in clear, and what of it `enforce` would drop. NULL when out of
 * memory. */
json_t *show_clear(const struct dataplane *dataplane);
