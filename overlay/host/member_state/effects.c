/* SPDX-License-Identifier: BSD-3-Clause */

#include "effects.h"

#include <stdarg.h>
#include <stdio.h>

void effects_note(const struct effects *effects, enum log_level level, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	effects->note(effects->arg, level, format, text);
}
