/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Where what a daemon says of itself differs from an inventory. Pure.
 */

#include <jansson.h>

#include "inventory.h"

/*
 * answer: a daemon's whole answer to "show". Returns a list of sentences; NULL when there is no
 * memory. A covey-host knows its own groups alone; a key manager says nothing of VNIs. What groups'
 * modes and keys are is theirs, whatever the inventory began with.
 */
json_t *differences_of_host(const struct inventory *inventory, const json_t *answer);
json_t *differences_of_gkm(const struct inventory *inventory, const json_t *answer);
