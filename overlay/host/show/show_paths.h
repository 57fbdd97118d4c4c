/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The paths to other hosts, as `covey show paths` gets them.
 */

#include <jansson.h>

struct path_mtu;
struct probe_run;

/* null when they are not measured. NULL when there is no memory. */
json_t *show_paths(const struct path_mtu *paths);
/* The probes that this host takes part in. null when it takes part in none. */
json_t *show_probes(const struct probe_run *run);
