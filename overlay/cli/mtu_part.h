/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * `covey show mtu`: all that a host knows of MTUs, in one place.
 */

#include <jansson.h>

/* From the whole answer of covey-host. NULL when there is no memory. */
json_t *mtu_part(const json_t *answer);
void mtu_part_print(const json_t *mtu);
