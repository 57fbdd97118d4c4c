/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "cli.h"

/* Parse the arguments of a command that takes one GROUP. Returns it, or NULL (then exit with
 * CLI_USAGE). */
const char *group_argument(struct cli *cli, int argc, char **argv, const char *doc);
