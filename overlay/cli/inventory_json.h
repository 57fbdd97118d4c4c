/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "inventory.h"

/*
 * Print {"ok": true, ...the inventory}. If inventory is NULL, print {"ok": false, "mistakes":
 * [{"line", "column", "message"}]}. Returns 0 or -ENOMEM.
 */
int inventory_json_print(const struct inventory *inventory, const struct diagnostics *diagnostics);
