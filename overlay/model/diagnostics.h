/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Everything that is wrong with a file, each mistake with its place, in the form
 *
 *     inventory.yaml:12:7: unknown variable covey_vnis (did you mean covey_vtep?)
 *       12 |       covey_vnis: 5
 *          |       ^
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct diagnostic {
	size_t line;   /* from 1; 0: the file as a whole */
	size_t column; /* from 1, in characters */
	char *message;
};

struct diagnostics {
	char *file;
	char *text; /* the file's own text, for quoting */
	size_t text_len;
	struct diagnostic *items; /* in order of their place, each once */
	size_t count;
	size_t omitted;     /* beyond COVEY_DIAGNOSTICS_MAX */
	bool out_of_memory; /* something was lost: the file cannot be called good */
};

void diagnostics_init(struct diagnostics *diagnostics);
void diagnostics_free(struct diagnostics *diagnostics);

/* Name the file and keep a copy of its text; forgets what was there. Returns 0 or -ENOMEM. */
int diagnostics_set_source(struct diagnostics *diagnostics, const char *file, const char *text,
			   size_t len);

/* Add one; line and column from 1. */
__attribute__((format(printf, 4, 5))) void diagnostics_add(struct diagnostics *diagnostics,
							   size_t line, size_t column,
							   const char *format, ...);

/* Print all. */
void diagnostics_print(const struct diagnostics *diagnostics, FILE *stream);
