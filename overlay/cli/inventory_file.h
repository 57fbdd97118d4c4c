/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "cli.h"
#include "inventory.h"

/* Load the inventory, or print all its mistakes and return NULL. */
struct inventory *inventory_file_load(const struct cli *cli);
