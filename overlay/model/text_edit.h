/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Changes of a text: what is replaced, and the text after that. Nothing else of it changes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct text_change {
	size_t at, len; /* bytes that go */
	char *with;     /* what comes in their place */
};

struct text_edit {
	const char *text;
	size_t len;
	struct text_change *list; /* in order of their place; they do not overlap */
	size_t count;
	bool out_of_memory;
};

struct text_edit text_edit_start(const char *text, size_t len);
void text_edit_free(struct text_edit *edit);

/* Put what the format says in the place of len bytes. */
__attribute__((format(printf, 4, 5))) void text_edit_replace(struct text_edit *edit, size_t at,
							     size_t len, const char *format, ...);

/* The text with all changes; free it with free(). NULL: out of memory. */
char *text_edit_apply(const struct text_edit *edit, size_t *ret_len);

/* Print the changes as diff(1) would with no lines around them, which patch(1) reads. */
void text_edit_print(const struct text_edit *edit, const char *name, FILE *stream);

/* The start of the line that at is in, and of the one after it. */
size_t text_line_start(const char *text, size_t at);
size_t text_line_next(const char *text, size_t len, size_t at);
