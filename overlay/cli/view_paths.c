/* SPDX-License-Identifier: BSD-3-Clause */

#include "json_text.h"
#include "table.h"
#include "views.h"
#include "words.h"

static void cell_number(struct table *table, const json_t *path, const char *key)
{
	if (json_is_integer(json_object_get(path, key)))
		table_cell(table, FIELD_NUMBER, field_number(path, key));
	else
		table_cell(table, "-");
}

static void cell_measured(struct table *table, const json_t *path)
{
	json_int_t ago = field_number(path, "measured_s");
	char time[WORDS_TIME_SIZE];

	if (json_is_integer(json_object_get(path, "measured_s")))
		table_cell(table, "%s ago", words_time(ago > 0 ? (uint64_t)ago : 0, time));
	else
		table_cell(table, "-");
}

void view_paths(const json_t *answer)
{
	static const char *const columns[] = {"HOST",     "VTEP",         ">PATH MTU",
					      ">NEEDED",  ">TENANT",      "STATE",
					      "MEASURED", "LAST FAILURE", NULL};
	const json_t *paths = json_object_get(answer, "paths"), *path;
	struct table *table;
	size_t i;

	if (!json_is_array(paths)) {
		printf("Paths are not measured (covey_path_probes).\n");
		return;
	}
	table = table_new(columns);
	json_array_foreach(paths, i, path) {
		table_cell(table, "%s", field_text(path, "host"));
		table_cell(table, "%s", field_text(path, "vtep"));
		cell_number(table, path, "mtu");
		cell_number(table, path, "needed");
		cell_number(table, path, "tenant_mtu");
		table_cell(table, "%s", field_text(path, "state"));
		cell_measured(table, path);
		table_cell(table, "%s", field_text(path, "trouble"));
	}
	table_print(table, "No other host is in a group of this one.", stdout);
}

void view_probes(const json_t *answer)
{
	json_int_t refused = field_number(json_object_get(answer, "probes"), "refused");

	if (refused > 0)
		printf("Probes that were forged or repeated by tenants, and refused: " FIELD_NUMBER
		       "\n",
		       refused);
}
