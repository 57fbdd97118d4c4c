/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * One run of probes, asked of covey-host. A host takes part in one at a time, also in those that
 * covey-host makes by itself: so a run that finds one busy is tried again.
 */

#include <covey/error.h>
#include <jansson.h>

#include "cli.h"

void probe_question_wait(long ms);
/* As client_ask(). */
int probe_question(const struct cli *cli, json_t *request, json_t **ret_answer,
		   struct covey_error *error);
/* The same. NULL unless the answer's "ok" is true: then the reason is printed to standard error. */
json_t *probe_question_command(const struct cli *cli, const char *command, json_t *request);
