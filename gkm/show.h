/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The key manager's state, as `covey show --gkm` prints it. Never contains a key.
 */

#include <jansson.h>

struct manager;
struct member;

/* Returns a new object; NULL when there is no memory. */
json_t *show_manager(const struct manager *manager);

/* "connected"; "away": no session, and it may still send; "absent"; "evicted". */
const char *show_presence(const struct member *member);
