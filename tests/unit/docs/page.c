/* SPDX-License-Identifier: BSD-3-Clause */

#include "page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LINE_MAX_BYTES 512

/* Append the bytes of one line; what follows a semicolon is comment. */
static void read_line(const char *name, char *line, struct block *block)
{
	unsigned value;
	int used;

	line[strcspn(line, ";\n")] = '\0';
	while (sscanf(line, " %2x%n", &value, &used) == 1) {
		if (block->len == sizeof(block->bytes))
			fail_msg("block \"%s\" is longer than %zu bytes", name, block->len);
		block->bytes[block->len++] = (uint8_t)value;
		line += used;
	}
	if (line[strspn(line, " ")] != '\0')
		fail_msg("block \"%s\" holds \"%s\", which is no hex", name, line);
}

static bool is_named(const char *line, const char *name)
{
	size_t len = strlen(name);

	return strncmp(line, "; ", 2) == 0 && strncmp(line + 2, name, len) == 0 &&
	       line[2 + len] == '\n';
}

static void read_block(FILE *file, const char *name, struct block *ret_block)
{
	char line[LINE_MAX_BYTES];

	while (fgets(line, sizeof(line), file) && strcmp(line, "```\n") != 0)
		read_line(name, line, ret_block);
}

void page_block(const char *name, struct block *ret_block)
{
	FILE *file = fopen(PROTOCOL_PAGE, "re");
	char line[LINE_MAX_BYTES];
	unsigned found = 0;

	if (!file)
		fail_msg("cannot open %s", PROTOCOL_PAGE);
	memset(ret_block, 0, sizeof(*ret_block));
	while (fgets(line, sizeof(line), file)) {
		if (strcmp(line, "```hex\n") != 0 || !fgets(line, sizeof(line), file))
			continue;
		if (!is_named(line, name))
			continue;
		found++;
		read_block(file, name, ret_block);
	}
	fclose(file);
	if (found != 1 || ret_block->len == 0)
		fail_msg("block \"%s\" is there %u times, with %zu bytes", name, found,
			 ret_block->len);
}

void page_field(const char *packet, const char *field, struct block *ret_block)
{
	char name[64];

	snprintf(name, sizeof(name), "%s %s", packet, field);
	page_block(name, ret_block);
}
