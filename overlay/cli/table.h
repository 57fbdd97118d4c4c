/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Text in aligned columns.
 */

#include <stddef.h>
#include <stdio.h>

struct table;

/* columns: names, NULL-terminated; one that begins with '>' is aligned right. NULL: no memory. */
struct table *table_new(const char *const *columns);

/* Add the next cell, row by row. A NULL table is fine: table_print() then says what is wrong. */
__attribute__((format(printf, 2, 3))) void table_cell(struct table *table, const char *format, ...);

/* Print the table with its head, or `empty` when it has no rows; free it. */
void table_print(struct table *table, const char *empty, FILE *stream);
