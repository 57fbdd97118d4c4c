/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The options that both daemons take.
 */

#include <argp.h>

#include "log.h"

struct daemon_options {
	const char *inventory;
	const char *pki;
	const char *crl; /* NULL: the one in pki, if there is one */
	enum log_level log_level;
};

extern const struct daemon_options daemon_options_default;

/* For a daemon's own argp, as a child whose input is struct daemon_options. A daemon takes no
 * arguments, so an argument is a mistake. */
extern const struct argp_child daemon_options_child[];
