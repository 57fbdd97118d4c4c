/* SPDX-License-Identifier: BSD-3-Clause */
#include "members.h"

#include <stdlib.h>
#include <string.h>

#include "values.h"

#define MEMBER  1u
#define SEND    2u
#define RECEIVE 4u

/* The work on one covey group. */
struct roll {
	struct reader *reader;
	const char *what;
	uint8_t *rights; /* by host index */
};

/* One list of names. */
struct list {
	const char *name; /* "members", "send" or "receive" */
	unsigned right;
};

static void report_unknown(const struct roll *roll, const struct list *list,
			   const struct node *item)
{
	const struct ansible *ansible = &roll->reader->ansible;
	struct suggestion suggestion = suggestion_start(item->text);
	char hint[SUGGESTION_SIZE];

	if (roll->reader->diagnostics->count < COVEY_DIAGNOSTICS_MAX) {
		for (struct ansible_host *host = ansible->hosts; host; host = host->next)
			suggestion_try(&suggestion, host->name);
		for (struct ansible_group *group = ansible->groups; group; group = group->next)
			suggestion_try(&suggestion, group->name);
	}
	reader_report(roll->reader, item, "%s of %s: %s is no host or group of this inventory%s",
		      list->name, roll->what, item->text, suggestion_format(&suggestion, hint));
}

static void enter(const struct roll *roll, const struct list *list, const struct node *item,
		  const struct ansible_host *host)
{
	bool by_group = strcmp(host->name, item->text) != 0;

	if (host->index == SIZE_MAX) {
		reader_report(roll->reader, item,
			      "%s of %s: host %s%s%s has no covey_vtep, so it is not of the fabric",
			      list->name, roll->what, host->name, by_group ? " of group " : "",
			      by_group ? item->text : "");
		return;
	}
	if (list->right != MEMBER && !(roll->rights[host->index] & MEMBER)) {
		reader_report(roll->reader, item,
			      "%s of %s: host %s%s%s is not in its members: add it there",
			      list->name, roll->what, host->name, by_group ? " of group " : "",
			      by_group ? item->text : "");
		return;
	}
	roll->rights[host->index] |= (uint8_t)list->right;
}

/* All hosts of a group and of the groups below it. */
static void enter_group(const struct roll *roll, const struct list *list, const struct node *item,
			struct ansible_group *group)
{
	struct ansible *ansible = &roll->reader->ansible;
	struct ansible_group **found;
	size_t count = 0, walk = ++ansible->visits;

	found = calloc(ansible->group_count + 1, sizeof(*found));
	if (!found) {
		roll->reader->diagnostics->out_of_memory = true;
		return;
	}
	group->visit = walk;
	found[count++] = group;
	for (size_t i = 0; i < count; i++) {
		for (struct membership *m = found[i]->hosts; m; m = m->next) {
			if (m->host->visit != walk)
				enter(roll, list, item, m->host);
			m->host->visit = walk;
		}
		for (const struct link *link = found[i]->children; link; link = link->next) {
			if (link->group->visit != walk)
				found[count++] = link->group;
			link->group->visit = walk;
		}
	}
	free(found);
}

static void read_item(const struct roll *roll, const struct list *list, const struct node *item)
{
	struct reader *reader = roll->reader;
	struct ansible_host *host;
	struct ansible_group *group;
	const char *name;
	char label[96];

	snprintf(label, sizeof(label), "a name in %s", list->name);
	if (!value_text(reader, label, item, &name))
		return;
	host = ansible_find_host(&reader->ansible, name);
	group = ansible_find_group(&reader->ansible, name);
	if (host && group)
		reader_report(reader, item,
			      "%s of %s: %s is both a host and a group: rename one of them",
			      list->name, roll->what, name);
	else if (host)
		enter(roll, list, item, host);
	else if (group)
		enter_group(roll, list, item, group);
	else
		report_unknown(roll, list, item);
}

static bool read_list(const struct roll *roll, const struct list *list, const struct node *node)
{
	char label[160];

	snprintf(label, sizeof(label), "%s of %s", list->name, roll->what);
	if (node->kind != NODE_SEQUENCE)
		return value_mismatch(roll->reader, label, node,
				      "a list of host and group names, like [hv1, rack2]");
	if (node->count == 0) {
		reader_report(roll->reader, node, "%s is an empty list: %s", label,
			      list->right == MEMBER ? "name hosts or groups"
						    : "leave it out to let every member do it");
		return false;
	}
	node_for_each_item(item, node)
		read_item(roll, list, item);
	return true;
}

static void read_right(const struct roll *roll, const struct list *list, const struct node *node)
{
	if (node) {
		read_list(roll, list, node);
		return;
	}
	for (size_t i = 0; i < roll->reader->inventory->host_count; i++)
		if (roll->rights[i] & MEMBER)
			roll->rights[i] |= (uint8_t)list->right;
}

static void store(const struct roll *roll, struct inventory_group *group)
{
	size_t hosts = roll->reader->inventory->host_count, count = 0;

	for (size_t i = 0; i < hosts; i++)
		count += roll->rights[i] & MEMBER;
	group->members = calloc(count + 1, sizeof(*group->members));
	if (!group->members) {
		roll->reader->diagnostics->out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < hosts; i++)
		if (roll->rights[i] & MEMBER)
			group->members[group->member_count++] =
				(struct inventory_member){.host = i,
							  .may_send = roll->rights[i] & SEND,
							  .may_receive = roll->rights[i] & RECEIVE};
}

void members_read(struct reader *reader, const char *what, const struct node *members,
		  const struct node *send, const struct node *receive,
		  struct inventory_group *group)
{
	static const struct list lists[] = {
		{"members", MEMBER}, {"send", SEND}, {"receive", RECEIVE}};
	struct roll roll = {.reader = reader, .what = what};

	roll.rights = calloc(reader->inventory->host_count + 1, 1);
	if (!roll.rights) {
		reader->diagnostics->out_of_memory = true;
		return;
	}
	/* If the members are not known, everything said about senders would be noise. */
	if (read_list(&roll, &lists[0], members)) {
		read_right(&roll, &lists[1], send);
		read_right(&roll, &lists[2], receive);
	}
	store(&roll, group);
	free(roll.rights);
}
