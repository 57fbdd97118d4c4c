/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What a function that failed says to a person. The function returns a negative errno, and writes
 * here what happened, to what, and what to do. It does not log: its caller does, once.
 */

#include <stdarg.h>
#include <stdio.h>

struct covey_error {
	char text[512];
};

/* Write the text, cut at its size, and return code, so that a caller can `return
 * covey_error_set(...)`. error may be NULL. */
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
