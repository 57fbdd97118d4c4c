/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Inventories as text, and what is said about them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "inventory.h"

struct mistake {
	const char *title;
	const char *text;
	const char *expected; /* "LINE:COLUMN: MESSAGE\n" each; without LINE: for the whole file */
};

/* Fail unless the text's diagnostics are exactly the expected ones. */
void mistake_check(const struct mistake *mistake);

/* A good inventory; prints why and fails when it is not. */
struct inventory *inventory_good(const char *text);

/* The text as diagnostics_print() writes it, to be freed. */
char *diagnostics_text(const struct diagnostics *diagnostics);
