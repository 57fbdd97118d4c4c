/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What has been counted between two answers of a daemon. Pure.
 */

#include <jansson.h>

/*
 * A line for each counter of the second answer that differs from the first, with both values, what
 * is between, and how much that is in a second. seconds: between the two. If the daemon was started
 * again meanwhile, a counter may have fallen; that is said. Free it with free(). NULL when there is
 * no memory.
 */
char *report_counters(const json_t *first, const json_t *second, double seconds);
