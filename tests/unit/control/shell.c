/* SPDX-License-Identifier: BSD-3-Clause */
#include "shell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

void directory_make(char *buf)
{
	const char *parent = getenv("TMPDIR");

	snprintf(buf, PATH_MAX, "%s/covey-test.XXXXXX", parent ? parent : "/tmp");
	assert_non_null(mkdtemp(buf));
}

void directory_remove(const char *path)
{
	assert_true(shell("rm -rf '%s'", path));
}

bool shell(const char *format, ...)
{
	char command[4 * PATH_MAX], silent[4 * PATH_MAX + 64];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	snprintf(silent, sizeof(silent), "{ %s ; } >/dev/null 2>&1", command);
	return system(silent) == 0;
}
