/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "log.h"

struct options {
	const char *inventory;
	const char *pki;
	const char *crl; /* NULL: the one in pki, if any */
	const char *state;
	const char *socket;
	enum log_level log_level;
};

/* Read the command line; exits for --help, --version, --usage and mistakes, as argp does. Returns 0
 * or -ENOMEM, and then nothing of the command line counts. */
int options_parse(int argc, char **argv, struct options *ret_options);
