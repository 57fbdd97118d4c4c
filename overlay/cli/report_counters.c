/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_counters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_text.h"

#define PATH_SIZE 256

struct between {
	FILE *stream;
	double seconds;
	size_t changed;
};

static void print(struct between *between, const char *path, json_int_t first, json_int_t second)
{
	between->changed++;
	if (second < first) {
		fprintf(between->stream, "%s: " FIELD_NUMBER " -> " FIELD_NUMBER "\n", path, first,
			second);
		return;
	}
	fprintf(between->stream,
		"%s: " FIELD_NUMBER " -> " FIELD_NUMBER ", " FIELD_NUMBER " more, %.1f a second\n",
		path, first, second, second - first, (double)(second - first) / between->seconds);
}

static void compare(struct between *between, const char *path, const json_t *first,
		    const json_t *second);

static void compare_member(struct between *between, const char *path, const char *name,
			   const json_t *first, const json_t *second)
{
	char longer[PATH_SIZE];

	snprintf(longer, sizeof(longer), "%s%s%s", path, *path ? "." : "", name);
	compare(between, longer, first, second);
}

/* An entry of a list is called by what tells it, or by its place. */
static const char *name_of(const json_t *entry, size_t index, char buf[64])
{
	static const char *const keys[] = {"rule", "role", "host", "interface", "name"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (json_is_string(json_object_get(entry, keys[i])))
			return field_text(entry, keys[i]);
	snprintf(buf, 64, "%zu", index);
	return buf;
}

/* Answers are nested to the depth that jansson allows, which the path's length bounds as well. */
static void compare(struct between *between, const char *path, const json_t *first,
		    const json_t *second)
{
	const char *key;
	json_t *value;
	char buf[64];
	size_t i;

	if (json_is_integer(first) && json_is_integer(second)) {
		if (json_integer_value(first) != json_integer_value(second))
			print(between, path, json_integer_value(first), json_integer_value(second));
	} else if (json_is_object(first) && json_is_object(second)) {
		json_object_foreach((json_t *)second, key, value)
			compare_member(between, path, key, json_object_get(first, key), value);
	} else if (json_is_array(first) && json_is_array(second)) {
		json_array_foreach(second, i, value)
			compare_member(between, path, name_of(value, i, buf),
				       json_array_get(first, i), value);
	}
}

char *report_counters(const json_t *first, const json_t *second, double seconds)
{
	static const char *const counted[] = {"counters", "drops", "ports",   "clear",
					      "guard",    "sas",   "buffers", "probes"};
	char *text = NULL;
	size_t size;
	struct between between = {.stream = open_memstream(&text, &size), .seconds = seconds};

	if (!between.stream)
		return NULL;
	fprintf(between.stream, "Counted within %.1f s:\n", seconds);
	for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++)
		compare_member(&between, "", counted[i], json_object_get(first, counted[i]),
			       json_object_get(second, counted[i]));
	if (!between.changed)
		fprintf(between.stream, "nothing\n");
	if (fclose(between.stream) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
