/* SPDX-License-Identifier: BSD-3-Clause */
#include "local_json.h"

#include <stdlib.h>

json_t *local_request_read(struct local_client *client, const char *line, size_t len,
			   const char **ret_command)
{
	json_error_t reason;
	json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, &reason);
	const char *command = json_string_value(json_object_get(object, "command"));
	struct covey_error error;

	if (!object) {
		covey_error_set(&error, 0, "the request is no JSON object: %s", reason.text);
		local_answer_error(client, error.text);
		return NULL;
	}
	if (!command) {
		local_answer_error(client, "the request has no \"command\"");
		json_decref(object);
		return NULL;
	}
	*ret_command = command;
	return object;
}

void local_answer_json(struct local_client *client, json_t *object)
{
	char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;

	local_answer(client, line ? line : "{\"ok\":false,\"error\":\"out of memory\"}");
	free(line);
	json_decref(object);
}

void local_answer_error(struct local_client *client, const char *text)
{
	local_answer_json(client, json_pack("{s:b, s:s}", "ok", 0, "error", text));
}
