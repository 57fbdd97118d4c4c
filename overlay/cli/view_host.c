/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "json_text.h"
#include "views.h"
#include "words.h"

static void print_gkm(const json_t *gkm)
{
	json_int_t since = field_number(gkm, "since_s");
	char time[WORDS_TIME_SIZE];
	const json_t *other;
	size_t i;

	printf("Key manager at %s port " FIELD_NUMBER ": %s for %s\n", field_text(gkm, "address"),
	       field_number(gkm, "port"), field_text(gkm, "state"),
	       words_time(since > 0 ? (uint64_t)since : 0, time));
	if (json_is_string(json_object_get(gkm, "last_error")))
		printf("  last failure: %s\n", field_text(gkm, "last_error"));
	json_array_foreach(json_object_get(gkm, "others"), i, other)
		printf("  not with %s: %s\n", field_text(other, "address"),
		       json_is_string(json_object_get(other, "why")) ? field_text(other, "why")
								     : "not tried");
}

/* Says that the session still uses the earlier certificate. As long as it does, that one must not
 * be revoked. */
static void print_move(const json_t *answer)
{
	const char *used =
		json_string_value(json_object_get(json_object_get(answer, "gkm"), "certificate"));
	const char *ours = json_string_value(json_object_get(
		json_array_get(json_object_get(answer, "certificates"), 0), "serial"));

	if (used && ours && strcmp(used, ours) != 0)
		printf("  the session with the key manager is still with certificate %s\n", used);
}

static void print_counters(const json_t *answer)
{
	const json_t *counters = json_object_get(answer, "counters");

	printf("Packets: " FIELD_NUMBER " encrypted, " FIELD_NUMBER " decrypted, " FIELD_NUMBER
	       " passed by outwards, " FIELD_NUMBER " inwards\n",
	       field_number(counters, "encrypted_packets"),
	       field_number(counters, "decrypted_packets"), field_number(counters, "bypassed_out"),
	       field_number(counters, "bypassed_in"));
	if (field_number(counters, "told_too_big") > 0)
		printf("Told by ICMP that a packet does not fit: " FIELD_NUMBER " times\n",
		       field_number(counters, "told_too_big"));
	if (field_number(answer, "workers") > 1)
		printf("Workers: " FIELD_NUMBER ", " FIELD_NUMBER
		       " packets handed over to the one that owns their window\n",
		       field_number(answer, "workers"), field_number(counters, "handed_over"));
}

static void print_ability(const json_t *group, const char *verb, const char *key)
{
	json_int_t left = field_number(group, key);
	char time[WORDS_TIME_SIZE];

	if (json_is_integer(json_object_get(group, key)))
		printf("%s for %s", verb, words_time(left > 0 ? (uint64_t)left : 0, time));
	else
		printf("%s NOT", verb);
}

/* An older covey-host does not report this. */
static void print_abilities(const json_t *answer)
{
	const json_t *group, *problem;
	size_t i;

	json_array_foreach(json_object_get(answer, "groups"), i, group) {
		if (!json_object_get(group, "sends"))
			continue;
		printf("  %s: ", field_text(group, "name"));
		print_ability(group, "sends", "sends_s");
		print_ability(group, ", receives", "receives_s");
		printf(" with the keys that it has\n");
	}
	json_array_foreach(json_object_get(answer, "problems"), i, problem)
		if (json_is_string(problem))
			printf("  PROBLEM: %s\n", json_string_value(problem));
}

void view_host(const json_t *answer)
{
	printf("%s, %s: %s\n", field_text(answer, "host"), field_text(answer, "identity"),
	       field_true(answer, "ready") ? "ready" : "not ready");
	print_abilities(answer);
	print_gkm(json_object_get(answer, "gkm"));
	view_certificates(answer);
	print_move(answer);
	print_counters(answer);
}
