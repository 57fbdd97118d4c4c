/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <jansson.h>

struct guard_status;

/* The interfaces by which VXLAN leaves, with the state of each, looked at now. null when the kernel
 * does not keep its interfaces. */
json_t *show_uplinks(const struct guard_status *guard);
