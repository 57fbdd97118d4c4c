/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * All that is wrong with a file, each with its place, in the form
 *
 *     inventory.yaml:12:7: unknown variable covey_vnis (did you mean covey_vtep?)
 *       12 |       covey_vnis: 5
 *          |       ^
 */

#include <stddef.h>
#include <stdio.h>

struct diagnostic {
	size_t line;   /* from 1; 0: the file as a whole */
	size_t column; /* from 1 */
	char *message;
};

struct diagnostics {
	char *file;
	char **lines; /* the file's own lines, for quoting */
	size_t line_count;
	struct diagnostic *items;
	size_t count;
};

void diagnostics_init(struct diagnostics *diagnostics);
void diagnostics_free(struct diagnostics *diagnostics);

/* Add one; line and column from 1. */
__attribute__((format(printf, 4, 5))) void diagnostics_add(struct diagnostics *diagnostics,
							   size_t line, size_t column,
							   const char *format, ...);

/* Print all, ordered by their place, each once. */
void diagnostics_print(const struct diagnostics *diagnostics, FILE *stream);
