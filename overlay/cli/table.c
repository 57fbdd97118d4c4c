/* SPDX-License-Identifier: BSD-3-Clause */
#include "table.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

struct table {
	const char *const *columns;
	size_t column_count;
	char **cells;
	size_t count;
	size_t room;
	bool failed;
};

struct table *table_new(const char *const *columns)
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->columns = columns;
	while (columns[table->column_count])
		table->column_count++;
	return table;
}

static bool make_room(struct table *table)
{
	size_t room = table->room ? table->room * 2 : 64;
	char **cells;

	if (table->count < table->room)
		return true;
	cells = reallocarray(table->cells, room, sizeof(*cells));
	if (!cells)
		return false;
	table->cells = cells;
	table->room = room;
	return true;
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
	if (!text || !make_room(table)) {
		free(text);
		table->failed = true;
		return;
	}
	words_disarm(text);
	table->cells[table->count++] = text;
}

static const char *title(const struct table *table, size_t column)
{
	return table->columns[column] + (table->columns[column][0] == '>');
}

static size_t width_of(const struct table *table, size_t column)
{
	size_t width = strlen(title(table, column));

	for (size_t i = column; i < table->count; i += table->column_count)
		if (strlen(table->cells[i]) > width)
			width = strlen(table->cells[i]);
	return width;
}

static void print_cell(const struct table *table, size_t column, const char *text, size_t width,
		       FILE *stream)
{
	bool right = table->columns[column][0] == '>';
	bool last = column + 1 == table->column_count;

	if (right)
		fprintf(stream, "%*s", (int)width, text);
	else
		fprintf(stream, "%-*s", last ? 0 : (int)width, text);
	fputs(last ? "\n" : "  ", stream);
}

static bool print_rows(const struct table *table, FILE *stream)
{
	size_t *widths = calloc(table->column_count + 1, sizeof(*widths));

	if (!widths)
		return false;
	for (size_t column = 0; column < table->column_count; column++)
		widths[column] = width_of(table, column);
	for (size_t column = 0; column < table->column_count; column++)
		print_cell(table, column, title(table, column), widths[column], stream);
	for (size_t i = 0; i < table->count; i++) {
		size_t column = i % table->column_count;

		print_cell(table, column, table->cells[i], widths[column], stream);
	}
	free(widths);
	return true;
}

void table_print(struct table *table, const char *empty, FILE *stream)
{
	if (table && !table->failed && table->count == 0)
		fprintf(stream, "%s\n", empty);
	else if (!table || table->failed || !print_rows(table, stream))
		fprintf(stream, "out of memory\n");
	if (!table)
		return;
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
}
