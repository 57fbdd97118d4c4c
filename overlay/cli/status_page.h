/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What `covey status` prints of one daemon: whether it is well, what is wrong, and the most
 * important of the rest in a line each.
 */

#include <jansson.h>
#include <stdbool.h>

/* answer: a daemon's whole answer to "show". An older covey-host reports no problems. */
bool status_page_is_well(const json_t *answer);
void status_page_print(const json_t *answer);
