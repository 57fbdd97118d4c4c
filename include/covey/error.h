/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What a failed function says to a person. Functions return 0 or a negative errno and fill this in
 * with what happened, to what, and what to do. They never log: their caller does, once.
 */

#include <stdarg.h>
#include <stdio.h>

struct covey_error {
	char text[512];
};

/* Fill in the text (cut at its size) and return code, so that `return covey_error_set(...)` reads
 * well. error may be NULL. */
__attribute__((format(printf, 3, 4))) static inline int
covey_error_set(struct covey_error *error, int code, const char *format, ...)
{
	va_list args;

	if (!error)
		return code;
	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return code;
}
