/* SPDX-License-Identifier: BSD-3-Clause */
#include "text_edit.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct text_edit text_edit_start(const char *text, size_t len)
{
	return (struct text_edit){.text = text, .len = len};
}

void text_edit_free(struct text_edit *edit)
{
	for (size_t i = 0; i < edit->count; i++)
		free(edit->list[i].with);
	free(edit->list);
	*edit = (struct text_edit){0};
}

void text_edit_replace(struct text_edit *edit, size_t at, size_t len, const char *format, ...)
{
	struct text_change *grown = realloc(edit->list, (edit->count + 1) * sizeof(*grown));
	size_t i = edit->count;
	char *with = NULL;
	va_list args;

	va_start(args, format);
	if (grown)
		edit->list = grown;
	if (!grown || vasprintf(&with, format, args) < 0) {
		edit->out_of_memory = true;
	} else {
		for (; i > 0 && grown[i - 1].at > at; i--)
			grown[i] = grown[i - 1];
		grown[i] = (struct text_change){.at = at, .len = len, .with = with};
		edit->count++;
	}
	va_end(args);
}

char *text_edit_apply(const struct text_edit *edit, size_t *ret_len)
{
	size_t size = edit->len + 1, from = 0, to = 0;
	char *text;

	for (size_t i = 0; i < edit->count; i++)
		size += strlen(edit->list[i].with);
	text = edit->out_of_memory ? NULL : malloc(size);
	for (size_t i = 0; text && i <= edit->count; i++) {
		const struct text_change *change = i < edit->count ? &edit->list[i] : NULL;
		size_t to_here = change ? change->at : edit->len, kept = to_here - from;

		if (to_here < from) { /* they overlap */
			free(text);
			return NULL;
		}
		memcpy(text + to, edit->text + from, kept);
		to += kept;
		if (!change)
			break;
		memcpy(text + to, change->with, strlen(change->with));
		to += strlen(change->with);
		from = change->at + change->len;
	}
	if (text) {
		text[to] = '\0';
		*ret_len = to;
	}
	return text;
}

size_t text_line_start(const char *text, size_t at)
{
	while (at > 0 && text[at - 1] != '\n')
		at--;
	return at;
}

size_t text_line_next(const char *text, size_t len, size_t at)
{
	while (at < len && text[at] != '\n')
		at++;
	return at < len ? at + 1 : len;
}

/* --- as a diff ------------------------------------------------------------------------------- */

static size_t count_lines(const char *text, size_t len)
{
	size_t count = 0;

	for (size_t at = 0; at < len; at = text_line_next(text, len, at))
		count++;
	return count;
}

static void print_lines(char mark, const char *text, size_t len, FILE *stream)
{
	for (size_t at = 0, next; at < len; at = next) {
		next = text_line_next(text, len, at);
		fprintf(stream, "%c%.*s", mark, (int)(next - at), text + at);
		if (text[next - 1] != '\n')
			fprintf(stream, "\n\\ No newline at end of file\n");
	}
}

/* A change that ends where a line begins touches no byte of that line. */
static size_t hunk_end(const struct text_edit *edit, const struct text_change *change)
{
	size_t end = change->at + change->len, len = strlen(change->with);
	bool whole = end == text_line_start(edit->text, end) &&
		     (len ? change->with[len - 1] == '\n' : change->len > 0);

	return whole ? end : text_line_next(edit->text, edit->len, end);
}

/* The changes from this one on that touch the same lines; what they leave of them is new lines. */
static size_t print_hunk(const struct text_edit *edit, size_t first, long *shift, FILE *stream)
{
	size_t begin = text_line_start(edit->text, edit->list[first].at);
	size_t end = hunk_end(edit, &edit->list[first]), last = first + 1, new_len;
	size_t before = count_lines(edit->text, begin), old_count, new_count;
	struct text_edit part;
	char *text;

	while (last < edit->count && edit->list[last].at < end) {
		size_t more = hunk_end(edit, &edit->list[last++]);

		end = more > end ? more : end;
	}
	part = text_edit_start(edit->text + begin, end - begin);
	for (size_t i = first; i < last; i++)
		text_edit_replace(&part, edit->list[i].at - begin, edit->list[i].len, "%s",
				  edit->list[i].with);
	text = text_edit_apply(&part, &new_len);
	text_edit_free(&part);
	if (!text)
		return edit->count;
	old_count = count_lines(edit->text + begin, end - begin);
	new_count = count_lines(text, new_len);
	fprintf(stream, "@@ -%zu,%zu +%ld,%zu @@\n", before + (old_count > 0), old_count,
		(long)before + *shift + (new_count > 0), new_count);
	print_lines('-', edit->text + begin, end - begin, stream);
	print_lines('+', text, new_len, stream);
	*shift += (long)new_count - (long)old_count;
	free(text);
	return last;
}

void text_edit_print(const struct text_edit *edit, const char *name, FILE *stream)
{
	long shift = 0;

	fprintf(stream, "--- %s\n+++ %s\n", name, name);
	for (size_t i = 0; i < edit->count;)
		i = print_hunk(edit, i, &shift, stream);
}
