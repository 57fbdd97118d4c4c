/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "json_text.h"
#include "table.h"
#include "views.h"
#include "words.h"

/* Text such as "100, 200-219", which the caller frees. NULL when there is no memory. */
static char *vnis_of(const json_t *group)
{
	const json_t *list = json_object_get(group, "vnis");
	uint32_t *numbers = calloc(json_array_size(list) + 1, sizeof(*numbers));
	char *text = NULL;

	if (!numbers)
		return NULL;
	for (size_t i = 0; i < json_array_size(list); i++)
		numbers[i] = (uint32_t)json_integer_value(json_array_get(list, i));
	text = words_ranges(numbers, json_array_size(list));
	free(numbers);
	return text;
}

static const char *rights_of(const json_t *group)
{
	bool send = field_true(group, "may_send");
	bool receive = field_true(group, "may_receive");

	return send && receive ? "send, receive" : send ? "send" : receive ? "receive" : "-";
}

/* A value that the key manager assigns is 0 until it has done so. */
static void add_known(struct table *table, const json_t *group, const char *key)
{
	if (field_number(group, key))
		table_cell(table, FIELD_NUMBER, field_number(group, key));
	else
		table_cell(table, "-");
}

static void add_group(struct table *table, const json_t *group)
{
	char *vnis = vnis_of(group);

	table_cell(table, "%s", field_text(group, "name"));
	table_cell(table, "%s", field_text(group, "state"));
	add_known(table, group, "sender_id");
	add_known(table, group, "epoch");
	table_cell(table, "%s", rights_of(group));
	add_known(table, group, "replay_window");
	table_cell(table, "%zu", json_array_size(json_object_get(group, "members")));
	table_cell(table, "%s", vnis && *vnis ? vnis : "-");
	free(vnis);
}

/* Groups that enforce are as they should be. */
static void print_mode(const json_t *group)
{
	const json_t *mode = json_object_get(group, "mode");
	const char *name = field_text(mode, "name");

	if (strcmp(name, "enforce") != 0)
		printf("%s: in %s: %s\n", field_text(group, "name"), name,
		       strcmp(name, "observe") == 0
			       ? "its VXLAN leaves IN CLEAR, and clear VXLAN comes in"
			       : "its VXLAN leaves encrypted, but CLEAR VXLAN comes in, too");
	if (json_object_get(mode, "ends_in_ms"))
		printf("%s: %s in %" PRIu64 " s\n", field_text(group, "name"),
		       field_text(mode, "then"),
		       (uint64_t)(field_number(mode, "ends_in_ms") + 999) / 1000);
	if (!field_true(mode, "in_force"))
		printf("%s: %s is not in force yet (see the log)\n", field_text(group, "name"),
		       name);
}

/* Text such as "0: 10, 5: 2", or "-". */
static void cell_classes(struct table *table, const json_t *classes)
{
	const json_t *class;
	char text[256] = "-";
	size_t i, len = 0;

	json_array_foreach(classes, i, class) {
		if (len + 64 > sizeof(text))
			break;
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"%s" FIELD_NUMBER ": " FIELD_NUMBER, i ? ", " : "",
					field_number(class, "class"),
					field_number(class, "packets"));
	}
	table_cell(table, "%s", text);
}

/* An older covey-host does not count by groups. */
static void print_traffic(const json_t *groups)
{
	static const char *const columns[] = {"GROUP",     ">SENT",         ">BYTES", ">RECEIVED",
					      ">BYTES IN", "BY CLASS SENT", NULL};
	static const char *const keys[] = {"sent_packets", "sent_bytes", "received_packets",
					   "received_bytes"};
	struct table *table;
	const json_t *group, *traffic;
	size_t i;

	if (!json_object_get(json_array_get(groups, 0), "traffic"))
		return;
	table = table_new(columns);
	json_array_foreach(groups, i, group) {
		traffic = json_object_get(group, "traffic");
		if (!traffic)
			continue;
		table_cell(table, "%s", field_text(group, "name"));
		for (size_t j = 0; j < sizeof(keys) / sizeof(keys[0]); j++)
			table_cell(table, FIELD_NUMBER, field_number(traffic, keys[j]));
		cell_classes(table, json_object_get(traffic, "sent_by_class"));
	}
	table_print(table, "-", stdout);
}

void view_groups(const json_t *answer)
{
	static const char *const columns[] = {"GROUP",    "STATE", ">SENDERID",
					      ">EPOCH",   "MAY",   ">REPLAY WINDOW",
					      ">SENDERS", "VNIS",  NULL};
	const json_t *groups = json_object_get(answer, "groups");
	struct table *table = table_new(columns);
	json_t *group;
	size_t i;

	json_array_foreach(groups, i, group)
		add_group(table, group);
	table_print(table, "This host is in no group. `covey join GROUP` asks for one.", stdout);
	print_traffic(groups);
	json_array_foreach(groups, i, group)
		if (json_is_string(json_object_get(group, "refusal")))
			printf("%s: the key manager refuses: %s\n", field_text(group, "name"),
			       field_text(group, "refusal"));
	json_array_foreach(groups, i, group)
		print_mode(group);
	json_array_foreach(groups, i, group) {
		if (field_true(group, "deaf"))
			printf("%s: DEAF: others send in it and nothing of it arrives here\n",
			       field_text(group, "name"));
		if (field_true(group, "perhaps_deaf"))
			printf("%s: perhaps DEAF: others send in it, perhaps to this host, and "
			       "nothing arrives here\n",
			       field_text(group, "name"));
	}
}

static void add_members(struct table *table, const json_t *group)
{
	json_t *member;
	size_t i;

	json_array_foreach(json_object_get(group, "members"), i, member) {
		table_cell(table, "%s", field_text(group, "name"));
		table_cell(table, FIELD_NUMBER, field_number(member, "sender_id"));
		table_cell(table, "%s", field_text(member, "vtep"));
		table_cell(table, FIELD_NUMBER, field_number(member, "epoch_floor"));
		table_cell(table, "%s%s", field_text(member, "identity"),
			   field_true(member, "self") ? " (this host)" : "");
	}
}

void view_members(const json_t *answer)
{
	static const char *const columns[] = {"GROUP",        ">SENDERID", "VTEP",
					      ">EPOCH FLOOR", "IDENTITY",  NULL};
	struct table *table = table_new(columns);
	json_t *group;
	size_t i;

	json_array_foreach(json_object_get(answer, "groups"), i, group)
		add_members(table, group);
	table_print(table, "No senders are known.", stdout);
}
