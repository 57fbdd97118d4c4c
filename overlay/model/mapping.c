/* SPDX-License-Identifier: BSD-3-Clause */
#include "mapping.h"

#include <string.h>

#include "values.h"

static void report_unknown(struct reader *reader, const struct schema *schema, const char *what,
			   const struct node *key)
{
	char hint[SUGGESTION_SIZE], found[DESCRIPTION_SIZE];
	struct suggestion suggestion;

	if (key->kind != NODE_SCALAR) {
		reader_report(reader, key, "a key of %s must be a word, not %s", what,
			      node_describe(&reader->scalars, key, found));
		return;
	}
	suggestion = suggestion_start(key->text);
	schema_suggest(schema, &suggestion);
	reader_report(reader, key, "unknown key %s in %s%s", key->text, what,
		      suggestion_format(&suggestion, hint));
}

static bool read_pair(struct reader *reader, const struct field *field, const struct node *value,
		      void *object)
{
	struct field_value read;

	if (field->type == FIELD_NODE)
		return true;
	return value_read(reader, field, value, &read) && value_store(reader, field, &read, object);
}

void mapping_read(struct reader *reader, const struct schema *schema, const char *what,
		  const struct node *where, const struct node *mapping, void *object,
		  const struct node **ret_nodes)
{
	bool seen[FABRIC_FIELDS_MAX] = {false};

	memset(ret_nodes, 0, schema->count * sizeof(const struct node *));
	node_for_each_pair(key, value, mapping) {
		int field = key->kind == NODE_SCALAR ? schema_find(schema, key->text) : -1;

		if (field < 0) {
			report_unknown(reader, schema, what, key);
			continue;
		}
		seen[field] = true;
		if (read_pair(reader, &schema->fields[field], value, object))
			ret_nodes[field] = value;
	}
	for (size_t i = 0; i < schema->count; i++)
		if (schema->fields[i].required && !seen[i])
			reader_report(reader, where, "%s has no %s", what, schema->fields[i].name);
}
