/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "inventory.h"

/*
 * What the two inventories say must be the same, but for one host: what `before` says of it, if it
 * has it, `after` says of renamed; if that is NULL, it may be in one of them alone.
 */
void inventory_must_be_same(const struct inventory *before, const struct inventory *after,
			    const char *host, const char *renamed);
