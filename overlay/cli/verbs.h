/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * All commands of `covey`. From this table come the list that `covey --help` prints, what is
 * suggested for a mistyped name, and, by `covey help`, the completion of shells and the synopsis of
 * the manual page.
 */

#include "cli.h"

struct verb {
	const char *name;
	int (*run)(struct cli *cli, int argc, char **argv);
	const char *summary; /* a line */
};

/* NULL when there is none; then text (VERBS_TEXT_SIZE bytes) says so, and what is meant. */
const struct verb *verbs_find(const char *name, char *text);
#define VERBS_TEXT_SIZE 512

/* Run it with "covey NAME" as argv[0], which replaces the name that was typed. */
int verbs_run(const struct verb *verb, struct cli *cli, int argc, char **argv);

/* What `covey --help` says around the options. Free it with free(). NULL when there is no memory.
 */
char *verbs_doc(void);
