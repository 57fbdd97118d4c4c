/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The paths to other hosts, as `covey show paths` gets them.
 */

#include <jansson.h>

struct path_mtu;

/* null when they are not measured. NULL when there is no memory. */
json_t *show_paths(const struct path_mtu *paths);
