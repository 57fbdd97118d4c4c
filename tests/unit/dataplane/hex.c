/* SPDX-License-Identifier: BSD-3-Clause */
#include "hex.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <sys/wait.h>

#define SKIPPED 77

int hex_have_vectors(void **state)
{
	int status = system("/usr/bin/python3 " VECTORS " hkdf >/dev/null");

	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
		exit(SKIPPED);
	return status == 0 ? 0 : -1;
}

FILE *hex_vectors(const char *kind)
{
	char command[4096];
	FILE *vectors;

	snprintf(command, sizeof(command), "/usr/bin/python3 %s %s", VECTORS, kind);
	vectors = popen(command, "r");
	assert_non_null(vectors);
	return vectors;
}

void hex_close(FILE *vectors)
{
	assert_int_equal(pclose(vectors), 0);
}

size_t hex_read(const char *text, uint8_t *ret_bytes)
{
	size_t count = 0;
	unsigned byte;

	while (sscanf(text + 2 * count, "%2x", &byte) == 1)
		ret_bytes[count++] = (uint8_t)byte;
	return count;
}
