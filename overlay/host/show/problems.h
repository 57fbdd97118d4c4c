/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What is wrong on this host, for whoever runs it.
 */

#include <jansson.h>

struct host;

/* At most this many VNIs that are in no group are named. */
#define PROBLEMS_VNIS_MAX 16

/* A list of sentences. Each says what happened, to what, and what to do. The guard and VXLAN
 * devices are as they were at the last look. NULL: out of memory. */
json_t *problems_list(const struct host *host);
