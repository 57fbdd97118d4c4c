/* SPDX-License-Identifier: BSD-3-Clause */
#include "json_text.h"
#include "table.h"
#include "views.h"
#include "words.h"

static uint64_t seconds(const json_t *object, const char *key)
{
	json_int_t value = field_number(object, key);

	return value > 0 ? (uint64_t)value : 0;
}

static void add_sa(struct table *table, const json_t *sa)
{
	char time[WORDS_TIME_SIZE];

	table_cell(table, FIELD_NUMBER, field_number(sa, "spi"));
	table_cell(table, "%s", field_text(sa, "group"));
	table_cell(table, "%s", field_text(sa, "state"));
	table_cell(table, "%s", field_text(sa, "cipher"));
	table_cell(table, "per %s", field_text(sa, "key_scope"));
	table_cell(table, FIELD_NUMBER, field_number(sa, "epoch"));
	table_cell(table, "%s", words_time(seconds(sa, "age_s"), time));
	table_cell(table, "%s", words_time(seconds(sa, "expires_s"), time));
	table_cell(table, FIELD_NUMBER, field_number(sa, "windows"));
	table_cell(table, FIELD_NUMBER, field_number(sa, "packets_sent"));
	table_cell(table, FIELD_NUMBER, field_number(sa, "packets_received"));
	table_cell(table, FIELD_NUMBER, field_number(sa, "icv_failures"));
}

void view_sas(const json_t *answer)
{
	static const char *const columns[] = {
		">SPI",    "GROUP",    "STATE", "CIPHER",    "KEY",      ">EPOCH", "AGE",
		"ENDS IN", ">WINDOWS", ">SENT", ">RECEIVED", ">BAD ICV", NULL};
	struct table *table = table_new(columns);
	json_t *sa;
	size_t i;

	json_array_foreach(json_object_get(answer, "sas"), i, sa)
		add_sa(table, sa);
	table_print(table, "No security associations: no VXLAN passes in either direction.",
		    stdout);
}

void view_windows(const json_t *answer)
{
	static const char *const columns[] = {">SPI",  ">SENDERID", ">WINDOW", ">CLASS", "CAST",
					      ">PATH", "ESN",       "USE",     NULL};
	struct table *table = table_new(columns);
	json_t *window;
	size_t i;

	json_array_foreach(json_object_get(answer, "windows"), i, window) {
		table_cell(table, FIELD_NUMBER, field_number(window, "spi"));
		table_cell(table, FIELD_NUMBER, field_number(window, "sender_id"));
		table_cell(table, FIELD_NUMBER, field_number(window, "window_id"));
		table_cell(table, FIELD_NUMBER, field_number(window, "class"));
		table_cell(table, "%s", field_text(window, "cast"));
		table_cell(table, FIELD_NUMBER, field_number(window, "path"));
		table_cell(table, "%s", field_text(window, "esn"));
		table_cell(table, "%s", field_true(window, "sending") ? "sends" : "receives");
	}
	table_print(table, "No windows: nothing was sent or received yet.", stdout);
}
