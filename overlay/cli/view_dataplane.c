/* SPDX-License-Identifier: BSD-3-Clause */
#include "drop_text.h"
#include "json_text.h"
#include "table.h"
#include "views.h"

void view_drops(const json_t *answer, bool all)
{
	static const char *const columns[] = {">PACKETS", "DROPPED AS", "MEANING", NULL};
	struct table *table = table_new(columns);
	const char *name;
	json_t *count;

	json_object_foreach(json_object_get(answer, "drops"), name, count) {
		if (!all && json_integer_value(count) == 0)
			continue;
		table_cell(table, FIELD_NUMBER, json_integer_value(count));
		table_cell(table, "%s", name);
		table_cell(table, "%s", drop_text(name));
	}
	table_print(table, "No packet was dropped.", stdout);
}

/* An older covey-host does not report this. */
static void view_buffers(const json_t *buffers)
{
	if (json_is_object(buffers))
		printf("Packet buffers: " FIELD_NUMBER ", free: " FIELD_NUMBER "\n",
		       field_number(buffers, "total"), field_number(buffers, "free"));
}

/* Only ports of the kernel have any. */
static void view_offloads(const json_t *ports)
{
	json_t *port;
	size_t i;

	json_array_foreach(ports, i, port) {
		if (json_is_string(json_object_get(port, "offload")))
			printf("Offload of the %s port: %s\n", field_text(port, "role"),
			       field_text(port, "offload"));
	}
}

void view_ports(const json_t *answer)
{
	static const char *const columns[] = {
		"PORT",       "NAME",        "DRIVER",    ">MTU",       ">RX QUEUES",
		">TX QUEUES", ">RX PACKETS", ">RX BYTES", ">RX MISSED", ">TX PACKETS",
		">TX BYTES",  ">TX ERRORS",  NULL};
	static const char *const counters[] = {"mtu",        "rx_queues", "tx_queues",
					       "rx_packets", "rx_bytes",  "rx_missed",
					       "tx_packets", "tx_bytes",  "tx_errors"};
	struct table *table = table_new(columns);
	json_t *port;
	size_t i;

	json_array_foreach(json_object_get(answer, "ports"), i, port) {
		table_cell(table, "%s", field_text(port, "role"));
		table_cell(table, "%s", field_text(port, "name"));
		table_cell(table, "%s", field_text(port, "driver"));
		for (size_t j = 0; j < sizeof(counters) / sizeof(counters[0]); j++)
			table_cell(table, FIELD_NUMBER, field_number(port, counters[j]));
	}
	table_print(table, "No ports are open.", stdout);
	view_offloads(json_object_get(answer, "ports"));
	view_buffers(json_object_get(answer, "buffers"));
}
