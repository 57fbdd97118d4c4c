/* SPDX-License-Identifier: BSD-3-Clause */
#include "resolve.h"

#include <stdlib.h>
#include <string.h>

#include "rules.h"
#include "values.h"

#define DEFAULT_HOST_INTERFACE "covey0"
#define DEFAULT_MARK_BIT       30
#define DEFAULT_METRICS        "127.0.0.1:9798"

/* The groups of one host, collected upwards; has room for all groups. */
struct collection {
	struct ansible_group **groups;
	size_t count;
	size_t walk;
};

static void collect(struct collection *collection, struct ansible_group *group)
{
	if (group->visit == collection->walk)
		return;
	group->visit = collection->walk;
	collection->groups[collection->count++] = group;
}

/*
 * Direct groups and all their ancestors. A host is in `ungrouped` exactly when it is in no other
 * group but `all`, whatever the file says.
 */
static void collect_groups(const struct ansible *ansible, const struct ansible_host *host,
			   struct collection *collection)
{
	collect(collection, ansible->all);
	for (const struct link *link = host->groups; link; link = link->next)
		if (link->group != ansible->ungrouped)
			collect(collection, link->group);
	if (collection->count == 1)
		collect(collection, ansible->ungrouped);
	for (size_t i = 0; i < collection->count; i++)
		for (const struct link *link = collection->groups[i]->parents; link;
		     link = link->next)
			collect(collection, link->group);
}

static int by_precedence(const void *a, const void *b)
{
	const struct ansible_group *x = *(const struct ansible_group *const *)a;
	const struct ansible_group *y = *(const struct ansible_group *const *)b;

	if (x->depth != y->depth)
		return x->depth < y->depth ? -1 : 1;
	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void apply(const struct section *section, struct host_site *site)
{
	for (; section; section = section->next)
		for (const struct variable *variable = section->variables; variable;
		     variable = variable->next)
			site->variables[variable->field] = variable;
}

static void report_no_vtep(struct reader *reader, const struct ansible_host *host)
{
	/* Variables of groups also reach hosts that are not ours. But a host with variables of its
	 * own is meant to be ours. */
	if (host->sections)
		reader_report(reader, host->sections->variables->key,
			      "host %s has %s but no covey_vtep: only hosts with a covey_vtep "
			      "belong to the fabric",
			      host->name, host->sections->variables->key->text);
}

/* Make the list of uplinks from the names, which are parted by spaces. */
static bool take_uplinks(struct reader *reader, struct inventory_host *host)
{
	char *names = host->fabric_interface, *name, *rest = NULL;

	host->fabric_interface = NULL;
	host->uplinks = calloc(COVEY_UPLINKS_MAX, sizeof(*host->uplinks));
	for (name = names ? strtok_r(names, " ", &rest) : NULL; name && host->uplinks;
	     name = strtok_r(NULL, " ", &rest)) {
		host->uplinks[host->uplink_count] = strdup(name);
		if (!host->uplinks[host->uplink_count])
			break;
		host->uplink_count++;
	}
	free(names);
	if (host->uplinks && !name)
		return true;
	reader->diagnostics->out_of_memory = true;
	return false;
}

/* A bump in the wire has a veth pair. Beside the kernel's sockets it depends on the kernel. */
static bool settle_kernel(struct reader *reader, struct inventory_host *host)
{
	if (host->fabric_port == FABRIC_PORT_KERNEL)
		return take_uplinks(reader, host);
	if (host->host_port == HOST_PORT_AUTO)
		host->host_port = HOST_PORT_VETH;
	return true;
}

static bool store(struct reader *reader, const struct host_site *site,
		  struct inventory_host *ret_host)
{
	struct inventory_host host = {.fabric_port = FABRIC_PORT_KERNEL,
				      .host_port = HOST_PORT_AUTO,
				      .mark_bit = DEFAULT_MARK_BIT,
				      .path_probes = true};

	host.name = strdup(site->host->name);
	host.host_interface = strdup(DEFAULT_HOST_INTERFACE);
	host.metrics = strdup(DEFAULT_METRICS);
	*ret_host = host; /* from here on the inventory frees it */
	if (!host.name || !host.host_interface || !host.metrics) {
		reader->diagnostics->out_of_memory = true;
		return false;
	}
	for (size_t i = 0; i < host_schema.count; i++)
		if (site->variables[i] && site->variables[i]->valid &&
		    !value_store(reader, &host_schema.fields[i], &site->variables[i]->read,
				 ret_host))
			return false;
	return settle_kernel(reader, ret_host);
}

static void resolve_host(struct reader *reader, struct ansible_host *host,
			 struct ansible_group **room)
{
	struct inventory *inventory = reader->inventory;
	struct host_site *site = &reader->sites[inventory->host_count];
	struct collection collection = {.groups = room, .walk = ++reader->ansible.visits};
	const char *expected;

	*site = (struct host_site){.host = host};
	collect_groups(&reader->ansible, host, &collection);
	qsort(collection.groups, collection.count, sizeof(struct ansible_group *), by_precedence);
	for (size_t i = 0; i < collection.count; i++)
		apply(collection.groups[i]->sections, site);
	apply(host->sections, site);
	if (!site->variables[schema_find(&host_schema, "covey_vtep")]) {
		report_no_vtep(reader, host);
		return;
	}
	expected = host_name_rule(host->name);
	if (expected)
		reader_report(reader, host->mark, "the name of host %s must be %s", host->name,
			      expected);
	host->index = inventory->host_count++;
	store(reader, site, &inventory->hosts[host->index]);
}

void resolve_hosts(struct reader *reader)
{
	struct ansible *ansible = &reader->ansible;
	struct inventory *inventory = reader->inventory;
	struct ansible_group **room =
		reader_alloc(reader, (ansible->group_count + 1) * sizeof(struct ansible_group *));

	reader->sites = reader_alloc(reader, (ansible->host_count + 1) * sizeof(*reader->sites));
	inventory->hosts = calloc(ansible->host_count + 1, sizeof(*inventory->hosts));
	if (!inventory->hosts)
		reader->diagnostics->out_of_memory = true;
	if (!room || !reader->sites || !inventory->hosts)
		return;
	for (struct ansible_host *host = ansible->hosts; host; host = host->next)
		resolve_host(reader, host, room);
}
