/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Runs ansible-playbook for `covey deploy` and `covey plan`.
 */

#include <stdbool.h>

#include "cli.h"

/* What a person has asked for. */
struct deploy {
	struct cli *cli;
	const char *playbook;
	const char *copy;     /* of the inventory, for the machines */
	const char *limit;    /* hosts and groups, NULL: all */
	const char *packages; /* a folder, NULL: the machines' repositories */
	const char *state;    /* a backup of a key manager that is gone, NULL: none is given */
	bool no_state;        /* there is none */
	bool check;           /* change nothing */
	bool diff;
};

/* Checks the inventory, takes the lock and calls deploy_run(). Returns an exit status. */
int deploy_start(struct deploy *deploy);

/*
 * Runs it and waits for its end; signals that end this process end it as well. What is wrong is
 * printed. Returns an exit status.
 */
int deploy_run(const struct deploy *deploy);
