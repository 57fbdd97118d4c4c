/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "cli.h"
#include "inventory.h"

/* Load the inventory. If it has mistakes, print all of them and return NULL. */
struct inventory *inventory_file_load(const struct cli *cli);
