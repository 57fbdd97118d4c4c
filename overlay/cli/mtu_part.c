/* SPDX-License-Identifier: BSD-3-Clause */
#include "mtu_part.h"

#include <stdio.h>

#include "json_text.h"
#include "table.h"
#include "views.h"

json_t *mtu_part(const json_t *answer)
{
	json_t *uplinks = json_object_get(json_object_get(answer, "guard"), "uplinks");

	return json_pack("{s:O?, s:O?, s:O?, s:O?, s:O?}", "ports",
			 json_object_get(answer, "ports"), "uplinks", uplinks, "paths",
			 json_object_get(answer, "paths"), "vxlan_too_large",
			 json_object_get(answer, "vxlan_too_large"), "bridge_too_large",
			 json_object_get(answer, "bridge_too_large"));
}

static void print_interfaces(const json_t *mtu)
{
	static const char *const columns[] = {"INTERFACE", ">MTU", "USE", NULL};
	struct table *table = table_new(columns);
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(mtu, "ports"), i, item) {
		table_cell(table, "%s", field_text(item, "name"));
		table_cell(table, FIELD_NUMBER, field_number(item, "mtu"));
		table_cell(table, "%s port", field_text(item, "role"));
	}
	json_array_foreach(json_object_get(mtu, "uplinks"), i, item) {
		table_cell(table, "%s", field_text(item, "interface"));
		if (json_is_integer(json_object_get(item, "mtu")))
			table_cell(table, FIELD_NUMBER, field_number(item, "mtu"));
		else
			table_cell(table, "-");
		table_cell(table, "uplink");
	}
	table_print(table, "No port is open.", stdout);
}

static void print_too_large(const json_t *mtu)
{
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(mtu, "vxlan_too_large"), i, item)
		printf("TOO LARGE: VXLAN device %s has MTU " FIELD_NUMBER ", and " FIELD_NUMBER
		       " fits: `ip link set %s mtu " FIELD_NUMBER "`\n",
		       field_text(item, "device"), field_number(item, "mtu"),
		       field_number(item, "fits"), field_text(item, "device"),
		       field_number(item, "fits"));
	json_array_foreach(json_object_get(mtu, "bridge_too_large"), i, item)
		printf("TOO LARGE: %s has MTU " FIELD_NUMBER ", and " FIELD_NUMBER
		       " fits through VXLAN device %s: `ip link set %s mtu " FIELD_NUMBER "`\n",
		       field_text(item, "interface"), field_number(item, "mtu"),
		       field_number(item, "fits"), field_text(item, "vxlan_device"),
		       field_text(item, "interface"), field_number(item, "fits"));
}

void mtu_part_print(const json_t *mtu)
{
	print_interfaces(mtu);
	printf("\n");
	view_paths(mtu);
	print_too_large(mtu);
}
