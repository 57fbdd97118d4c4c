/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdint.h>
#include <stdio.h>

#include "drop_text.h"
#include "json_text.h"
#include "table.h"
#include "views.h"
#include "words.h"

static void view_would_drop(const json_t *reasons)
{
	static const char *const columns[] = {">PACKETS", "WOULD BE DROPPED AS", "MEANING", NULL};
	struct table *table = table_new(columns);
	const char *name;
	json_t *count;

	json_object_foreach((json_t *)reasons, name, count) {
		table_cell(table, FIELD_NUMBER, json_integer_value(count));
		table_cell(table, "%s", name);
		table_cell(table, "%s", drop_text(name));
	}
	table_print(table, "None of them would be dropped if its group enforced.", stdout);
}

static void view_heard(const json_t *list)
{
	static const char *const columns[] = {"VNI",         "DIRECTION", "FROM, OR TO", ">PACKETS",
					      ">WOULD DROP", "LAST AS",   "LAST SEEN",   NULL};
	struct table *table = table_new(columns);
	char time[WORDS_TIME_SIZE];
	json_t *heard;
	size_t i;

	json_array_foreach(list, i, heard) {
		json_int_t ago = field_number(heard, "ago_s");

		table_cell(table, FIELD_NUMBER, field_number(heard, "vni"));
		table_cell(table, "%s", field_text(heard, "direction"));
		table_cell(table, "%s", field_text(heard, "peer"));
		table_cell(table, FIELD_NUMBER, field_number(heard, "packets"));
		table_cell(table, FIELD_NUMBER, field_number(heard, "would_drop"));
		table_cell(table, "%s", field_text(heard, "reason"));
		table_cell(table, "%s ago", words_time(ago > 0 ? (uint64_t)ago : 0, time));
	}
	table_print(table, "Nobody of whom it is known sends in clear.", stdout);
}

/* Where the kernel keeps the network card, the guard alone knows, and only of the last minute. */
static bool view_nothing(const json_t *clear, bool always)
{
	if (always)
		printf("%s in clear%s.\n",
		       field_true(clear, "by_guard") ? "Nobody was heard" : "No packet has passed",
		       field_true(clear, "by_guard") ? " in the last minute" : "");
	return always;
}

bool view_clear(const json_t *answer, bool always)
{
	const json_t *clear = json_object_get(answer, "clear");
	json_int_t out = field_number(clear, "out"), in = field_number(clear, "in");
	const bool unknown = json_is_string(json_object_get(clear, "heard_error"));

	if (unknown)
		printf("Who was heard in clear in the last minute is not known: %s\n",
		       field_text(clear, "heard_error"));
	if (out == 0 && in == 0 && json_array_size(json_object_get(clear, "heard")) > 0) {
		printf("IN CLEAR, by the modes of groups, past covey-host and in the last "
		       "minute\n");
		view_heard(json_object_get(clear, "heard"));
		return true;
	}
	if (out == 0 && in == 0)
		return unknown || view_nothing(clear, always);
	printf("IN CLEAR, by the modes of groups: " FIELD_NUMBER " packets left, " FIELD_NUMBER
	       " entered\n",
	       out, in);
	view_would_drop(json_object_get(clear, "would_drop"));
	view_heard(json_object_get(clear, "heard"));
	if (field_number(clear, "unheard") > 0)
		printf("And " FIELD_NUMBER " packets of others, for whom there was no room\n",
		       field_number(clear, "unheard"));
	return true;
}
