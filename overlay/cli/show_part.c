/* SPDX-License-Identifier: BSD-3-Clause */
#include "show_part.h"

#include <stdbool.h>

/* Whether the answer keeps this part below its groups. */
static bool is_of_groups(const json_t *answer, const char *part)
{
	return !json_object_get(answer, part) && json_is_array(json_object_get(answer, "groups"));
}

static json_t *gather(const json_t *groups, const char *part)
{
	json_t *list = json_array(), *group, *item;
	size_t i, j;

	json_array_foreach(groups, i, group)
		json_array_foreach(json_object_get(group, part), j, item) {
			json_t *copy = json_copy(item);

			json_object_set(copy, "group", json_object_get(group, "name"));
			json_array_append_new(list, copy);
		}
	return list;
}

json_t *show_part(const json_t *answer, const char *part)
{
	json_t *value = is_of_groups(answer, part) ? gather(json_object_get(answer, "groups"), part)
						   : json_incref(json_object_get(answer, part));

	return json_pack("{s:b, s:o?}", "ok", 1, part, value);
}
