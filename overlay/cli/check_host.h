/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

#include "cli.h"

struct inventory;

/*
 * If this is a host of the inventory, print what its kernel says that does not go with it: VXLAN
 * devices whose MTU leaves no room for encryption; and paths to other hosts that covey-host, if it
 * runs here, has found too small. name: the host's in the inventory; NULL: the machine's own name.
 * Returns false when there is a line with PROBLEM.
 */
bool check_host_print(const struct cli *cli, const struct inventory *inventory, const char *name);
