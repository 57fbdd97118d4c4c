/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "cli.h"

/* covey ping --sweep: find and print the largest tenant's packet that passes to the host and back.
 * group: NULL: the first one of both. Returns an exit status. */
int sweep(struct cli *cli, const char *host, const char *group);
