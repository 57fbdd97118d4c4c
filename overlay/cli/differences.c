/* SPDX-License-Identifier: BSD-3-Clause */
#include "differences.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_text.h"
#include "words.h"

__attribute__((format(printf, 2, 3))) static void add(json_t *list, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	json_array_append_new(list, json_text(text));
}

static const json_t *find_group(const json_t *answer, const char *name)
{
	const json_t *group;
	size_t i;

	json_array_foreach(json_object_get(answer, "groups"), i, group)
		if (strcmp(field_text(group, "name"), name) == 0)
			return group;
	return NULL;
}

/* "hv1" of "spiffe://fabric/host/hv1". */
static const char *name_of(const json_t *member)
{
	const char *identity = field_text(member, "identity");
	const char *slash = strrchr(identity, '/');

	return slash ? slash + 1 : identity;
}

static void compare_fabric(const struct inventory *inventory, const json_t *gkm, json_t *list)
{
	char addresses[COVEY_GKMS_STRLEN];
	struct covey_addr running;

	covey_gkms_format(&inventory->gkms, addresses);
	if (!covey_addr_parse(field_text(gkm, "address"), &running) ||
	    covey_gkms_find(&inventory->gkms, &running) == inventory->gkms.count ||
	    field_number(gkm, "port") != inventory->gkm_port)
		add(list,
		    "key manager: the inventory has %s port %u, what runs has %s "
		    "port " FIELD_NUMBER,
		    addresses, inventory->gkm_port, field_text(gkm, "address"),
		    field_number(gkm, "port"));
}

/* --- a host ---------------------------------------------------------------------------------- */

static bool has_vnis(const struct inventory_group *group, const json_t *vnis)
{
	if (json_array_size(vnis) != group->vni_count)
		return false;
	for (size_t i = 0; i < group->vni_count; i++)
		if (!inventory_has_vni(group,
				       (uint32_t)json_integer_value(json_array_get(vnis, i))))
			return false;
	return true;
}

static char *ranges_of(const json_t *vnis)
{
	uint32_t *numbers = calloc(json_array_size(vnis) + 1, sizeof(*numbers));
	char *text;

	if (!numbers)
		return NULL;
	for (size_t i = 0; i < json_array_size(vnis); i++)
		numbers[i] = (uint32_t)json_integer_value(json_array_get(vnis, i));
	text = words_ranges(numbers, json_array_size(vnis));
	free(numbers);
	return text;
}

static void compare_vnis(const struct inventory_group *group, const json_t *vnis, json_t *list)
{
	char *wanted, *running;

	if (has_vnis(group, vnis))
		return;
	wanted = words_ranges(group->vnis, group->vni_count);
	running = ranges_of(vnis);
	add(list, "group %s: the inventory has VNIs %.300s, what runs has %.300s", group->name,
	    wanted ? wanted : "?", running && *running ? running : "none");
	free(wanted);
	free(running);
}

static void compare_right(const struct inventory_group *group, const char *right, bool wanted,
			  bool running, json_t *list)
{
	if (wanted != running)
		add(list,
		    "group %s: by the inventory this host may%s %s, and by what runs it may%s",
		    group->name, wanted ? "" : " not", right, running ? "" : " not");
}

static void compare_own_group(const struct inventory_group *group,
			      const struct inventory_member *member, const json_t *running,
			      json_t *list)
{
	if (!running) {
		add(list,
		    "group %s: the inventory has this host in it, and it has not joined: "
		    "`covey join %s`",
		    group->name, group->name);
		return;
	}
	/* Until it is admitted, it knows nothing of these. */
	if (field_number(running, "sender_id") == 0 &&
	    json_array_size(json_object_get(running, "vnis")) == 0)
		return;
	compare_vnis(group, json_object_get(running, "vnis"), list);
	compare_right(group, "send", member->may_send, field_true(running, "may_send"), list);
	compare_right(group, "receive", member->may_receive, field_true(running, "may_receive"),
		      list);
}

json_t *differences_of_host(const struct inventory *inventory, const json_t *answer)
{
	const char *self = field_text(answer, "host");
	const struct inventory_host *host = inventory_find_host(inventory, self);
	json_t *list = json_array();
	const json_t *running;
	size_t j;

	if (!host) {
		add(list, "host %s runs, and is not in the inventory", self);
		return list;
	}
	compare_fabric(inventory, json_object_get(answer, "gkm"), list);
	for (size_t i = 0; i < inventory->group_count; i++) {
		const struct inventory_group *group = &inventory->groups[i];
		const struct inventory_member *member =
			inventory_find_member(inventory, group, host);

		if (member)
			compare_own_group(group, member, find_group(answer, group->name), list);
	}
	json_array_foreach(json_object_get(answer, "groups"), j, running) {
		const struct inventory_group *group =
			inventory_find_group(inventory, field_text(running, "name"));

		if (!group || !inventory_find_member(inventory, group, host))
			add(list, "group %s: this host is in it, and by the inventory it is not",
			    field_text(running, "name"));
	}
	return list;
}

/* --- the key manager -------------------------------------------------------------------------- */

static const json_t *find_member(const json_t *group, const char *name)
{
	const json_t *member;
	size_t i;

	json_array_foreach(json_object_get(group, "members"), i, member)
		if (strcmp(name_of(member), name) == 0)
			return member;
	return NULL;
}

static void compare_member(const struct inventory *inventory, const struct inventory_group *group,
			   size_t index, const json_t *running, json_t *list)
{
	const struct inventory_host *host = &inventory->hosts[group->members[index].host];
	const json_t *member = find_member(running, host->name);
	char vtep[COVEY_ADDR_STRLEN];

	covey_addr_format(&host->vtep, vtep);
	if (!member)
		add(list, "group %s: the inventory has %s in it, what runs has not", group->name,
		    host->name);
	else if (strcmp(field_text(member, "vtep"), vtep) != 0)
		add(list, "host %s: the inventory has VTEP %s, what runs has %s", host->name, vtep,
		    field_text(member, "vtep"));
	else if (field_true(member, "may_send") != group->members[index].may_send)
		add(list, "group %s: by the inventory %s may%s send, and by what runs it may%s",
		    group->name, host->name, group->members[index].may_send ? "" : " not",
		    field_true(member, "may_send") ? "" : " not");
}

static void compare_group(const struct inventory *inventory, const struct inventory_group *group,
			  const json_t *running, json_t *list)
{
	const json_t *member;
	size_t i;

	if (!running) {
		add(list, "group %s: the inventory has it, what runs has not", group->name);
		return;
	}
	for (i = 0; i < group->member_count; i++)
		compare_member(inventory, group, i, running, list);
	json_array_foreach(json_object_get(running, "members"), i, member) {
		const struct inventory_host *host = inventory_find_host(inventory, name_of(member));

		if (!host || !inventory_find_member(inventory, group, host))
			add(list, "group %s: what runs has %s in it, the inventory has not",
			    group->name, name_of(member));
	}
}

json_t *differences_of_gkm(const struct inventory *inventory, const json_t *answer)
{
	json_t *list = json_array();
	const json_t *running;
	size_t j;

	if (strcmp(field_text(answer, "fabric"), inventory->fabric) != 0)
		add(list, "fabric: the inventory is of %s, what runs is of %s", inventory->fabric,
		    field_text(answer, "fabric"));
	compare_fabric(inventory, answer, list);
	for (size_t i = 0; i < inventory->group_count; i++)
		compare_group(inventory, &inventory->groups[i],
			      find_group(answer, inventory->groups[i].name), list);
	json_array_foreach(json_object_get(answer, "groups"), j, running)
		if (!inventory_find_group(inventory, field_text(running, "name")))
			add(list, "group %s: what runs has it, the inventory has not",
			    field_text(running, "name"));
	return list;
}
