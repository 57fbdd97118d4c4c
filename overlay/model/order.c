/* SPDX-License-Identifier: BSD-3-Clause */
#include "order.h"

#include <stdio.h>
#include <string.h>

static void count_parents(struct ansible *ansible)
{
	for (struct ansible_group *group = ansible->groups; group; group = group->next)
		for (const struct link *link = group->parents; link; link = link->next)
			group->pending++;
}

/*
 * Kahn's algorithm: a group is ready when all its parents have their depth. Groups are taken first
 * in, first out, and so by rising depth: the last parent of a group is its deepest. Returns how
 * many became ready.
 */
static size_t set_depths(struct reader *reader, struct ansible_group **ready)
{
	struct ansible *ansible = &reader->ansible;
	size_t done = 0, count = 0;

	for (struct ansible_group *group = ansible->groups; group; group = group->next)
		if (group->pending == 0)
			ready[count++] = group;
	while (done < count) {
		const struct ansible_group *parent = ready[done++];

		for (const struct link *link = parent->children; link; link = link->next) {
			struct ansible_group *child = link->group;

			child->depth = parent->depth + 1;
			if (--child->pending == 0)
				ready[count++] = child;
		}
	}
	return done;
}

static const struct link *pending_parent(const struct ansible_group *group)
{
	const struct link *link = group->parents;

	while (link && !link->group->pending)
		link = link->next;
	return link;
}

/* Begin at any group that is left over, and go up from parent to parent, only to groups that are
 * left over, too: this ends up in a loop. */
static void report_loop(struct reader *reader)
{
	struct ansible_group *group = reader->ansible.groups;
	size_t walk = ++reader->ansible.visits;
	const struct link *up = NULL;

	while (!group->pending)
		group = group->next;
	while (group->visit != walk) {
		group->visit = walk;
		group = pending_parent(group)->group;
	}
	/* The implied link from `all` has no place in the file. */
	up = pending_parent(group);
	reader_report(reader, up->mark ? up->mark : group->mark,
		      "group %s is below itself (it is a child of %s): Ansible allows no loops",
		      group->name, up->group->name);
}

bool order_groups(struct reader *reader)
{
	struct ansible *ansible = &reader->ansible;
	struct ansible_group **ready =
		reader_alloc(reader, (ansible->group_count + 1) * sizeof(struct ansible_group *));

	if (!ready)
		return false;
	count_parents(ansible);
	if (set_depths(reader, ready) == ansible->group_count)
		return true;
	report_loop(reader);
	return false;
}
