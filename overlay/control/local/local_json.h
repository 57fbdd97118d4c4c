/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What goes over the local control socket: {"command": "show"} and the like one way, {"ok": true,
 * ...} or {"ok": false, "error": "what happened and what to do"} the other.
 */

#include <jansson.h>
#include <stddef.h>

#include "local_server.h"

/*
 * Read a request. Returns its object, to be released, and its command, which lives as long; or
 * NULL: then it made no sense and the client was told so.
 */
json_t *local_request_read(struct local_client *client, const char *line, size_t len,
			   const char **ret_command);

/* local_answer() with an object. Takes the reference; NULL: memory was short. */
void local_answer_json(struct local_client *client, json_t *object);
void local_answer_error(struct local_client *client, const char *text);
