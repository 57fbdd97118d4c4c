/* SPDX-License-Identifier: BSD-3-Clause */
#include "fields.h"

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
