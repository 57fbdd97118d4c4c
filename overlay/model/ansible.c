/* SPDX-License-Identifier: BSD-3-Clause */
#include "ansible.h"

#include <string.h>

#include "host_range.h"
#include "names.h"
#include "section.h"
#include "structure.h"

static void read_group(struct reader *reader, const struct node *key, const struct node *value,
		       struct ansible_group *parent);

static bool link_groups(struct reader *reader, struct ansible_group *parent,
			struct ansible_group *child, const struct node *mark)
{
	struct link *down = reader_alloc(reader, sizeof(*down));
	struct link *up = reader_alloc(reader, sizeof(*up));

	if (!down || !up)
		return false;
	*down = (struct link){.group = child, .mark = mark, .next = parent->children};
	parent->children = down;
	*up = (struct link){.group = parent, .mark = mark, .next = child->parents};
	child->parents = up;
	return true;
}

struct host_entry {
	struct reader *reader;
	struct ansible_group *group;
	const struct node *mark;
	struct variable *variables;
};

static bool join_group(struct reader *reader, struct ansible_host *host,
		       struct ansible_group *group, const struct node *mark)
{
	struct link *link;
	struct membership *membership;

	if (++reader->ansible.memberships > COVEY_INVENTORY_NODES_MAX) {
		reader_report(reader, mark, "the inventory puts too many hosts into groups");
		return false;
	}
	link = reader_alloc(reader, sizeof(*link));
	membership = reader_alloc(reader, sizeof(*membership));
	if (!link || !membership)
		return false;
	*link = (struct link){.group = group, .mark = mark, .next = host->groups};
	host->groups = link;
	*membership = (struct membership){.host = host, .next = group->hosts};
	group->hosts = membership;
	return true;
}

/* Add one host that a pattern stands for. Not 0: stop; the mistake has been reported. */
static int add_host(const char *name, void *arg)
{
	struct host_entry *entry = arg;
	struct ansible_host *host = names_host(entry->reader, name, entry->mark);

	if (!host || !join_group(entry->reader, host, entry->group, entry->mark))
		return 1;
	section_append(entry->reader, &host->sections, entry->variables);
	return 0;
}

static void read_host(struct reader *reader, const struct node *key, const struct node *value,
		      struct ansible_group *group)
{
	struct host_entry entry = {.reader = reader, .group = group, .mark = key};
	const struct node *mapping = NULL;
	const char *pattern, *reason;

	if (!structure_name(reader, "a host", key, &pattern))
		return;
	/* Even with wrong variables it is a host that members can name. */
	if (structure_mapping(reader, pattern, "variables of a host", value, &mapping) && mapping)
		entry.variables = section_read_host(reader, mapping);
	if (host_range_expand(pattern, add_host, &entry, &reason) < 0)
		reader_report(reader, key, "%s: %s", pattern, reason);
}

/* Ansible accepts `hosts: hv1` and `children: racks` for a single one of that name. */
static bool read_single(struct reader *reader, const struct node *value,
			struct ansible_group *group, bool is_hosts)
{
	static const struct node nothing = {.kind = NODE_SCALAR, .plain = true, .text = ""};

	if (value->kind != NODE_SCALAR || value->tag ||
	    scalar_kind(&reader->scalars, value) != SCALAR_TEXT)
		return false;
	if (is_hosts)
		read_host(reader, value, &nothing, group);
	else
		read_group(reader, value, &nothing, group);
	return true;
}

static void read_hosts(struct reader *reader, const struct node *value, struct ansible_group *group)
{
	const struct node *hosts;

	if (read_single(reader, value, group, true) ||
	    !structure_mapping(reader, "hosts", "one host per line, each ending with a colon",
			       value, &hosts) ||
	    !hosts)
		return;
	node_for_each_pair(key, variables, hosts)
		read_host(reader, key, variables, group);
}

static void read_children(struct reader *reader, const struct node *value,
			  struct ansible_group *group)
{
	const struct node *children;

	if (read_single(reader, value, group, false) ||
	    !structure_mapping(reader, "children", "one group per line, each ending with a colon",
			       value, &children) ||
	    !children)
		return;
	node_for_each_pair(key, child, children)
		read_group(reader, key, child, group);
}

static void read_part(struct reader *reader, const struct node *key, const struct node *value,
		      struct ansible_group *group)
{
	const struct node *variables;

	if (strcmp(key->text, "vars") == 0) {
		if (group == reader->ansible.all)
			reader->ansible.all_vars = key;
		if (structure_mapping(reader, "vars", "variables", value, &variables) && variables)
			section_read_group(reader, group, variables);
	} else if (strcmp(key->text, "hosts") == 0) {
		read_hosts(reader, value, group);
	} else if (strcmp(key->text, "children") == 0) {
		read_children(reader, value, group);
	} else {
		structure_unknown(reader, group->name, key);
	}
}

static void read_group(struct reader *reader, const struct node *key, const struct node *value,
		       struct ansible_group *parent)
{
	struct ansible_group *group;
	const struct node *parts;
	const char *name;

	if (!structure_name(reader, "a group", key, &name))
		return;
	group = names_group(reader, name, key);
	if (!group)
		return;
	if (!group->mark)
		group->mark = key;
	if (parent && group == reader->ansible.ungrouped && parent != reader->ansible.all)
		reader_report(reader, key,
			      "ungrouped is Ansible's own group for hosts that are in no other: "
			      "it cannot be part of %s",
			      parent->name);
	else if (parent && !link_groups(reader, parent, group, key))
		return;
	if (!structure_mapping(reader, name, "vars:, hosts: and children:", value, &parts) ||
	    !parts)
		return;
	node_for_each_pair(part, part_value, parts) {
		const char *word;

		if (structure_name(reader, "a part of a group", part, &word))
			read_part(reader, part, part_value, group);
	}
}

/* Ansible makes `all` and `ungrouped` before it reads anything, and puts every group without a
 * parent below `all`. */
static bool add_implied_groups(struct reader *reader)
{
	struct ansible *ansible = &reader->ansible;

	ansible->groups_tail = &ansible->groups;
	ansible->hosts_tail = &ansible->hosts;
	ansible->all = names_group(reader, "all", NULL);
	ansible->ungrouped = names_group(reader, "ungrouped", NULL);
	return ansible->all && ansible->ungrouped;
}

static void adopt_loose_groups(struct reader *reader)
{
	struct ansible *ansible = &reader->ansible;

	for (struct ansible_group *group = ansible->groups; group; group = group->next)
		if (group != ansible->all && !group->parents &&
		    !link_groups(reader, ansible->all, group, group->mark))
			return;
}

bool ansible_read(struct reader *reader, const struct node *root)
{
	const struct node *groups;

	if (!structure_mapping(reader, "an inventory", "groups, first of all all:", root, &groups))
		return false;
	if (!groups) {
		diagnostics_add(
			reader->diagnostics, 0, 0,
			"the inventory is empty: it needs at least all: with vars and hosts");
		return false;
	}
	if (!add_implied_groups(reader))
		return false;
	node_for_each_pair(key, value, groups)
		read_group(reader, key, value, NULL);
	adopt_loose_groups(reader);
	if (reader->ansible.ungrouped->children)
		reader_report(reader, reader->ansible.ungrouped->children->mark,
			      "ungrouped is Ansible's own group for hosts that are in no other: it "
			      "has no children");
	return true;
}
