/* SPDX-License-Identifier: BSD-3-Clause */
#include "rekey_text.h"

#include <stdio.h>

#include "json_text.h"

void rekey_text(const char *group, const json_t *outcome)
{
	const json_t *awaited = json_object_get(outcome, "awaited"), *name;
	size_t i;

	printf("Rekey of %s: %s", group, field_text(outcome, "rekey"));
	if (field_number(outcome, "spi"))
		printf(", the new SPI is " FIELD_NUMBER, field_number(outcome, "spi"));
	json_array_foreach(awaited, i, name)
		printf("%s %s",
		       i ? ","
			 : "; it is sent on when these have it, or the activation "
			   "delay is over:",
		       json_string_value(name));
	printf(".\n");
}

void rekey_text_away(const json_t *names, const char *what_then)
{
	const json_t *name;
	size_t i;

	if (json_array_size(names) == 0)
		return;
	printf("No connection to the key manager:");
	json_array_foreach(names, i, name)
		printf("%s %s", i ? "," : "", json_string_value(name));
	printf(".\n%s\n", what_then);
}
