/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Text in aligned columns.
 */

#include <stddef.h>
#include <stdio.h>

struct table;

/* columns: their names, then NULL. A column whose name begins with '>' is aligned right. NULL when
 * there is no memory. */
struct table *table_new(const char *const *columns);

/* Add the next cell; cells come row by row. table may be NULL: then table_print() says what is
 * wrong. */
__attribute__((format(printf, 2, 3))) void table_cell(struct table *table, const char *format, ...);

/* Print the table with its column names, or `empty` if it has no rows. Then free it. */
void table_print(struct table *table, const char *empty, FILE *stream);
