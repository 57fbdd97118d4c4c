/* SPDX-License-Identifier: BSD-3-Clause */
#include "suggest.h"

#include <covey/limits.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define WORD_MAX COVEY_NAME_MAX /* longer words get no suggestion */

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return least < c ? least : c;
}

/* Levenshtein's distance. Case is ignored, and a swap of two neighbours counts as one. Both words
 * have at most WORD_MAX bytes. */
static unsigned edit_distance(const char *a, const char *b)
{
	unsigned rows[3][WORD_MAX + 1];
	unsigned *before = rows[0], *above = rows[1], *row = rows[2];
	size_t len_a = strlen(a), len_b = strlen(b);

	for (size_t j = 0; j <= len_b; j++)
		above[j] = before[j] = (unsigned)j;
	for (size_t i = 1; i <= len_a; i++) {
		unsigned *spare = before;

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= len_b; j++) {
			int x = tolower((unsigned char)a[i - 1]);
			int y = tolower((unsigned char)b[j - 1]);

			row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
			    y == tolower((unsigned char)a[i - 2]))
				row[j] = min3(row[j], row[j], before[j - 2] + 1);
		}
		before = above;
		above = row;
		row = spare;
	}
	return above[len_b];
}

struct suggestion suggestion_start(const char *word)
{
	/* A third of the word may be wrong, and at least one letter. */
	return (struct suggestion){.word = word, .distance = (unsigned)strlen(word) / 3 + 2};
}

void suggestion_try(struct suggestion *suggestion, const char *candidate)
{
	size_t len = strlen(suggestion->word), candidate_len = strlen(candidate);
	size_t difference = len > candidate_len ? len - candidate_len : candidate_len - len;
	unsigned distance;

	if (len > WORD_MAX || candidate_len > WORD_MAX || difference >= suggestion->distance)
		return;
	distance = edit_distance(suggestion->word, candidate);
	if (distance < suggestion->distance) {
		suggestion->distance = distance;
		suggestion->best = candidate;
	}
}

const char *suggestion_format(const struct suggestion *suggestion, char *buf)
{
	buf[0] = '\0';
	if (suggestion->best)
		snprintf(buf, SUGGESTION_SIZE, " (did you mean %s?)", suggestion->best);
	return buf;
}
