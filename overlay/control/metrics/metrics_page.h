/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A page of metrics as text: OpenMetrics 1.0, or Prometheus' older text format 0.0.4, which differ
 * in some names and in the last line. Whoever fills a page begins a family, then adds its values,
 * then begins the next one. When memory ends or the page becomes too long, the rest is left out and
 * the page is marked as failed: check metrics_page_end().
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum metrics_format {
	METRICS_OPEN, /* OpenMetrics */
	METRICS_TEXT, /* Prometheus */
};

enum metrics_type {
	METRICS_GAUGE,
	METRICS_COUNTER,   /* samples end in _total */
	METRICS_INFO,      /* samples end in _info, and their value is 1 */
	METRICS_HISTOGRAM, /* durations.h */
};

/* name has neither _total nor _info, and ends with the unit if there is one: "seconds", "bytes" or
 * "ratio". */
struct metrics_family {
	const char *name;
	enum metrics_type type;
	const char *unit; /* NULL: none */
	const char *help; /* one sentence */
};

struct metrics_page {
	enum metrics_format format;
	const struct metrics_family *family;
	char *text;
	size_t len, size;
	bool failed;
};

/* One that a sample has; a list ends with name NULL. */
struct metrics_label {
	const char *name, *value;
};

struct durations;

#define METRICS_LABELS(...)                                                                        \
	(const struct metrics_label[])                                                             \
	{                                                                                          \
		__VA_ARGS__,                                                                       \
		{                                                                                  \
			NULL, NULL                                                                 \
		}                                                                                  \
	}

void metrics_page_init(struct metrics_page *page, enum metrics_format format);
/* End the page. True when all of it is there. page->text belongs to the caller, also on failure. */
bool metrics_page_end(struct metrics_page *page);

/* family must live as long as values are added. */
void metrics_begin(struct metrics_page *page, const struct metrics_family *family);
/* labels: NULL, or a list as above. Values may be any bytes. */
void metrics_add(struct metrics_page *page, const struct metrics_label *labels, uint64_t value);
void metrics_add_real(struct metrics_page *page, const struct metrics_label *labels, double value);
/* A part of a whole, from 0 to 1. 0 of 0 is 0. */
void metrics_add_ratio(struct metrics_page *page, const struct metrics_label *labels, uint64_t part,
		       uint64_t whole);
void metrics_add_durations(struct metrics_page *page, const struct metrics_label *labels,
			   const struct durations *durations);

/* A family with one value and no labels. */
void metrics_one(struct metrics_page *page, const struct metrics_family *family, uint64_t value);
