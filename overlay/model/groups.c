/* SPDX-License-Identifier: BSD-3-Clause */
#include "groups.h"

#include <stdlib.h>
#include <string.h>

#include "mapping.h"
#include "members.h"
#include "rules.h"
#include "values.h"
#include "vnis.h"

static const struct inventory_group defaults = {
	.cipher = COVEY_AES_256_GCM,
	.key_scope = COVEY_KEY_SCOPE_SENDER,
	.replay_window = COVEY_REPLAY_WINDOW_DEFAULT,
	.mode = COVEY_MODE_ENFORCE,
	.rekey = {.interval_s = 3600,
		  .activation_delay_s = 10,
		  .drain_delay_s = 30,
		  .hard_lifetime_s = 86400,
		  .on_join = true},
};

static const struct node *node_of(const struct node *const *nodes, const char *key)
{
	return nodes[schema_find(&group_schema, key)];
}

static void read_rekey(struct reader *reader, const char *group, const struct node *node,
		       struct rekey_policy *policy)
{
	const struct node *nodes[FABRIC_FIELDS_MAX];
	const struct node *lifetime, *interval;
	char what[COVEY_NAME_MAX + 32];

	snprintf(what, sizeof(what), "rekey of %.*s", COVEY_NAME_MAX + 16, group);
	if (node->kind != NODE_MAPPING) {
		value_mismatch(reader, what, node, "a mapping, like {interval: 1h}");
		return;
	}
	mapping_read(reader, &rekey_schema, what, node, node, policy, nodes);
	if (policy->hard_lifetime_s > policy->interval_s)
		return;
	lifetime = nodes[schema_find(&rekey_schema, "hard_lifetime")];
	interval = nodes[schema_find(&rekey_schema, "interval")];
	reader_report(reader, lifetime ? lifetime : interval,
		      "%s: hard_lifetime (%u s) must be longer than interval (%u s), or keys die "
		      "before the next ones come",
		      what, policy->hard_lifetime_s, policy->interval_s);
}

static void read_group(struct reader *reader, const struct node *key, const struct node *value,
		       struct inventory_group *group)
{
	const struct node *nodes[FABRIC_FIELDS_MAX];
	char what[COVEY_NAME_MAX + 16];

	snprintf(what, sizeof(what), "covey group %s", group->name);
	if (value->kind != NODE_MAPPING) {
		value_mismatch(reader, what, value,
			       "a mapping, like {vnis: [100], members: [hv1, hv2]}");
		return;
	}
	mapping_read(reader, &group_schema, what, key, value, group, nodes);
	if (node_of(nodes, "vnis"))
		vnis_read(reader, what, node_of(nodes, "vnis"), group);
	if (node_of(nodes, "members"))
		members_read(reader, what, node_of(nodes, "members"), node_of(nodes, "send"),
			     node_of(nodes, "receive"), group);
	if (node_of(nodes, "rekey"))
		read_rekey(reader, what, node_of(nodes, "rekey"), &group->rekey);
}

static bool read_name(struct reader *reader, const struct node *key, char **ret_name)
{
	const char *name, *expected;

	if (!value_text(reader, "the name of a covey group", key, &name))
		return false;
	expected = group_name_rule(name);
	if (expected)
		return value_mismatch(reader, "the name of a covey group", key, expected);
	*ret_name = strdup(name);
	if (!*ret_name)
		reader->diagnostics->out_of_memory = true;
	return *ret_name != NULL;
}

/* counts: by host, in how many groups it is. Each host that is in too many is told of once. */
static void count_members(struct reader *reader, const struct node *key,
			  const struct inventory_group *group, uint16_t *counts)
{
	for (size_t i = 0; i < group->member_count; i++) {
		size_t host = group->members[i].host;

		if (++counts[host] == COVEY_GROUPS_PER_HOST_MAX + 1)
			reader_report(reader, key,
				      "group %s is one too many for host %s: a host can be in %u",
				      group->name, reader->inventory->hosts[host].name,
				      COVEY_GROUPS_PER_HOST_MAX);
	}
}

void groups_read(struct reader *reader, const struct node *mapping)
{
	struct inventory *inventory = reader->inventory;
	uint16_t *counts;

	if (mapping->kind != NODE_MAPPING || mapping->count == 0) {
		value_mismatch(reader, "covey_groups", mapping,
			       "a mapping of group names, like {tenants: {vnis: [100], members: "
			       "[hv1, hv2]}}");
		return;
	}
	if (mapping->count > COVEY_GROUPS_MAX) {
		reader_report(reader, mapping, "covey_groups has %u groups, %u are possible",
			      mapping->count, COVEY_GROUPS_MAX);
		return;
	}
	inventory->groups = calloc(mapping->count, sizeof(*inventory->groups));
	counts = reader_alloc(reader, (inventory->host_count + 1) * sizeof(*counts));
	if (!inventory->groups || !counts) {
		reader->diagnostics->out_of_memory = true;
		return;
	}
	node_for_each_pair(key, value, mapping) {
		struct inventory_group *group = &inventory->groups[inventory->group_count];

		*group = defaults;
		if (!read_name(reader, key, &group->name))
			continue;
		inventory->group_count++;
		read_group(reader, key, value, group);
		count_members(reader, key, group, counts);
	}
}
