/* SPDX-License-Identifier: BSD-3-Clause */
#include "monitor_page.h"

#include <stdlib.h>
#include <string.h>

#include "drop_text.h"
#include "json_text.h"

#define NAME_MAX_SHOWN 28
#define LINES_MAX      50 /* of each list, where nothing is a page */

static const char *const sort_names[] = {"rate", "out", "in", "name"};

int monitor_sort_find(const char *name)
{
	for (int i = 0; i < (int)(sizeof(sort_names) / sizeof(sort_names[0])); i++)
		if (strcmp(sort_names[i], name) == 0)
			return i;
	return -1;
}

const char *monitor_sort_name(enum monitor_sort sort)
{
	return sort_names[sort];
}

/* --- order ----------------------------------------------------------------------------------- */

/* The lists of rows, and what a row's name is called there. */
static const struct list {
	const char *part, *key, *title;
} lists[] = {
	{"groups", "group", "GROUP"}, {"peers", "host", "PEER"}, {"classes", "class", "CLASS"}};

#define LISTS (sizeof(lists) / sizeof(lists[0]))

static double number(const json_t *row, const char *key)
{
	return json_number_value(json_object_get(row, key));
}

static const char *row_name(const json_t *row)
{
	for (size_t i = 0; i < LISTS; i++)
		if (json_object_get(row, lists[i].key))
			return field_text(row, lists[i].key);
	return "-";
}

static double weight(const json_t *row, enum monitor_sort sort)
{
	return (sort == MONITOR_BY_IN ? 0 : number(row, "out")) +
	       (sort == MONITOR_BY_OUT ? 0 : number(row, "in"));
}

static int compare(const void *a, const void *b, void *arg)
{
	const json_t *first = *(json_t *const *)a, *second = *(json_t *const *)b;
	const enum monitor_sort sort = *(const enum monitor_sort *)arg;
	double difference = weight(second, sort) - weight(first, sort);

	if (sort != MONITOR_BY_NAME && difference != 0)
		return difference < 0 ? -1 : 1;
	return strcmp(row_name(first), row_name(second));
}

static json_t *sorted(const json_t *rows, enum monitor_sort sort)
{
	size_t count = json_array_size(rows), i;
	json_t **order = calloc(count + 1, sizeof(json_t *)), *list = json_array(), *row;

	if (order)
		json_array_foreach(rows, i, row)
			order[i] = row;
	if (order)
		qsort_r(order, count, sizeof(json_t *), compare, &sort);
	for (i = 0; order && i < count; i++)
		json_array_append(list, order[i]);
	free(order);
	return list;
}

void monitor_sort_rows(json_t *rates, enum monitor_sort sort)
{
	for (size_t i = 0; i < LISTS; i++)
		json_object_set_new(rates, lists[i].part,
				    sorted(json_object_get(rates, lists[i].part), sort));
}

/* --- words ----------------------------------------------------------------------------------- */

/* "950", "12.3k", "4.56M" */
static const char *short_number(double value, char buf[16])
{
	static const char units[] = " kMGTPE";
	size_t unit = 0;

	while (value >= 9999.5 && units[unit + 1] != '\0') {
		value /= 1000;
		unit++;
	}
	if (unit == 0)
		snprintf(buf, 16, "%.0f", value);
	else
		snprintf(buf, 16, value < 100 ? "%.1f%c" : "%.0f%c", value, units[unit]);
	return buf;
}

static const char *meaning(const json_t *drop)
{
	const char *text = strcmp(field_text(drop, "by"), "guard") == 0
				   ? "dropped by the guard"
				   : drop_text(field_text(drop, "reason"));

	return text ? text : "";
}

void monitor_note_drops(struct monitor_events *events, const json_t *rates, const char *at)
{
	const size_t max = sizeof(events->lines) / sizeof(events->lines[0]);
	const json_t *drop;
	size_t i;

	json_array_foreach(json_object_get(rates, "drops"), i, drop) {
		memmove(events->lines[1], events->lines[0], sizeof(events->lines[0]) * (max - 1));
		snprintf(events->lines[0], sizeof(events->lines[0]),
			 "%s %8" JSON_INTEGER_FORMAT " %.40s: %.60s", at,
			 field_number(drop, "packets"), field_text(drop, "reason"), meaning(drop));
		if (events->count < max)
			events->count++;
	}
}

/* --- a page ---------------------------------------------------------------------------------- */

/* What is left of a page. */
struct page {
	FILE *stream;
	struct monitor_size size;
};

/* Each line ends at the page's edge. The terminal clears what was there behind it. */
__attribute__((format(printf, 2, 3))) static void line(struct page *page, const char *format, ...)
{
	char text[256];
	va_list args;

	if (page->size.lines == 0)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(page->stream, "%.*s\033[K", (int)page->size.columns, text);
	if (--page->size.lines > 0)
		fprintf(page->stream, "\n");
}

static void print_list(struct page *page, const json_t *rates, const struct list *list,
		       unsigned lines)
{
	const json_t *rows = json_object_get(rates, list->part), *row;
	const size_t count = json_array_size(rows);
	char out[16], in[16];
	size_t i;

	if (lines < 2 || count == 0)
		return;
	line(page, "%-*s %10s %10s", NAME_MAX_SHOWN, list->title,
	     strcmp(list->part, "peers") == 0 ? "" : "OUT/s", "IN/s");
	lines -= count > lines - 1 ? 2 : 1;
	json_array_foreach(rows, i, row) {
		if (i == lines)
			break;
		line(page, "%-*.*s %10s %10s", NAME_MAX_SHOWN, NAME_MAX_SHOWN, row_name(row),
		     strcmp(list->part, "peers") == 0 ? "" : short_number(number(row, "out"), out),
		     short_number(number(row, "in"), in));
	}
	if (count > lines)
		line(page, "and %zu more", count - lines);
}

static void print_totals(struct page *page, const json_t *rates)
{
	const json_t *total = json_object_get(rates, "total");
	char out[16], in[16], out_bits[16], in_bits[16], dropped[16];

	line(page, "out %s/s, %sbit/s   in %s/s, %sbit/s   dropped %s/s",
	     short_number(number(total, "out"), out),
	     short_number(number(total, "out_bits"), out_bits),
	     short_number(number(total, "in"), in), short_number(number(total, "in_bits"), in_bits),
	     short_number(number(total, "dropped"), dropped));
}

static void print_drops(struct page *page, const struct monitor_events *events)
{
	line(page, "%s",
	     events->count ? "DROPPED, the last first" : "Nothing was dropped meanwhile.");
	for (size_t i = 0; i < events->count; i++)
		line(page, "%s", events->lines[i]);
}

void monitor_page(FILE *stream, const json_t *rates, const struct monitor_events *events,
		  enum monitor_sort sort, const char *message, struct monitor_size size)
{
	struct page page = {.stream = stream, .size = size};
	unsigned share;

	fprintf(stream, "\033[H");
	line(&page, "%s  by %s; keys: q quit, sort by r rate, o out, i in, n name",
	     rates ? field_text(rates, "host") : "covey", monitor_sort_name(sort));
	if (message)
		line(&page, "%s", message);
	if (rates) {
		print_totals(&page, rates);
		/* Drops have a quarter, and what the lists leave. */
		share = page.size.lines * 3 / 4 / LISTS;
		for (size_t i = 0; i < LISTS; i++)
			print_list(&page, rates, &lists[i], share);
		print_drops(&page, events);
	}
	fprintf(stream, "\033[J");
}

/* --- lines ----------------------------------------------------------------------------------- */

void monitor_lines(FILE *stream, const json_t *rates, const char *at)
{
	const json_t *total = json_object_get(rates, "total"), *row;
	size_t i;

	fprintf(stream, "%s total out %.1f in %.1f out_bits %.0f in_bits %.0f dropped %.1f\n", at,
		number(total, "out"), number(total, "in"), number(total, "out_bits"),
		number(total, "in_bits"), number(total, "dropped"));
	for (size_t list = 0; list < LISTS; list++)
		json_array_foreach(json_object_get(rates, lists[list].part), i, row) {
			if (i == LINES_MAX)
				break;
			fprintf(stream, "%s %s %s", at, list == 1 ? "peer" : lists[list].key,
				row_name(row));
			if (list != 1)
				fprintf(stream, " out %.1f", number(row, "out"));
			fprintf(stream, " in %.1f\n", number(row, "in"));
		}
	json_array_foreach(json_object_get(rates, "drops"), i, row)
		fprintf(stream, "%s drop " FIELD_NUMBER " %s: %s\n", at,
			field_number(row, "packets"), field_text(row, "reason"), meaning(row));
}
