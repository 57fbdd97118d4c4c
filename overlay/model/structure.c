/* SPDX-License-Identifier: BSD-3-Clause */
#include "structure.h"

#include "values.h"

bool structure_name(struct reader *reader, const char *what, const struct node *node,
		    const char **ret_name)
{
	char found[DESCRIPTION_SIZE];
	enum scalar_kind kind = value_kind(reader, node);

	if (kind == SCALAR_MERGE) {
		reader_report(reader, node,
			      "covey follows no YAML merge keys (<<): put what hosts share into a "
			      "group's vars");
		return false;
	}
	if (kind == SCALAR_KINDS || kind == SCALAR_NULL || !node->text[0]) {
		reader_report(reader, node, "%s needs a name, not %s", what,
			      node_describe(&reader->scalars, node, found));
		return false;
	}
	if (kind != SCALAR_TEXT) {
		reader_report(reader, node,
			      "the name of %s must be text, but YAML reads %s here: put it in "
			      "quotes",
			      what, node_describe(&reader->scalars, node, found));
		return false;
	}
	if (!value_is_plain(reader, what, node))
		return false;
	*ret_name = node->text;
	return true;
}

bool structure_mapping(struct reader *reader, const char *name, const char *of,
		       const struct node *node, const struct node **ret_mapping)
{
	char found[DESCRIPTION_SIZE];

	if (node->kind == NODE_ALIAS) {
		reader_report(reader, node,
			      "%s: covey follows no YAML aliases (*%s): write the values out, or "
			      "set them once in a group's vars",
			      name, node->text);
		return false;
	}
	if (node->tag) {
		reader_report(reader, node, "%s: the YAML tag %s cannot stand here: remove it",
			      name, node->tag);
		return false;
	}
	if (value_kind(reader, node) == SCALAR_NULL) {
		*ret_mapping = NULL;
		return true;
	}
	if (node->kind != NODE_MAPPING) {
		reader_report(reader, node, "%s must be a mapping (%s), not %s", name, of,
			      node_describe(&reader->scalars, node, found));
		return false;
	}
	*ret_mapping = node;
	return true;
}

void structure_unknown(struct reader *reader, const char *group, const struct node *key)
{
	struct suggestion suggestion = suggestion_start(key->text);
	char hint[SUGGESTION_SIZE];

	suggestion_try(&suggestion, "vars");
	suggestion_try(&suggestion, "hosts");
	suggestion_try(&suggestion, "children");
	reader_report(reader, key,
		      "unknown key %s in group %s%s: a group has vars, hosts and children",
		      key->text, group, suggestion_format(&suggestion, hint));
}
