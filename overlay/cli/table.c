/* SPDX-License-Identifier: BSD-3-Clause */
#include "table.h"

#include <libsmartcols.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

#include "words.h"

struct table {
	struct libscols_table *shape;
	struct libscols_line *line; /* the last one */
	size_t cell;                /* the next one's place in it */
	bool failed;
};

struct table *table_new(const char *const *columns)
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->shape = scols_new_table();
	table->failed = !table->shape || scols_table_set_column_separator(table->shape, "  ");
	for (; !table->failed && *columns; columns++)
		table->failed = !scols_table_new_column(table->shape, *columns + (**columns == '>'),
							0, **columns == '>' ? SCOLS_FL_RIGHT : 0);
	if (!table->failed)
		scols_table_set_termforce(table->shape, SCOLS_TERMFORCE_NEVER);
	return table;
}

void table_cell(struct table *table, const char *format, ...)
{
	va_list args;
	char *text;

	if (!table || table->failed)
		return;
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	if (table->cell == 0)
		table->line = scols_table_new_line(table->shape, NULL);
	if (text)
		words_disarm(text);
	if (!text || !table->line || scols_line_refer_data(table->line, table->cell, text)) {
		free(text);
		table->failed = true;
		return;
	}
	table->cell = (table->cell + 1) % scols_table_get_ncols(table->shape);
}

void table_print(struct table *table, const char *empty, FILE *stream)
{
	if (table && !table->failed && scols_table_is_empty(table->shape))
		fprintf(stream, "%s\n", empty);
	else if (!table || table->failed || scols_table_set_stream(table->shape, stream) ||
		 scols_print_table(table->shape))
		fprintf(stream, "out of memory\n");
	if (!table)
		return;
	scols_unref_table(table->shape);
	free(table);
}
