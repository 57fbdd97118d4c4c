/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Ansible's half of an inventory: groups, hosts and who is in what, as its YAML inventory plugin
 * reads them. Variables that are not ours are not kept.
 */

#include "field.h"
#include "yaml_tree.h"

struct reader;

/* One of our host variables, where it is written. */
struct variable {
	const struct node *key;
	const struct node *value;
	int field;  /* index in host_schema */
	bool valid; /* read is set */
	struct field_value read;
	struct variable *next;
};

/* The variables of one mapping: a group's `vars`, or what stands below a host. */
struct section {
	struct variable *variables;
	struct section *next; /* later in the file, so stronger */
};

struct ansible_group;

/* A link from a group to a child or a parent, or from a host to a group. */
struct link {
	struct ansible_group *group;
	const struct node *mark; /* where it is written; NULL: implied */
	struct link *next;
};

struct membership {
	struct ansible_host *host;
	struct membership *next;
};

struct ansible_group {
	const char *name;        /* first, for the index by name */
	const struct node *mark; /* where it is named first; NULL: `all` or `ungrouped`, implied */
	struct section *sections;
	struct link *parents;
	struct link *children;
	struct membership *hosts; /* direct ones */
	int64_t priority;         /* ansible_group_priority, default 1 */
	unsigned depth;           /* the longest way from `all` */
	size_t pending;           /* parents that have no depth yet */
	size_t visit;             /* number of the walk that was here last */
	struct ansible_group *next;
};

struct ansible_host {
	const char *name; /* first, for the index by name */
	const struct node *mark;
	struct section *sections;
	struct link *groups; /* direct ones */
	size_t index;        /* in inventory.hosts; SIZE_MAX: not of the fabric */
	size_t visit;
	struct ansible_host *next;
};

struct ansible {
	void *groups_by_name; /* trees for tsearch() */
	void *hosts_by_name;
	struct ansible_group *groups; /* in order of appearance */
	struct ansible_host *hosts;
	struct ansible_group **groups_tail;
	struct ansible_host **hosts_tail;
	size_t group_count;
	size_t host_count;
	size_t memberships; /* of hosts in groups, bounded like nodes */
	size_t visits;
	struct ansible_group *all;
	struct ansible_group *ungrouped;
	const struct node *all_vars; /* the key, NULL when there is none */
};

/* Read the whole document. Mistakes are reported. False: there is nothing to go on with. */
bool ansible_read(struct reader *reader, const struct node *root);
void ansible_free(struct ansible *ansible);

struct ansible_group *ansible_find_group(const struct ansible *ansible, const char *name);
struct ansible_host *ansible_find_host(const struct ansible *ansible, const char *name);
