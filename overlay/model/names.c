/* SPDX-License-Identifier: BSD-3-Clause */
#include "names.h"

#include <search.h>
#include <string.h>

/* Both structs begin with their name, and so does a struct made for a search. */
static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void *find(void *const *tree, const char *name)
{
	void *found = tfind(&name, tree, by_name);

	return found ? *(void **)found : NULL;
}

static bool insert(struct reader *reader, void **tree, const void *object)
{
	if (tsearch(object, tree, by_name))
		return true;
	reader->diagnostics->out_of_memory = true;
	return false;
}

struct ansible_group *ansible_find_group(const struct ansible *ansible, const char *name)
{
	return find(&ansible->groups_by_name, name);
}

struct ansible_host *ansible_find_host(const struct ansible *ansible, const char *name)
{
	return find(&ansible->hosts_by_name, name);
}

struct ansible_group *names_group(struct reader *reader, const char *name, const struct node *mark)
{
	struct ansible *ansible = &reader->ansible;
	struct ansible_group *group = ansible_find_group(ansible, name);

	if (group)
		return group;
	if (ansible->group_count == COVEY_ANSIBLE_GROUPS_MAX) {
		reader_report(reader, mark, "group %s is one too many: the inventory may have %u",
			      name, COVEY_ANSIBLE_GROUPS_MAX);
		return NULL;
	}
	group = reader_alloc(reader, sizeof(*group));
	if (!group)
		return NULL;
	group->name = name;
	group->mark = mark;
	group->priority = 1;
	if (!insert(reader, &ansible->groups_by_name, group))
		return NULL;
	*ansible->groups_tail = group;
	ansible->groups_tail = &group->next;
	ansible->group_count++;
	return group;
}

struct ansible_host *names_host(struct reader *reader, const char *name, const struct node *mark)
{
	struct ansible *ansible = &reader->ansible;
	struct ansible_host *host = ansible_find_host(ansible, name);

	if (host)
		return host;
	if (ansible->host_count == COVEY_HOSTS_MAX) {
		reader_report(reader, mark, "host %s is one too many: the inventory may have %u",
			      name, COVEY_HOSTS_MAX);
		return NULL;
	}
	host = reader_alloc(reader, sizeof(*host));
	if (!host)
		return NULL;
	host->name = arena_copy(&reader->arena, name, strlen(name));
	host->mark = mark;
	host->index = SIZE_MAX;
	if (!host->name || !insert(reader, &ansible->hosts_by_name, host))
		return NULL;
	*ansible->hosts_tail = host;
	ansible->hosts_tail = &host->next;
	ansible->host_count++;
	return host;
}

static void keep(void *object)
{
	/* The arena owns it. */
}

void ansible_free(struct ansible *ansible)
{
	tdestroy(ansible->groups_by_name, keep);
	tdestroy(ansible->hosts_by_name, keep);
	*ansible = (struct ansible){0};
}
