/* SPDX-License-Identifier: BSD-3-Clause */
#include "cases.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static char *list(const struct diagnostics *diagnostics)
{
	char *text = NULL;
	size_t len;
	FILE *stream = open_memstream(&text, &len);

	assert_non_null(stream);
	for (size_t i = 0; i < diagnostics->count; i++) {
		const struct diagnostic *item = &diagnostics->items[i];

		if (item->line)
			fprintf(stream, "%zu:%zu: ", item->line, item->column);
		fprintf(stream, "%s\n", item->message);
	}
	assert_int_equal(fclose(stream), 0);
	return text;
}

void mistake_check(const struct mistake *mistake)
{
	struct diagnostics diagnostics;
	struct inventory *inventory = NULL;
	char *found;
	int status;

	diagnostics_init(&diagnostics);
	status = inventory_parse("test.yaml", mistake->text, strlen(mistake->text), &diagnostics,
				 &inventory);
	found = list(&diagnostics);
	assert_string_equal(found, mistake->expected);
	assert_int_equal(status, *mistake->expected ? -EINVAL : 0);
	/* An output that failed is untouched. */
	assert_int_equal(inventory == NULL, status < 0);
	free(found);
	inventory_free(inventory);
	diagnostics_free(&diagnostics);
}

struct inventory *inventory_good(const char *text)
{
	struct diagnostics diagnostics;
	struct inventory *inventory = NULL;

	diagnostics_init(&diagnostics);
	inventory_parse("test.yaml", text, strlen(text), &diagnostics, &inventory);
	diagnostics_print(&diagnostics, stderr);
	diagnostics_free(&diagnostics);
	assert_non_null(inventory);
	return inventory;
}

char *diagnostics_text(const struct diagnostics *diagnostics)
{
	char *text = NULL;
	size_t len;
	FILE *stream = open_memstream(&text, &len);

	assert_non_null(stream);
	diagnostics_print(diagnostics, stream);
	assert_int_equal(fclose(stream), 0);
	return text;
}
