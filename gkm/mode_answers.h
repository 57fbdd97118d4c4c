/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What `covey mode` asks for, and is told.
 */

#include <jansson.h>

#include "late_answers.h"

struct realm;

/*
 * Do what the request wants: show the mode, change or confirm it. If the outcome has to be waited
 * for, *ret_question is what the client will be told, and false is returned. Otherwise *ret_answer
 * is the answer, a new reference, or NULL when there is no memory.
 */
bool mode_request_run(struct realm *realm, const json_t *request, json_t **ret_answer,
		      struct late_question *ret_question);
