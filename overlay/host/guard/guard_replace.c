/* SPDX-License-Identifier: BSD-3-Clause */

#include "guard_replace.h"

#include <string.h>

#include "guard_text.h"
#include "own_rules.h"

static bool has(const char *text, const struct guard_line *wanted)
{
	struct guard_reader reader = guard_read_text(text);
	struct guard_line line;

	while (guard_read_line(&reader, &line)) {
		if (line.kind == wanted->kind && strcmp(line.family, wanted->family) == 0 &&
		    strcmp(line.chain, wanted->chain) == 0 && strcmp(line.what, wanted->what) == 0)
			return true;
	}
	return false;
}

static bool has_tables(const char *text, const char *wanted)
{
	struct guard_reader reader = guard_read_text(wanted);
	struct guard_line line;

	while (guard_read_line(&reader, &line)) {
		if ((line.kind == GUARD_LINE_TABLE || line.kind == GUARD_LINE_FLAGS) &&
		    !has(text, &line))
			return false;
	}
	return true;
}

bool guard_replace_fits(const char *tables, const char *standing)
{
	return has_tables(tables, standing) && has_tables(standing, tables);
}

static bool counts(const struct guard_line *set)
{
	return strncmp(set->what, OWN_HEARD, strlen(OWN_HEARD)) == 0;
}

/* Empty what stands, or, behind the new tables, delete what is not in them. */
static void write_standing(FILE *stream, const char *standing, const char *tables)
{
	struct guard_reader reader = guard_read_text(standing);
	struct guard_line line;
	char table[GUARD_WORD_SIZE] = "";

	while (guard_read_line(&reader, &line)) {
		const char *verb = tables ? "delete" : "flush";

		if (line.kind == GUARD_LINE_TABLE)
			snprintf(table, sizeof(table), "%s", line.what);
		if ((line.kind != GUARD_LINE_CHAIN && line.kind != GUARD_LINE_SET) ||
		    (tables && has(tables, &line)))
			continue;
		if (line.kind == GUARD_LINE_CHAIN)
			fprintf(stream, "%s chain %s %s %s\n", verb, line.family, table,
				line.chain);
		else if (tables || !counts(&line))
			fprintf(stream, "%s set %s %s %s\n", verb, line.family, table, line.what);
	}
}

void guard_replace_write(FILE *stream, const char *tables, const char *standing)
{
	write_standing(stream, standing, NULL);
	fputs(tables, stream);
	write_standing(stream, standing, tables);
}
