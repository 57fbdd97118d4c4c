/* SPDX-License-Identifier: BSD-3-Clause */
#include "parts.h"

#include <stdio.h>
#include <string.h>

#include "mtu_part.h"
#include "peers_part.h"
#include "suggest.h"
#include "views.h"

struct part {
	const char *name;
	bool host, gkm; /* who has it */
	/* Makes it; NULL: it is in the answer by its name, or in each of its groups. */
	json_t *(*make)(const json_t *answer);
	/* Prints it from the whole answer of a host; NULL: print_part() is given what make() made.
	 */
	void (*print)(const json_t *answer);
	void (*print_part)(const json_t *part);
	void (*print_all)(const json_t *answer, bool all);
};

static json_t *certificates(const json_t *answer)
{
	return json_incref(json_object_get(answer, "certificates"));
}

static void print_clear(const json_t *answer)
{
	view_clear(answer, true);
}

static void print_problems(const json_t *problems)
{
	const json_t *problem;
	size_t i;

	json_array_foreach(problems, i, problem)
		if (json_is_string(problem))
			printf("PROBLEM: %s\n", json_string_value(problem));
	if (json_array_size(problems) == 0)
		printf("%s\n", json_is_array(problems) ? "No problem is known."
						       : "This daemon does not report problems.");
}

static json_t *problems(const json_t *answer)
{
	return json_incref(json_object_get(answer, "problems"));
}

static const struct part parts[] = {
	{"groups", true, true, NULL, view_groups, NULL, NULL},
	{"sas", true, true, NULL, view_sas, NULL, NULL},
	{"members", true, true, NULL, view_members, NULL, NULL},
	{"peers", true, true, peers_part, NULL, peers_part_print, NULL},
	{"certs", true, true, certificates, view_certificates, NULL, NULL},
	{"problems", true, true, problems, NULL, print_problems, NULL},
	{"mtu", true, false, mtu_part, NULL, mtu_part_print, NULL},
	{"guard", true, false, NULL, NULL, NULL, view_guard},
	{"drops", true, false, NULL, NULL, NULL, view_drops},
	{"clear", true, false, NULL, print_clear, NULL, NULL},
	{"paths", true, false, NULL, view_paths, NULL, NULL},
	{"ports", true, false, NULL, view_ports, NULL, NULL},
	{"windows", true, false, NULL, view_windows, NULL, NULL},
};

#define PARTS (sizeof(parts) / sizeof(parts[0]))

static bool has(const struct part *part, bool gkm)
{
	return gkm ? part->gkm : part->host;
}

/* "a, b and c" of a daemon. */
static void list(bool gkm, char *text, size_t size)
{
	size_t len = 0, left = 0;

	for (size_t i = 0; i < PARTS; i++)
		left += has(&parts[i], gkm);
	for (size_t i = 0; i < PARTS && len < size; i++) {
		if (!has(&parts[i], gkm))
			continue;
		left--;
		len += (size_t)snprintf(text + len, size - len, "%s%s", parts[i].name,
					left == 0   ? ""
					: left == 1 ? " and "
						    : ", ");
	}
}

const struct part *parts_find(const char *name, bool gkm, char *text)
{
	struct suggestion suggestion = suggestion_start(name);
	char hint[SUGGESTION_SIZE], names[128];
	bool known = false;

	for (size_t i = 0; i < PARTS; i++) {
		bool same = strcmp(parts[i].name, name) == 0;

		if (same && has(&parts[i], gkm))
			return &parts[i];
		known |= same;
		if (has(&parts[i], gkm))
			suggestion_try(&suggestion, parts[i].name);
	}
	list(gkm, names, sizeof(names));
	if (known)
		snprintf(text, PARTS_TEXT_SIZE, "a key manager has no %s: there are %s", name,
			 names);
	else
		snprintf(text, PARTS_TEXT_SIZE, "nothing to show is called %.40s%s: there are %s",
			 name, suggestion_format(&suggestion, hint), names);
	return NULL;
}

/* --- JSON ---------------------------------------------------------------------------------- */

/* Does the answer have this part in each of its groups? */
static bool is_of_groups(const json_t *answer, const char *name)
{
	return !json_object_get(answer, name) && json_is_array(json_object_get(answer, "groups"));
}

static json_t *gather(const json_t *groups, const char *name)
{
	json_t *list_of_all = json_array(), *group, *item;
	size_t i, j;

	json_array_foreach(groups, i, group)
		json_array_foreach(json_object_get(group, name), j, item) {
			json_t *copy = json_copy(item);

			json_object_set(copy, "group", json_object_get(group, "name"));
			json_array_append_new(list_of_all, copy);
		}
	return list_of_all;
}

static json_t *value_of(const struct part *part, const json_t *answer)
{
	if (part->make)
		return part->make(answer);
	if (is_of_groups(answer, part->name))
		return gather(json_object_get(answer, "groups"), part->name);
	return json_incref(json_object_get(answer, part->name));
}

json_t *parts_json(const struct part *part, const json_t *answer)
{
	return json_pack("{s:b, s:o?}", "ok", 1, part->name, value_of(part, answer));
}

/* --- text ---------------------------------------------------------------------------------- */

void parts_print(const struct part *part, const json_t *answer, bool gkm, bool all)
{
	json_t *value;

	if (part->print_part) {
		value = part->make(answer);
		part->print_part(value);
		json_decref(value);
	} else if (part->print_all) {
		part->print_all(answer, all);
	} else if (gkm && part->print != view_certificates) {
		view_gkm(answer, part->name);
	} else {
		part->print(answer);
	}
}
