/* SPDX-License-Identifier: BSD-3-Clause */
#include "lines.h"

#include <string.h>

#define QUOTE_COLUMNS 100 /* a longer line is cut to this much around the mistake */

struct line_cursor line_cursor_start(const char *text, size_t len)
{
	return (struct line_cursor){
		.text = text, .end = text ? text + len : NULL, .start = text, .number = 1};
}

/* Length in bytes of the line break at p, 0 when there is none. */
static size_t break_len(const char *p, const char *end)
{
	if (*p == '\r')
		return p + 1 < end && p[1] == '\n' ? 2 : 1;
	if (*p == '\n')
		return 1;
	if (end - p >= 2 && memcmp(p, "\xc2\x85", 2) == 0)
		return 2;
	if (end - p >= 3 &&
	    (memcmp(p, "\xe2\x80\xa8", 3) == 0 || memcmp(p, "\xe2\x80\xa9", 3) == 0))
		return 3;
	return 0;
}

static const char *line_end(const char *p, const char *end)
{
	while (p < end && !break_len(p, end))
		p++;
	return p;
}

bool line_cursor_seek(struct line_cursor *cursor, size_t number)
{
	if (!cursor->text || number < cursor->number)
		return false;
	while (cursor->number < number) {
		const char *stop = line_end(cursor->start, cursor->end);

		if (stop == cursor->end)
			return false;
		cursor->start = stop + break_len(stop, cursor->end);
		cursor->number++;
	}
	return true;
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* The character that is `count` characters after p, or end. */
static const char *skip_characters(const char *p, const char *end, size_t count)
{
	while (count-- && p < end) {
		p++;
		while (p < end && is_continuation(*p))
			p++;
	}
	return p;
}

/* ASCII's, and U+0080 to U+009F as UTF-8. */
static bool is_control(const char *p, const char *end)
{
	const unsigned char *bytes = (const unsigned char *)p;

	return *bytes < 0x20 || *bytes == 0x7f ||
	       (*bytes == 0xc2 && end - p >= 2 && bytes[1] >= 0x80 && bytes[1] <= 0x9f);
}

void line_cursor_quote(const struct line_cursor *cursor, size_t column, FILE *stream)
{
	const char *end = line_end(cursor->start, cursor->end);
	size_t first = column > QUOTE_COLUMNS - 20 ? column - QUOTE_COLUMNS / 2 : 1;
	const char *from = skip_characters(cursor->start, end, first - 1);
	const char *to = skip_characters(from, end, QUOTE_COLUMNS);
	const char *before = first > 1 ? "..." : "";
	int margin = fprintf(stream, "%5zu | %s", cursor->number, before);

	/* Control characters could move the terminal's cursor: the caret would point elsewhere. */
	for (const char *p = from; p < to; p++)
		if (is_control(p, to)) {
			fputc(' ', stream);
			p += (*p & 0x80) != 0;
		} else {
			fputc(*p, stream);
		}
	fprintf(stream, "%s\n", to < end ? "..." : "");
	margin -= (int)strlen(before);
	fprintf(stream, "%*s%*s^\n", margin, "| ", (int)(column - first + strlen(before)), "");
}
