/* SPDX-License-Identifier: BSD-3-Clause */
#include "json_text.h"
#include "views.h"
#include "words.h"

#define DAY_S 86400

/* Marks a certificate from 30 days before its end, when the log also begins to warn. */
static const char *end_words(json_int_t left, char *buf)
{
	char time[WORDS_TIME_SIZE];

	if (left <= 0)
		return ": EXPIRED";
	snprintf(buf, 2 * WORDS_TIME_SIZE, left <= 30 * DAY_S ? ": ENDS in %s" : ", in %s",
		 words_time((uint64_t)left, time));
	return buf;
}

void view_certificates(const json_t *answer)
{
	const json_t *problem = json_object_get(answer, "certificates_problem");
	char words[2 * WORDS_TIME_SIZE];
	const json_t *certificate;
	size_t i;

	json_array_foreach(json_object_get(answer, "certificates"), i, certificate) {
		printf("%s %s, serial number %s, from %s until %s%s\n",
		       i ? "  of CA" : "Certificate", field_text(certificate, "subject"),
		       field_text(certificate, "serial"), field_text(certificate, "not_before"),
		       field_text(certificate, "not_after"),
		       end_words(field_number(certificate, "ends_s"), words));
	}
	if (json_is_string(problem))
		printf("  NOT TAKEN: %s\n", field_text(answer, "certificates_problem"));
}
