/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The lines on the local control socket. A request is {"command": "show"} or similar. An answer is
 * {"ok": true, ...} or {"ok": false, "error": "what happened and what to do"}.
 */

#include <jansson.h>
#include <stddef.h>

#include "local_server.h"

/*
 * Read a request. Returns its object, which the caller releases, and its command, which lives as
 * long as the object. NULL when the request makes no sense; then the client has been told.
 */
json_t *local_request_read(struct local_client *client, const char *line, size_t len,
			   const char **ret_command);

/* local_answer() with an object. Takes over the reference. NULL means that there was no memory. */
void local_answer_json(struct local_client *client, json_t *object);
void local_answer_error(struct local_client *client, const char *text);
