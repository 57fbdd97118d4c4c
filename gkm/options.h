/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "daemon_options.h"

struct options {
	struct daemon_options daemon;
	const char *state;
	const char *socket;
};

/* Read the command line; exits for --help, --version, --usage and mistakes, as argp does. Returns 0
 * or -ENOMEM, and then nothing of the command line counts. */
int options_parse(int argc, char **argv, struct options *ret_options);
