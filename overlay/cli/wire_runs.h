/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Many runs of probes, asked of the local covey-host: so many at once, and no faster than the key
 * manager takes them.
 */

#include <covey/error.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "cli.h"

/* covey-host takes 16 clients at once, and others may ask it, too. */
#define WIRE_RUNS_AT_ONCE 14u

struct wire_runs {
	const struct cli *cli;
	size_t at_once; /* at most WIRE_RUNS_AT_ONCE */
	/* The next request, which is taken over; NULL: there are no more. */
	json_t *(*next)(void *arg);
	/* One is over. answer: what covey-host said; NULL: nothing, for that error. False: no more
	 * shall begin. */
	bool (*take)(void *arg, const json_t *request, const json_t *answer,
		     const struct covey_error *error);
	void *arg;
};

/* Returns when all are over. True unless take() was false for one. */
bool wire_runs_do(const struct wire_runs *runs);
