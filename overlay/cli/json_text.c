/* SPDX-License-Identifier: BSD-3-Clause */
#include "json_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *json_text(const char *text)
{
	json_t *string = json_string(text);
	char *copy;

	if (string)
		return string;
	copy = strdup(text);
	if (!copy)
		return NULL;
	for (char *p = copy; *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	string = json_string(copy);
	free(copy);
	return string;
}

json_t *json_failure(const char *text)
{
	return json_pack("{s:b, s:o}", "ok", 0, "error", json_text(text));
}

int json_print(json_t *object)
{
	int status = object ? json_dumpf(object, stdout, JSON_INDENT(2)) : -1;

	json_decref(object);
	putchar('\n');
	return status < 0 ? -ENOMEM : 0;
}

const char *field_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "-";
}

json_int_t field_number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

bool field_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}
