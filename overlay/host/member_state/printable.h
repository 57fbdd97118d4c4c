/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>

static inline bool printable_char(char c)
{
	return c >= 0x20 && c < 0x7f;
}

static inline bool printable(const char *text)
{
	for (; *text; text++) {
		if (!printable_char(*text))
			return false;
	}
	return true;
}

/* Copy a peer's text into size bytes, cut to fit. Everything that is not printable ASCII becomes
 * '?', because the text goes into JSON and onto terminals. */
static inline void printable_copy(char *ret_text, size_t size, const char *text)
{
	size_t i = 0;

	for (; text[i] && i + 1 < size; i++)
		ret_text[i] = printable_char(text[i]) ? text[i] : '?';
	ret_text[i] = '\0';
}
