/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Lines of a text, as YAML counts them. A line ends with LF, CR, CR LF, NEL (U+0085), LS or PS
 * (U+2028, U+2029) (YAML 1.1 section 4.2).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct line_cursor {
	const char *text;
	const char *end;
	const char *start; /* of the current line */
	size_t number;     /* of the current line, from 1 */
};

struct line_cursor line_cursor_start(const char *text, size_t len);

/* Go forward to line number. False when the text has no such line or it lies behind. */
bool line_cursor_seek(struct line_cursor *cursor, size_t number);

/* Print the current line, or the part of it around column, and a caret below that column. */
void line_cursor_quote(const struct line_cursor *cursor, size_t column, FILE *stream);
