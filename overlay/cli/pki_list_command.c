/* SPDX-License-Identifier: BSD-3-Clause */
#include "pki_list_command.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "crl.h"
#include "json_text.h"
#include "pki_list.h"
#include "table.h"
#include "words.h"

struct collection {
	bool all;
	json_t *list;
};

static const char *state_of(const struct pki_listed *listed)
{
	return listed->revoked              ? "revoked"
	       : listed->ends <= time(NULL) ? "expired"
	       : listed->current            ? "in use"
					    : "replaced";
}

static void collect(const struct pki_listed *listed, void *arg)
{
	const struct collection *collection = arg;
	char end[CRL_TIME_SIZE];

	if (!collection->all && !listed->current)
		return;
	json_array_append_new(collection->list,
			      json_pack("{s:o, s:s, s:o, s:s, s:I}", "name",
					json_text(listed->name), "state", state_of(listed),
					"serial", json_text(listed->serial), "not_after",
					crl_time(listed->ends, end), "ends_s",
					(json_int_t)listed->ends - (json_int_t)time(NULL)));
}

static bool is_listed(const json_t *list, const char *name)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		if (strcmp(field_text(item, "name"), name) == 0)
			return true;
	return false;
}

static void add_missing(json_t *list, const char *name)
{
	if (!is_listed(list, name))
		json_array_append_new(list,
				      json_pack("{s:s, s:s}", "name", name, "state", "missing"));
}

static void print(const json_t *list)
{
	static const char *const columns[] = {"NAME", "STATE",         "UNTIL",
					      "IN",   "SERIAL NUMBER", NULL};
	struct table *table = table_new(columns);
	char time[WORDS_TIME_SIZE];
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		json_int_t left = field_number(item, "ends_s");

		table_cell(table, "%s", field_text(item, "name"));
		table_cell(table, "%s", field_text(item, "state"));
		table_cell(table, "%s", field_text(item, "not_after"));
		table_cell(table, "%s", left > 0 ? words_time((uint64_t)left, time) : "-");
		table_cell(table, "%s", field_text(item, "serial"));
	}
	table_print(table, "No certificates.", stdout);
}

int pki_list_command(const struct pki_arguments *arguments, const struct inventory *inventory)
{
	struct collection collection = {.all = arguments->all, .list = json_array()};
	struct covey_error error;

	if (pki_list(arguments->cli->pki, collect, &collection, &error) < 0) {
		fprintf(stderr, "covey pki list: %s\n", error.text);
		if (arguments->cli->json)
			json_print(json_failure(error.text));
		json_decref(collection.list);
		return CLI_FAILURE;
	}
	add_missing(collection.list, "gkm");
	for (size_t i = 0; i < inventory->host_count; i++)
		add_missing(collection.list, inventory->hosts[i].name);
	if (arguments->cli->json)
		json_print(json_pack("{s:b, s:O}", "ok", 1, "certificates", collection.list));
	else
		print(collection.list);
	json_decref(collection.list);
	return CLI_OK;
}
