/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Rates as a person reads them: a page of a terminal, or lines.
 */

#include <jansson.h>
#include <stdio.h>

enum monitor_sort { MONITOR_BY_RATE, MONITOR_BY_OUT, MONITOR_BY_IN, MONITOR_BY_NAME };

/* "rate", "out", "in" or "name". Returns -1 when it is none. */
int monitor_sort_find(const char *name);
const char *monitor_sort_name(enum monitor_sort sort);

/* Sort the rows of all lists in what monitor_rates() returned. */
void monitor_sort_rows(json_t *rates, enum monitor_sort sort);

/* Drops as they happened, the last first. */
struct monitor_events {
	char lines[16][128];
	size_t count;
};

/* Add the drops of these rates; at: the time, such as "12:03:04". */
void monitor_note_drops(struct monitor_events *events, const json_t *rates, const char *at);

struct monitor_size {
	unsigned lines, columns;
};

/*
 * The whole page, no more than size. message: what is to be said above, or NULL; rates: NULL until
 * there are some.
 */
void monitor_page(FILE *stream, const json_t *rates, const struct monitor_events *events,
		  enum monitor_sort sort, const char *message, struct monitor_size size);

/* A line for each row and drop, which begins with at. */
void monitor_lines(FILE *stream, const json_t *rates, const char *at);
