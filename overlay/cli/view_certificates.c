/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "json_text.h"
#include "views.h"
#include "words.h"

/* Marks a certificate that is near its end, when it is a problem, too. */
static const char *end_words(const json_t *certificate, char *buf)
{
	json_int_t left = field_number(certificate, "ends_s");
	char time[WORDS_TIME_SIZE];

	if (left <= 0)
		return ": EXPIRED";
	snprintf(buf, 2 * WORDS_TIME_SIZE,
		 field_true(certificate, "near") ? ": ENDS in %s" : ", in %s",
		 words_time((uint64_t)left, time));
	return buf;
}

static const char *title(const json_t *certificate, size_t i)
{
	return strcmp(field_text(certificate, "role"), "trusted") == 0 ? "  also CA"
	       : i == 0                                                ? "Certificate"
								       : "  of CA";
}

/* Lists that should have been replaced, or should be soon, are a problem, too. */
static void view_revocations(const json_t *revocations)
{
	const char *next = json_string_value(json_object_get(revocations, "next_update"));

	if (!json_is_object(revocations))
		return;
	if (field_number(revocations, "lists") == 0) {
		printf("No revocation list (%s)\n", field_text(revocations, "path"));
		return;
	}
	printf("Revoked certificates: " FIELD_NUMBER " (%s, of %s, next %s%s)\n",
	       field_number(revocations, "revoked"), field_text(revocations, "path"),
	       field_text(revocations, "this_update"), next ? next : "not said",
	       field_true(revocations, "late")   ? ": LATE"
	       : field_true(revocations, "near") ? ": SOON"
						 : "");
}

void view_certificates(const json_t *answer)
{
	const json_t *problem = json_object_get(answer, "certificates_problem");
	char words[2 * WORDS_TIME_SIZE];
	const json_t *certificate;
	size_t i;

	json_array_foreach(json_object_get(answer, "certificates"), i, certificate) {
		printf("%s %s, serial number %s, from %s until %s%s\n", title(certificate, i),
		       field_text(certificate, "subject"), field_text(certificate, "serial"),
		       field_text(certificate, "not_before"), field_text(certificate, "not_after"),
		       end_words(certificate, words));
	}
	if (json_is_string(problem))
		printf("  NOT TAKEN: %s\n", field_text(answer, "certificates_problem"));
	view_revocations(json_object_get(answer, "revocations"));
}
