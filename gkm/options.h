/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "daemon_options.h"

struct options {
	struct daemon_options daemon;
	const char *state;
	const char *socket;
	const char *address; /* NULL: the one of covey_gkm that this machine has */
};

/* Read the command line. Exits for --help, --version, --usage and mistakes, as argp does. Returns
 * 0, or -ENOMEM; then the result must not be used. */
int options_parse(int argc, char **argv, struct options *ret_options);
