/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What `covey pki` was asked for. */

#include <stdbool.h>

#include "cli.h"

struct pki_arguments {
	struct cli *cli;
	const char *action; /* init, issue, list, revoke or crl */
	const char *name;   /* a host, "gkm" or NULL */
	const char *serial; /* hexadecimal, or NULL */
	long days;          /* 0: not given */
	bool all;
	bool force;
};

/* The caller sets cli. Exits with a message when the arguments make no sense. */
int pki_arguments_parse(struct pki_arguments *arguments, int argc, char **argv);

bool pki_is_action(const struct pki_arguments *arguments, const char *action);
/* "pki issue" and so on; for actions that pki_arguments_parse() has accepted. */
const char *pki_command_name(const char *action);
