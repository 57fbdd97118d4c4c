/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics_page.h"

#include <covey/limits.h>
#include <durations.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 16384

/* --- text ------------------------------------------------------------------------------------ */

/* Make room for len more bytes and a zero. */
static bool make_room(struct metrics_page *page, size_t len)
{
	size_t size = page->size ? page->size : FIRST_SIZE;
	char *grown;

	if (page->failed || page->len + len >= COVEY_METRICS_PAGE_MAX) {
		page->failed = true;
		return false;
	}
	if (page->len + len < page->size)
		return true;
	while (page->len + len >= size)
		size *= 2;
	grown = realloc(page->text, size);
	if (!grown) {
		page->failed = true;
		return false;
	}
	page->text = grown;
	page->size = size;
	return true;
}

static void put(struct metrics_page *page, const char *text, size_t len)
{
	if (!make_room(page, len))
		return;
	memcpy(page->text + page->len, text, len);
	page->len += len;
	page->text[page->len] = '\0';
}

static void say(struct metrics_page *page, const char *text)
{
	put(page, text, strlen(text));
}

__attribute__((format(printf, 2, 3))) static void print(struct metrics_page *page,
							const char *format, ...)
{
	char text[128];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len >= 0 && (size_t)len < sizeof(text))
		put(page, text, (size_t)len);
	else
		page->failed = true;
}

/* A label's value may be any UTF-8. Names of interfaces may be any bytes, so what is not ASCII is
 * shown as a question mark. */
static void put_quoted(struct metrics_page *page, const char *value)
{
	put(page, "\"", 1);
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			put(page, "\\", 1);
		if (*value == '\n')
			put(page, "\\n", 2);
		else
			put(page, *value >= ' ' && *value <= '~' ? value : "?", 1);
	}
	put(page, "\"", 1);
}

/* bound: NULL, or the last label, `le`. */
static void put_labels(struct metrics_page *page, const struct metrics_label *labels,
		       const char *bound)
{
	const char *mark = "{";

	for (; labels && labels->name; labels++) {
		say(page, mark);
		say(page, labels->name);
		put(page, "=", 1);
		put_quoted(page, labels->value);
		mark = ",";
	}
	if (bound) {
		say(page, mark);
		say(page, "le=");
		put_quoted(page, bound);
		mark = ",";
	}
	if (*mark == ',')
		put(page, "}", 1);
}

/* --- families -------------------------------------------------------------------------------- */

static const char *suffix_of(const struct metrics_family *family)
{
	static const char *const suffixes[] = {
		[METRICS_GAUGE] = "",
		[METRICS_COUNTER] = "_total",
		[METRICS_INFO] = "_info",
		[METRICS_HISTOGRAM] = "",
	};

	return suffixes[family->type];
}

static const char *type_name(const struct metrics_page *page, const struct metrics_family *family)
{
	static const char *const names[] = {
		[METRICS_GAUGE] = "gauge",
		[METRICS_COUNTER] = "counter",
		[METRICS_INFO] = "info",
		[METRICS_HISTOGRAM] = "histogram",
	};

	return page->format == METRICS_TEXT && family->type == METRICS_INFO ? "gauge"
									    : names[family->type];
}

static void describe(struct metrics_page *page, const char *what, const char *text)
{
	const struct metrics_family *family = page->family;

	say(page, "# ");
	say(page, what);
	put(page, " ", 1);
	say(page, family->name);
	/* OpenMetrics names a family without the suffix of its samples. */
	if (page->format == METRICS_TEXT)
		say(page, suffix_of(family));
	put(page, " ", 1);
	say(page, text);
	put(page, "\n", 1);
}

void metrics_begin(struct metrics_page *page, const struct metrics_family *family)
{
	page->family = family;
	describe(page, "TYPE", type_name(page, family));
	if (family->unit && page->format == METRICS_OPEN)
		describe(page, "UNIT", family->unit);
	describe(page, "HELP", family->help);
}

static void begin_sample(struct metrics_page *page, const char *suffix,
			 const struct metrics_label *labels, const char *bound)
{
	say(page, page->family->name);
	say(page, suffix);
	put_labels(page, labels, bound);
}

void metrics_add(struct metrics_page *page, const struct metrics_label *labels, uint64_t value)
{
	begin_sample(page, suffix_of(page->family), labels, NULL);
	print(page, " %" PRIu64 "\n", value);
}

void metrics_add_real(struct metrics_page *page, const struct metrics_label *labels, double value)
{
	begin_sample(page, suffix_of(page->family), labels, NULL);
	print(page, " %.12g\n", value);
}

void metrics_add_ratio(struct metrics_page *page, const struct metrics_label *labels, uint64_t part,
		       uint64_t whole)
{
	metrics_add_real(page, labels, whole ? (double)part / (double)whole : 0);
}

void metrics_add_durations(struct metrics_page *page, const struct metrics_label *labels,
			   const struct durations *durations)
{
	uint64_t count = 0;
	char bound[32];

	for (size_t i = 0; i < DURATIONS_BOUNDS; i++) {
		count += durations->counts[i];
		/* OpenMetrics wants 1.0, not 1. */
		snprintf(bound, sizeof(bound), durations_bounds_ms[i] % 1000 ? "%g" : "%.1f",
			 durations_bounds_ms[i] / 1000.0);
		begin_sample(page, "_bucket", labels, bound);
		print(page, " %" PRIu64 "\n", count);
	}
	count += durations->counts[DURATIONS_BOUNDS];
	begin_sample(page, "_bucket", labels, "+Inf");
	print(page, " %" PRIu64 "\n", count);
	begin_sample(page, "_sum", labels, NULL);
	print(page, " %.12g\n", (double)durations->sum_ms / 1000);
	begin_sample(page, "_count", labels, NULL);
	print(page, " %" PRIu64 "\n", count);
}

void metrics_one(struct metrics_page *page, const struct metrics_family *family, uint64_t value)
{
	metrics_begin(page, family);
	metrics_add(page, NULL, value);
}

/* --- life ------------------------------------------------------------------------------------ */

void metrics_page_init(struct metrics_page *page, enum metrics_format format)
{
	*page = (struct metrics_page){.format = format};
}

bool metrics_page_end(struct metrics_page *page)
{
	if (page->format == METRICS_OPEN)
		say(page, "# EOF\n");
	return !page->failed;
}
