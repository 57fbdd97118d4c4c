/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Replaces tables in place, as text. Chains that stay are emptied and filled in one transaction. A
 * chain that is deleted and added anew is called twice for a moment (Linux 6.18): the kernel calls
 * the old one, without the elements of its sets, until it has taken its hook away, and by then it
 * also calls the new one. A packet that the first has let pass, and has taken the token from, the
 * second drops. Pure.
 */

#include <stdbool.h>
#include <stdio.h>

/* True if the same tables stand, with the same flags. */
bool guard_replace_fits(const char *tables, const char *standing);

/* Write the transaction after which these tables are there and nothing else of what stands. Sets
 * that count (own_rules.h) keep what they have counted. */
void guard_replace_write(FILE *stream, const char *tables, const char *standing);
