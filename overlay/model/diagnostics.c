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
		diagnostics->out_of_memory = true;
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

static int compare(const struct diagnostic *x, const struct diagnostic *y)
{
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	return strcmp(x->message, y->message);
}

/* Index of the first item that is not before this one. */
static size_t find_place(const struct diagnostics *diagnostics, const struct diagnostic *item)
{
	size_t low = 0, high = diagnostics->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(&diagnostics->items[middle], item) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Takes over the message, also on failure. */
static int insert(struct diagnostics *diagnostics, struct diagnostic item)
{
	size_t place = find_place(diagnostics, &item);
	size_t room = diagnostics->count ? diagnostics->count * 2 : 1;
	struct diagnostic *items = diagnostics->items;

	if (place < diagnostics->count && compare(&items[place], &item) == 0) {
		free(item.message);
		return 0;
	}
	/* Room doubles whenever the count is a power of two. */
	if ((diagnostics->count & (diagnostics->count - 1)) == 0)
		items = reallocarray(items, room, sizeof(*items));
	if (!items) {
		free(item.message);
		return -ENOMEM;
	}
	memmove(&items[place + 1], &items[place], (diagnostics->count - place) * sizeof(*items));
	items[place] = item;
	diagnostics->items = items;
	diagnostics->count++;
	return 0;
}

/* Names come from the file: their control characters must not reach a terminal. */
static void sanitize(char *text)
{
	for (unsigned char *p = (unsigned char *)text; *p; p++) {
		if (*p < 0x20 || *p == 0x7f)
			*p = '?';
		/* U+0080 to U+009F, the other set of controls (ISO 6429), as UTF-8. */
		if (*p == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
			*p = p[1] = '?';
	}
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
	sanitize(item.message);
	if (insert(diagnostics, item) < 0)
		diagnostics->out_of_memory = true;
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

	for (size_t i = 0; i < diagnostics->count; i++)
		print_one(diagnostics, &diagnostics->items[i], &cursor, stream);
	if (diagnostics->omitted)
		fprintf(stream, "%s: and %zu more mistakes, not shown\n", diagnostics->file,
			diagnostics->omitted);
	if (diagnostics->out_of_memory)
		fprintf(stream, "out of memory: this list is not complete\n");
}
