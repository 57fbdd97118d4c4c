/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <jansson.h>

struct dataplane;

/* Each returns NULL when it is out of memory. */
json_t *show_windows(const struct dataplane *dataplane);
json_t *show_counters(const struct dataplane *dataplane);
json_t *show_drops(const struct dataplane *dataplane);
json_t *show_ports(const struct dataplane *dataplane);
json_t *show_buffers(const struct dataplane *dataplane);
