/* SPDX-License-Identifier: BSD-3-Clause */
#include "diagnostics.h"

#include <covey/limits.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"

void diagnostics_init(struct diagnostics *diagnostics)
{
	*diagnostics = (struct diagnostics){0};
}

void diagnostics_free(struct diagnostics *diagnostics)
{
	for (size_t i = 0; i < diagnostics->count; i++)
		free(diagnostics->items[i].message);
	free(diagnostics->items);
	free(diagnostics->file);
	free(diagnostics->text);
	diagnostics_init(diagnostics);
}

int diagnostics_set_source(struct diagnostics *diagnostics, const char *file, const char *text,
			   size_t len)
{
	char *name = strdup(file);
	char *copy = malloc(len + 1);

	if (!name || !copy) {
		free(name);
		free(copy);
		return -ENOMEM;
	}
	diagnostics_free(diagnostics);
	if (len)
		memcpy(copy, text, len);
	copy[len] = '\0';
	diagnostics->file = name;
	diagnostics->text = copy;
	diagnostics->text_len = len;
	return 0;
}

static int append(struct diagnostics *diagnostics, struct diagnostic item)
{
	struct diagnostic *items;

	/* Room doubles whenever the count is a power of two. */
	if ((diagnostics->count & (diagnostics->count - 1)) == 0) {
		size_t room = diagnostics->count ? diagnostics->count * 2 : 1;

		items = reallocarray(diagnostics->items, room, sizeof(*items));
		if (!items)
			return -ENOMEM;
		diagnostics->items = items;
	}
	diagnostics->items[diagnostics->count++] = item;
	return 0;
}

void diagnostics_add(struct diagnostics *diagnostics, size_t line, size_t column,
		     const char *format, ...)
{
	struct diagnostic item = {.line = line, .column = column};
	va_list args;
	int len;

	if (diagnostics->count >= COVEY_DIAGNOSTICS_MAX) {
		diagnostics->omitted++;
		return;
	}
	va_start(args, format);
	len = vasprintf(&item.message, format, args);
	va_end(args);
	if (len < 0) {
		diagnostics->out_of_memory = true;
		return;
	}
	if (append(diagnostics, item) < 0) {
		free(item.message);
		diagnostics->out_of_memory = true;
	}
}

static int by_place(const void *a, const void *b)
{
	const struct diagnostic *x = *(const struct diagnostic *const *)a;
	const struct diagnostic *y = *(const struct diagnostic *const *)b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	return strcmp(x->message, y->message);
}

static void print_one(const struct diagnostics *diagnostics, const struct diagnostic *item,
		      struct line_cursor *cursor, FILE *stream)
{
	const char *file = diagnostics->file ? diagnostics->file : "?";

	if (item->line == 0) {
		fprintf(stream, "%s: %s\n", file, item->message);
		return;
	}
	fprintf(stream, "%s:%zu:%zu: %s\n", file, item->line, item->column, item->message);
	if (line_cursor_seek(cursor, item->line))
		line_cursor_quote(cursor, item->column, stream);
}

void diagnostics_print(const struct diagnostics *diagnostics, FILE *stream)
{
	struct line_cursor cursor = line_cursor_start(diagnostics->text, diagnostics->text_len);
	const struct diagnostic **sorted = calloc(diagnostics->count + 1, sizeof(*sorted));

	if (!sorted) {
		fprintf(stream, "out of memory\n");
		return;
	}
	for (size_t i = 0; i < diagnostics->count; i++)
		sorted[i] = &diagnostics->items[i];
	qsort(sorted, diagnostics->count, sizeof(*sorted), by_place);
	for (size_t i = 0; i < diagnostics->count; i++)
		if (i == 0 || by_place(&sorted[i - 1], &sorted[i]) != 0)
			print_one(diagnostics, sorted[i], &cursor, stream);
	if (diagnostics->omitted)
		fprintf(stream, "%s: and %zu more mistakes, not shown\n", diagnostics->file,
			diagnostics->omitted);
	if (diagnostics->out_of_memory)
		fprintf(stream, "out of memory: this list is not complete\n");
	free(sorted);
}
