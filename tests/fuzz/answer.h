/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "must.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ANSWERS_KNOWN 4096u

/* FNV-1a; never 0. */
static inline uint64_t answer_digest(const char *line)
{
	uint64_t digest = UINT64_C(14695981039346656037);

	for (; *line; line++)
		digest = (digest ^ (uint8_t)*line) * UINT64_C(1099511628211);
	return digest | 1;
}

/* The same answers come again and again, and need to be parsed but once. */
static inline bool answer_is_known(const char *line)
{
	static uint64_t known[ANSWERS_KNOWN];
	uint64_t digest = answer_digest(line), *place = &known[digest >> 32 & (ANSWERS_KNOWN - 1)];
	bool is_known = *place == digest;

	*place = digest;
	return is_known;
}

/* Whatever was asked, a daemon's answer is one line, an object that says how it went. */
static inline void answer_check(const char *line)
{
	json_t *answer;

	if (answer_is_known(line))
		return;
	answer = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	must(!strchr(line, '\n') && json_is_object(answer));
	must(json_is_boolean(json_object_get(answer, "ok")));
	if (json_is_false(json_object_get(answer, "ok")))
		must(json_string_length(json_object_get(answer, "error")) > 0);
	json_decref(answer);
}
