/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The key manager's state as `covey show --gkm` tells it. Never a key.
 */

#include <jansson.h>

struct manager;

/* A new object, NULL: no memory. */
json_t *show_manager(const struct manager *manager);
