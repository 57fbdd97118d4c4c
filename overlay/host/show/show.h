/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <jansson.h>

struct host;

/*
 * Everything about this host as one JSON object, without keys of any kind. NULL: out of memory.
 */
json_t *show_host(const struct host *host);
