/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "must.h"
#include <jansson.h>
#include <string.h>

/* Whatever was asked, a daemon's answer is one line, an object that says how it went. */
static inline void answer_check(const char *line)
{
	json_t *answer = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

	must(!strchr(line, '\n') && json_is_object(answer));
	must(json_is_boolean(json_object_get(answer, "ok")));
	if (json_is_false(json_object_get(answer, "ok")))
		must(json_string_length(json_object_get(answer, "error")) > 0);
	json_decref(answer);
}
