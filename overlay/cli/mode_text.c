/* SPDX-License-Identifier: BSD-3-Clause */
#include "mode_text.h"

#include <stdio.h>
#include <string.h>

#include <covey/mode.h>

#include "json_text.h"
#include "words.h"

static const char *meaning(const char *name)
{
	enum covey_mode mode;

	if (!covey_mode_parse(name, &mode))
		return "unknown to this covey";
	if (covey_mode_sends_clear(mode))
		return "members send IN CLEAR, and accept clear and encrypted packets";
	if (covey_mode_accepts_clear(mode))
		return "members send encrypted, and accept CLEAR and encrypted packets";
	return "members send encrypted, and accept nothing else";
}

static void print_deadline(const json_t *mode, const char *group)
{
	json_int_t left_s = field_number(mode, "left_s");
	char time[WORDS_TIME_SIZE];

	if (!json_is_string(json_object_get(mode, "then")))
		return;
	printf("In %s it becomes %s", words_time(left_s > 0 ? (uint64_t)left_s : 0, time),
	       field_text(mode, "then"));
	if (field_true(mode, "unconfirmed"))
		printf(", unless it is confirmed: `covey mode %s confirm`", group);
	printf(".\n");
	if (strcmp(field_text(mode, "then"), covey_mode_name(COVEY_MODE_ENFORCE)) == 0)
		printf("Nothing is checked then: what still comes in clear is dropped.\n");
}

/* A sentence about these members, if there are any. */
static void print_names(const json_t *names, const char *begin, const char *end)
{
	const json_t *name;
	size_t i;

	json_array_foreach(names, i, name)
		printf("%s %s", i ? "," : begin, json_string_value(name));
	if (i > 0)
		printf("%s.\n", end);
}

static void print_flaws(const json_t *answer, const char *key, const char *count_key,
			const char *title)
{
	const json_t *list = json_object_get(answer, key), *flaw;
	json_int_t count = field_number(answer, count_key);
	size_t i;

	if (count <= 0)
		return;
	printf("%s\n", title);
	json_array_foreach(list, i, flaw)
		printf("  %s\n", field_text(flaw, "text"));
	if (count > (json_int_t)i)
		printf("  and " FIELD_NUMBER " more\n", count - (json_int_t)i);
}

void mode_text(const json_t *answer)
{
	const char *mode = field_text(answer, "mode"), *goal = field_text(answer, "goal");

	printf("Mode of %s: %s: %s.\n", field_text(answer, "group"), mode, meaning(mode));
	if (strcmp(mode, goal) != 0)
		printf("It is on the way to %s.\n", goal);
	else if (field_true(answer, "under_way"))
		printf("The change is under way.\n");
	print_deadline(answer, field_text(answer, "group"));
	print_names(json_object_get(answer, "late"), "Not acknowledged by", "");
	print_names(json_object_get(answer, "old"), "These know no modes, and enforce:", "");
	print_names(
		json_object_get(answer, "away"), "No connection to the key manager:",
		": they keep the mode that they have, until they are back or its deadline comes");
	print_flaws(answer, "despite", "despite_count",
		    "DESPITE CLEAR PACKETS, which are dropped now:");
	print_flaws(answer, "obstacles", "obstacle_count", "In the way of the next step:");
}

void mode_text_warn(const json_t *groups)
{
	const json_t *group, *mode;
	size_t i;

	json_array_foreach(groups, i, group) {
		const char *name;

		mode = json_object_get(group, "mode");
		name = field_text(mode, "mode");
		if (!mode || (strcmp(name, "enforce") == 0 &&
			      !json_is_string(json_object_get(mode, "then"))))
			continue;
		printf("%s: mode %s: %s.\n", field_text(group, "name"), name, meaning(name));
		print_deadline(mode, field_text(group, "name"));
	}
}
