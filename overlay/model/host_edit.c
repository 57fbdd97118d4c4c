/* SPDX-License-Identifier: BSD-3-Clause */
#include "host_edit.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_range.h"
#include "suggest.h"
#include "tree_edit.h"

#define PLACES_SIZE 200

struct work {
	struct host_edit *request;
	const struct inventory *inventory;
	struct tree_edit *tree;
	struct covey_error *error;
	size_t found;             /* places that were changed */
	char places[PLACES_SIZE]; /* "lines 12 and 40", for people who do it by hand */
	/* Where a new host goes. */
	const struct node *group_key, *hosts_key;
	struct node *group, *hosts;
	bool in_flow; /* the group is in braces */
	int rank;     /* how good this place is */
};

__attribute__((format(printf, 3, 4))) static bool refuse(const struct work *work, int status,
							 const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(work->error->text, sizeof(work->error->text), format, args);
	va_end(args);
	work->tree->status = status;
	return false;
}

/* --- the walk -------------------------------------------------------------------------------- */

typedef bool (*group_fn)(struct work *work, const struct node *key, struct node *group,
			 bool in_flow);

/* For each group of a mapping of groups, and those below it, in the order of the file. */
static bool each_group(struct work *work, struct node *groups, group_fn fn)
{
	if (!groups || groups->kind != NODE_MAPPING)
		return true;
	for (struct node *key = groups->head; key; key = key->next->next) {
		if (key->kind != NODE_SCALAR)
			continue;
		if (!fn(work, key, key->next, groups->flow) ||
		    !each_group(work, tree_find(key->next, "children", NULL), fn))
			return false;
	}
	return true;
}

struct search {
	const char *name;
	bool found;
};

static int compare_name(const char *name, void *arg)
{
	struct search *search = arg;

	search->found = strcmp(name, search->name) == 0;
	return search->found;
}

/* Is it the name, or a pattern of names that it is one of? */
static bool stands_for(const struct node *key, const char *name)
{
	struct search search = {.name = name};
	const char *reason;

	if (key->kind == NODE_SCALAR)
		host_range_expand(key->text, compare_name, &search, &reason);
	return search.found;
}

static void note(struct work *work, const struct node *node)
{
	size_t len = strlen(work->places);

	work->found++;
	if (len + 16 < sizeof(work->places))
		snprintf(work->places + len, sizeof(work->places) - len, "%s%u", len ? ", " : "",
			 node->line);
}

/* --- removing and renaming ------------------------------------------------------------------- */

static bool change_host(struct work *work, struct node *hosts, struct node *key)
{
	const struct host_edit *request = work->request;

	note(work, key);
	if (strcmp(key->text, request->name) != 0)
		return refuse(work, -EOPNOTSUPP,
			      "%s is one of %s in the inventory, of which one cannot be changed "
			      "alone: write them out",
			      request->name, key->text);
	return request->action == HOST_EDIT_RENAME
		       ? tree_edit_reword(work->tree, key, request->new_name)
		       : tree_edit_remove_pair(work->tree, hosts, key);
}

static bool change_in_group(struct work *work, const struct node *group_key, struct node *group,
			    bool in_flow)
{
	const struct host_edit *request = work->request;
	struct node *hosts = tree_find(group, "hosts", NULL);

	if (hosts && hosts->kind == NODE_SCALAR && strcmp(hosts->text, request->name) == 0) {
		note(work, hosts);
		return tree_edit_reword(work->tree, hosts,
					request->action == HOST_EDIT_RENAME ? request->new_name
									    : "");
	}
	if (!hosts || hosts->kind != NODE_MAPPING)
		return true;
	for (struct node *key = hosts->head, *next; key; key = next) {
		next = key->next->next;
		if (stands_for(key, request->name) && !change_host(work, hosts, key))
			return false;
	}
	return true;
}

static bool change_list(struct work *work, struct node *list)
{
	const struct host_edit *request = work->request;

	if (!list || list->kind != NODE_SEQUENCE)
		return true;
	for (struct node *item = list->head, *next; item; item = next) {
		next = item->next;
		if (item->kind != NODE_SCALAR || strcmp(item->text, request->name) != 0)
			continue;
		note(work, item);
		if (!(request->action == HOST_EDIT_RENAME
			      ? tree_edit_reword(work->tree, item, request->new_name)
			      : tree_edit_remove_item(work->tree, list, item)))
			return false;
	}
	return true;
}

static struct node *covey_groups(const struct work *work)
{
	struct node *all = tree_find(work->tree->root, "all", NULL);

	return tree_find(tree_find(all, "vars", NULL), "covey_groups", NULL);
}

static bool change_members(struct work *work)
{
	static const char *const lists[] = {"members", "send", "receive"};
	struct node *groups = covey_groups(work);

	if (!groups || groups->kind != NODE_MAPPING)
		return true;
	for (struct node *key = groups->head; key; key = key->next->next)
		for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
			if (!change_list(work, tree_find(key->next, lists[i], NULL)))
				return false;
	return true;
}

/* --- adding ---------------------------------------------------------------------------------- */

static bool find_name(struct work *work, const struct node *group_key, struct node *group,
		      bool in_flow)
{
	const char *name = work->request->action == HOST_EDIT_RENAME ? work->request->new_name
								     : work->request->name;
	struct node *hosts = tree_find(group, "hosts", NULL);

	if (strcmp(group_key->text, name) == 0)
		return refuse(work, -EEXIST, "%s is a group of the inventory: take another name",
			      name);
	if (hosts && hosts->kind == NODE_SCALAR && strcmp(hosts->text, name) == 0)
		return refuse(work, -EEXIST, "%s is in the inventory already, in group %s", name,
			      group_key->text);
	if (hosts && hosts->kind == NODE_MAPPING)
		for (struct node *key = hosts->head; key; key = key->next->next)
			if (stands_for(key, name))
				return refuse(work, -EEXIST,
					      "%s is in the inventory already, in group %s", name,
					      group_key->text);
	return true;
}

static bool has_fabric_host(const struct work *work, const struct node *hosts)
{
	for (const struct node *key = hosts->head; key; key = key->next->next)
		for (size_t i = 0; i < work->inventory->host_count; i++)
			if (stands_for(key, work->inventory->hosts[i].name))
				return true;
	return false;
}

/* The group is named: a place with hosts is better than one with other parts, and that than one
 * that only names it. Else the last place with hosts of the fabric. */
static bool find_place(struct work *work, const struct node *key, struct node *group, bool in_flow)
{
	const struct node *hosts_key = NULL;
	struct node *hosts = tree_find(group, "hosts", &hosts_key);
	bool some = hosts && hosts->kind == NODE_MAPPING;
	int rank = some ? 4 : hosts ? 3 : group->kind == NODE_MAPPING ? 2 : 1;

	if (work->request->ansible_group) {
		if (strcmp(key->text, work->request->ansible_group) != 0 || rank <= work->rank)
			return true;
	} else if (!some || !has_fabric_host(work, hosts)) {
		return true;
	}
	work->rank = rank;
	work->group_key = key;
	work->group = group;
	work->hosts_key = hosts_key;
	work->hosts = hosts;
	work->in_flow = in_flow;
	return true;
}

static bool add_host(struct work *work)
{
	const struct host_edit *request = work->request;
	bool in_flow = work->group && work->group->flow;

	if (!work->group_key && request->ansible_group)
		return refuse(work, -ENOENT, "the inventory has no group %s",
			      request->ansible_group);
	if (!work->group_key)
		return refuse(work, -ENOENT,
			      "no group of the inventory has hosts of the fabric yet: name one "
			      "with --in");
	snprintf(work->request->in_group, sizeof(work->request->in_group), "%s",
		 work->group_key->text);
	if (!work->hosts)
		return refuse(work, -EOPNOTSUPP, "group %s has no `hosts:` yet",
			      work->group_key->text);
	return tree_edit_add_pair(work->tree, work->hosts_key, work->hosts, in_flow, request->name,
				  request->vtep ? "covey_vtep" : NULL, request->vtep);
}

static bool add_member(struct work *work, const char *group)
{
	struct suggestion suggestion = suggestion_start(group);
	char hint[SUGGESTION_SIZE];
	struct node *members =
		tree_find(tree_find(covey_groups(work), group, NULL), "members", NULL);

	if (members)
		return tree_edit_add_item(work->tree, members, work->request->name);
	for (size_t i = 0; i < work->inventory->group_count; i++)
		suggestion_try(&suggestion, work->inventory->groups[i].name);
	return refuse(work, -ENOENT, "covey_groups of the inventory has no group %s%s", group,
		      suggestion_format(&suggestion, hint));
}

static bool add(struct work *work)
{
	if (!each_group(work, work->tree->root, find_name) ||
	    !each_group(work, work->tree->root, find_place) || !add_host(work))
		return false;
	for (size_t i = 0; i < work->request->group_count; i++)
		if (!add_member(work, work->request->groups[i]))
			return false;
	return true;
}

/* --- together -------------------------------------------------------------------------------- */

static bool report_absent(const struct work *work)
{
	struct suggestion suggestion = suggestion_start(work->request->name);
	char hint[SUGGESTION_SIZE];

	for (size_t i = 0; i < work->inventory->host_count; i++)
		suggestion_try(&suggestion, work->inventory->hosts[i].name);
	return refuse(work, -ENOENT, "the inventory has no host %s%s", work->request->name,
		      suggestion_format(&suggestion, hint));
}

static bool change(struct work *work)
{
	if (work->request->action == HOST_EDIT_ADD)
		return add(work);
	if (work->request->action == HOST_EDIT_RENAME &&
	    !each_group(work, work->tree->root, find_name))
		return false;
	if (!each_group(work, work->tree->root, change_in_group))
		return false;
	return work->found ? change_members(work) : report_absent(work);
}

/* What a person can write, where this cannot. */
static void advise(const struct work *work)
{
	const struct host_edit *request = work->request;
	struct covey_error reason = *work->error;

	if (request->action == HOST_EDIT_ADD)
		covey_error_set(work->error, 0,
				"%.250s. By hand: below `hosts:` of group %.60s, write `%.60s: "
				"{covey_vtep: %.50s}`",
				reason.text, work->group_key ? work->group_key->text : "?",
				request->name, request->vtep ? request->vtep : "ADDRESS");
	else
		covey_error_set(
			work->error, 0, "%.250s. By hand: %s %.60s%s%.60s in %s %.150s",
			reason.text, request->action == HOST_EDIT_REMOVE ? "take out" : "write",
			request->action == HOST_EDIT_REMOVE ? request->name : request->new_name,
			request->action == HOST_EDIT_REMOVE ? "" : " for ",
			request->action == HOST_EDIT_REMOVE ? "" : request->name,
			strchr(work->places, ',') ? "lines" : "line", work->places);
}

int host_edit_text(struct host_edit *request, const struct inventory *inventory, const char *text,
		   size_t len, char **ret_text, size_t *ret_len, struct text_edit *ret_edit,
		   struct covey_error *error)
{
	struct tree_edit tree;
	struct work work = {
		.request = request, .inventory = inventory, .tree = &tree, .error = error};
	int status = 0;
	char *changed = NULL;

	if (tree_edit_begin(&tree, text, len, error) && change(&work))
		changed = tree_edit_check(&tree, ret_len);
	if (!changed) {
		status = tree.status;
		if (status == -EOPNOTSUPP)
			advise(&work);
	} else {
		*ret_text = changed;
		*ret_edit = tree.text;
		tree.text = (struct text_edit){0};
	}
	tree_edit_end(&tree);
	return status;
}
