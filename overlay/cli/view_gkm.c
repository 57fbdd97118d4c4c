/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "json_text.h"
#include "mode_text.h"
#include "table.h"
#include "views.h"
#include "words.h"

static void add_time(struct table *table, const json_t *object, const char *key)
{
	json_int_t value = field_number(object, key);
	char time[WORDS_TIME_SIZE];

	if (json_is_integer(json_object_get(object, key)))
		table_cell(table, "%s", words_time(value > 0 ? (uint64_t)value : 0, time));
	else
		table_cell(table, "-");
}

static void view_state_file(const json_t *file)
{
	if (field_number(file, "behind") > 0)
		printf("STATE FILE OLDER than what members knew: " FIELD_NUMBER
		       " times, " FIELD_NUMBER " SPIs skipped\n",
		       field_number(file, "behind"), field_number(file, "skipped"));
	if (field_number(file, "absurd") > 0)
		printf("SPIs that members claimed and that were NOT BELIEVED: " FIELD_NUMBER "\n",
		       field_number(file, "absurd"));
}

/* Where there are several key managers. */
static void view_leader(const json_t *leader)
{
	const json_t *others = json_object_get(leader, "others"), *other;
	char time[WORDS_TIME_SIZE];
	size_t i;

	if (json_array_size(others) == 0)
		return;
	if (field_true(leader, "leads"))
		printf("It leads for %s; generation of its state file: " FIELD_NUMBER "\n",
		       words_time((uint64_t)field_number(leader, "since_s"), time),
		       field_number(leader, "generation"));
	else
		printf("It DOES NOT LEAD: %s\n", field_text(leader, "why"));
	json_array_foreach(others, i, other)
		printf("  %s: %s\n", field_text(other, "address"),
		       field_true(other, "answers") ? "a key manager answers, and does not lead"
		       : json_is_string(json_object_get(other, "why")) ? field_text(other, "why")
								       : "not asked yet");
}

static void view_manager(const json_t *answer)
{
	printf("Key manager of %s at %s port " FIELD_NUMBER ", instance %s, " FIELD_NUMBER
	       " sessions\n",
	       field_text(answer, "fabric"), field_text(answer, "address"),
	       field_number(answer, "port"), field_text(answer, "instance"),
	       field_number(answer, "sessions"));
	view_leader(json_object_get(answer, "leader"));
	view_certificates(answer);
	view_state_file(json_object_get(answer, "state_file"));
}

static void view_groups_of(const json_t *groups)
{
	static const char *const columns[] = {"GROUP",      ">MEMBERS", ">CONNECTED", ">SAS",
					      "NEXT REKEY", "MODE",     NULL};
	struct table *table = table_new(columns);
	json_t *group;
	size_t i;

	json_array_foreach(groups, i, group) {
		table_cell(table, "%s", field_text(group, "name"));
		table_cell(table, "%zu", json_array_size(json_object_get(group, "members")));
		table_cell(table, FIELD_NUMBER, field_number(group, "connected"));
		table_cell(table, "%zu", json_array_size(json_object_get(group, "sas")));
		add_time(table, group, "rekey_s");
		table_cell(table, "%s", field_text(json_object_get(group, "mode"), "mode"));
	}
	table_print(table, "The inventory has no groups.", stdout);
	mode_text_warn(groups);
}

static void view_sas_of(const json_t *groups)
{
	static const char *const columns[] = {">SPI",     "GROUP", "STATE",   ">ACKED",
					      ">SENDING", "AGE",   "ENDS IN", NULL};
	struct table *table = table_new(columns);
	json_t *group, *sa;
	size_t i, j;

	json_array_foreach(groups, i, group)
		json_array_foreach(json_object_get(group, "sas"), j, sa) {
			table_cell(table, FIELD_NUMBER, field_number(sa, "spi"));
			table_cell(table, "%s", field_text(group, "name"));
			table_cell(table, "%s", field_text(sa, "state"));
			table_cell(table, FIELD_NUMBER, field_number(sa, "acked"));
			table_cell(table, FIELD_NUMBER, field_number(sa, "sending"));
			add_time(table, sa, "age_s");
			add_time(table, sa, "ends_s");
		}
	table_print(table, "No security associations: no member has joined yet.", stdout);
}

static void view_members_of(const json_t *groups)
{
	static const char *const columns[] = {"GROUP",    ">SENDERID", ">EPOCH",      "VTEP",
					      "STATE",    ">SENDS ON", ">OWN-SENDER", "MODE",
					      "IDENTITY", NULL};
	struct table *table = table_new(columns);
	json_t *group, *member;
	size_t i, j;

	json_array_foreach(groups, i, group)
		json_array_foreach(json_object_get(group, "members"), j, member) {
			table_cell(table, "%s", field_text(group, "name"));
			table_cell(table, FIELD_NUMBER, field_number(member, "sender_id"));
			table_cell(table, FIELD_NUMBER, field_number(member, "epoch"));
			table_cell(table, "%s", field_text(member, "vtep"));
			table_cell(table, "%s", field_text(member, "state"));
			table_cell(table, FIELD_NUMBER, field_number(member, "spi"));
			table_cell(table, FIELD_NUMBER, field_number(member, "own_sender"));
			table_cell(table, "%s", field_text(member, "mode"));
			table_cell(table, "%s", field_text(member, "identity"));
		}
	table_print(table, "No group has members.", stdout);
	json_array_foreach(groups, i, group)
		json_array_foreach(json_object_get(group, "members"), j, member) {
			if (field_true(member, "deaf"))
				printf("%s: DEAF in %s: others send and it receives nothing\n",
				       field_text(member, "identity"), field_text(group, "name"));
			if (field_true(member, "perhaps_deaf"))
				printf("%s: perhaps DEAF in %s: others send and it receives "
				       "nothing\n",
				       field_text(member, "identity"), field_text(group, "name"));
		}
}

void view_gkm(const json_t *answer, const char *part)
{
	const json_t *groups = json_object_get(answer, "groups");

	if (!part) {
		view_manager(answer);
		printf("\n");
	}
	if (!part || strcmp(part, "groups") == 0)
		view_groups_of(groups);
	if (!part)
		printf("\n");
	if (!part || strcmp(part, "sas") == 0)
		view_sas_of(groups);
	if (!part)
		printf("\n");
	if (!part || strcmp(part, "members") == 0)
		view_members_of(groups);
}
