/* SPDX-License-Identifier: BSD-3-Clause */
#include "section.h"

#include <string.h>
#include <strings.h>

#include "gkms.h"
#include "qos.h"
#include "tunnels.h"
#include "values.h"

struct owner {
	struct ansible_group *group; /* NULL: a host's variables are read */
	struct variable *variables;
};

/* covey-vtep is no variable that Ansible could use, so it is one of ours, mistyped. */
static bool is_ours(const char *name)
{
	return strncasecmp(name, "covey_", 6) == 0 || strncasecmp(name, "covey-", 6) == 0;
}

static void report_unknown(struct reader *reader, const struct node *key)
{
	struct suggestion suggestion = suggestion_start(key->text);
	char hint[SUGGESTION_SIZE];

	schema_suggest(&fabric_schema, &suggestion);
	schema_suggest(&host_schema, &suggestion);
	reader_report(reader, key, "unknown variable %s%s", key->text,
		      suggestion_format(&suggestion, hint));
}

static void read_fabric(struct reader *reader, const struct owner *owner, int index,
			const struct node *key, const struct node *value)
{
	const struct field *field = &fabric_schema.fields[index];
	struct field_value read;

	if (owner->group != reader->ansible.all) {
		reader_report(reader, key,
			      "%s is a variable of the whole fabric: move it to vars of group all",
			      key->text);
		return;
	}
	reader->fabric[index] = key;
	if (!value_is_plain(reader, key->text, value))
		return;
	if (strcmp(field->name, "covey_encapsulations") == 0)
		tunnels_read(reader, value);
	if (strcmp(field->name, "covey_gkm") == 0)
		gkms_read(reader, value);
	else if (strcmp(field->name, "covey_qos_map") == 0)
		qos_read(reader, value);
	else if (strcmp(field->name, "covey_groups") == 0)
		reader->groups = value; /* read later: it names hosts that are still to come */
	else if (value_read(reader, field, value, &read))
		value_store(reader, field, &read, reader->inventory);
}

static void read_host_variable(struct reader *reader, struct owner *owner, int index,
			       const struct node *key, const struct node *value)
{
	const struct field *field = &host_schema.fields[index];
	struct variable *variable = reader_alloc(reader, sizeof(*variable));

	if (!variable)
		return;
	variable->key = key;
	variable->value = value;
	variable->field = index;
	variable->valid = value_is_plain(reader, key->text, value) &&
			  value_read(reader, field, value, &variable->read);
	variable->next = owner->variables;
	owner->variables = variable;
}

static void read_priority(struct reader *reader, struct ansible_group *group,
			  const struct node *value)
{
	int64_t priority;

	if (value_kind(reader, value) != SCALAR_INTEGER ||
	    scalar_integer(value->text, &priority) < 0)
		value_mismatch(reader, "ansible_group_priority", value, "a number");
	else
		group->priority = priority;
}

static void read_variable(struct reader *reader, struct owner *owner, const struct node *key,
			  const struct node *value)
{
	int index;

	if (owner->group && strcmp(key->text, "ansible_group_priority") == 0) {
		read_priority(reader, owner->group, value);
		return;
	}
	if (!is_ours(key->text))
		return;
	index = schema_find(&fabric_schema, key->text);
	if (index >= 0) {
		read_fabric(reader, owner, index, key, value);
		return;
	}
	index = schema_find(&host_schema, key->text);
	if (index >= 0)
		read_host_variable(reader, owner, index, key, value);
	else
		report_unknown(reader, key);
}

static void read_section(struct reader *reader, struct owner *owner, const struct node *mapping)
{
	node_for_each_pair(key, value, mapping) {
		if (value_kind(reader, key) == SCALAR_MERGE)
			reader_report(reader, key,
				      "covey follows no YAML merge keys (<<): put what hosts share "
				      "into a group's vars");
		else if (key->kind == NODE_SCALAR)
			read_variable(reader, owner, key, value);
	}
}

void section_append(struct reader *reader, struct section **sections, struct variable *variables)
{
	struct section *section;

	if (!variables)
		return;
	section = reader_alloc(reader, sizeof(*section));
	if (!section)
		return;
	section->variables = variables;
	while (*sections)
		sections = &(*sections)->next;
	*sections = section;
}

void section_read_group(struct reader *reader, struct ansible_group *group,
			const struct node *mapping)
{
	struct owner owner = {.group = group};

	read_section(reader, &owner, mapping);
	section_append(reader, &group->sections, owner.variables);
}

struct variable *section_read_host(struct reader *reader, const struct node *mapping)
{
	struct owner owner = {0};

	read_section(reader, &owner, mapping);
	return owner.variables;
}
