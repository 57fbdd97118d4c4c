/* SPDX-License-Identifier: BSD-3-Clause */
#include "status_page.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "json_text.h"
#include "words.h"

static bool is_gkm(const json_t *answer)
{
	return strcmp(field_text(answer, "daemon"), "covey-gkm") == 0;
}

bool status_page_is_well(const json_t *answer)
{
	return (is_gkm(answer) || field_true(answer, "ready")) &&
	       json_array_size(json_object_get(answer, "problems")) == 0;
}

static const char *words_of(const json_t *object, const char *key, char *buf)
{
	json_int_t seconds = field_number(object, key);

	return words_time(seconds > 0 ? (uint64_t)seconds : 0, buf);
}

/* --- a line each, if the daemon says something about it -------------------------------------- */

static void print_manager(const json_t *answer)
{
	const json_t *gkm = json_object_get(answer, "gkm");
	char time[WORDS_TIME_SIZE];

	if (gkm)
		printf("  key manager  %s port " FIELD_NUMBER ": %s for %s\n",
		       field_text(gkm, "address"), field_number(gkm, "port"),
		       field_text(gkm, "state"), words_of(gkm, "since_s", time));
}

static void print_group(const json_t *group)
{
	const json_t *mode = json_object_get(group, "mode");
	size_t senders = json_array_size(json_object_get(group, "members"));
	char time[WORDS_TIME_SIZE];

	printf("  group        %s: %s, %s", field_text(group, "name"), field_text(group, "state"),
	       field_text(mode, "name"));
	if (field_true(group, "sends"))
		printf(", sends for %s", words_of(group, "sends_s", time));
	if (field_true(group, "receives"))
		printf(", receives for %s", words_of(group, "receives_s", time));
	printf(", %zu %s\n", senders, senders == 1 ? "sender" : "senders");
}

/* Of each SA as the key manager has it: which are in use, and until when. */
static void print_managed_group(const json_t *group)
{
	const json_t *sa;
	char time[WORDS_TIME_SIZE];
	size_t i;

	printf("  group        %s: %s, " FIELD_NUMBER " of %zu members connected",
	       field_text(group, "name"), field_text(json_object_get(group, "mode"), "mode"),
	       field_number(group, "connected"),
	       json_array_size(json_object_get(group, "members")));
	json_array_foreach(json_object_get(group, "sas"), i, sa)
		printf(", SA " FIELD_NUMBER " %s for %s", field_number(sa, "spi"),
		       field_text(sa, "state"), words_of(sa, "age_s", time));
	printf("\n");
}

static void print_groups(const json_t *answer)
{
	const json_t *groups = json_object_get(answer, "groups"), *group;
	size_t i, shown = 16;

	json_array_foreach(groups, i, group) {
		if (i == shown) {
			printf("  group        and %zu more: `covey show groups`\n",
			       json_array_size(groups) - shown);
			break;
		}
		if (is_gkm(answer))
			print_managed_group(group);
		else
			print_group(group);
	}
}

static void print_certificate(const json_t *answer)
{
	const json_t *own = json_array_get(json_object_get(answer, "certificates"), 0);
	char time[WORDS_TIME_SIZE];

	if (own)
		printf("  certificate  until %s, in %s\n", field_text(own, "not_after"),
		       words_of(own, "ends_s", time));
}

static void print_guard(const json_t *answer)
{
	const json_t *guard = json_object_get(answer, "guard"), *uplink;
	size_t i;

	if (!guard)
		return;
	printf("  guard        %s", field_text(guard, "state"));
	json_array_foreach(json_object_get(guard, "uplinks"), i, uplink)
		printf("%s %s", i ? "," : "; uplinks", field_text(uplink, "interface"));
	printf("\n");
}

static void print_paths(const json_t *answer)
{
	const json_t *paths = json_object_get(answer, "paths"), *path;
	size_t i, fit = 0;

	json_array_foreach(paths, i, path)
		fit += strcmp(field_text(path, "state"), "fits") == 0;
	if (json_array_size(paths) > 0)
		printf("  paths        %zu of %zu fit\n", fit, json_array_size(paths));
}

static void print_packets(const json_t *answer)
{
	const json_t *counters = json_object_get(answer, "counters"), *count;
	json_int_t dropped = 0;
	const char *name;

	if (!counters)
		return;
	json_object_foreach(json_object_get(answer, "drops"), name, count)
		dropped += json_integer_value(count);
	printf("  packets      " FIELD_NUMBER " encrypted, " FIELD_NUMBER
	       " decrypted, " FIELD_NUMBER " dropped%s\n",
	       field_number(counters, "encrypted_packets"),
	       field_number(counters, "decrypted_packets"), dropped,
	       dropped ? " (`covey show drops`)" : "");
}

/* --- the page -------------------------------------------------------------------------------- */

static void print_title(const json_t *answer)
{
	char name[256];

	if (is_gkm(answer))
		snprintf(name, sizeof(name), "The key manager of %s", field_text(answer, "fabric"));
	else
		snprintf(name, sizeof(name), "%s", field_text(answer, "host"));
	if (status_page_is_well(answer))
		printf("%s is well: all is as it should be.\n", name);
	else
		printf("%s is not well (`covey show` tells more):\n", name);
}

void status_page_print(const json_t *answer)
{
	const json_t *problem;
	size_t i;

	print_title(answer);
	json_array_foreach(json_object_get(answer, "problems"), i, problem)
		if (json_is_string(problem))
			printf("  PROBLEM: %s\n", json_string_value(problem));
	print_manager(answer);
	print_groups(answer);
	print_certificate(answer);
	print_guard(answer);
	print_paths(answer);
	print_packets(answer);
}
