/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * "Did you mean": the candidate nearest to a misspelled word.
 */

#include <stddef.h>

struct suggestion {
	const char *word; /* what was written */
	const char *best; /* NULL: nothing is near */
	unsigned distance;
};

struct suggestion suggestion_start(const char *word);
void suggestion_try(struct suggestion *suggestion, const char *candidate);

#define SUGGESTION_SIZE 96

/* " (did you mean X?)" or "", in buf (SUGGESTION_SIZE bytes). Returns buf. */
const char *suggestion_format(const struct suggestion *suggestion, char *buf);
