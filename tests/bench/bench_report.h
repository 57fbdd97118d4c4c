/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Telling what was measured: JSON lines, a table, a plot, and progress meanwhile. */

#include "bench_measure.h"
#include <stdbool.h>
#include <stddef.h>

/* What stands on the x axis of a figure, and what sets its rows apart in the table. */
enum bench_axis {
	BENCH_AXIS_SIZE,
	BENCH_AXIS_CORES,
	BENCH_AXIS_SENDERS,
	BENCH_AXIS_HEADROOM,
	BENCH_AXIS_DEPTH,
	BENCH_AXIS_RECEIVERS,
};

/* One figure of one dataplane. Zero where a field says nothing. */
struct bench_row {
	const char *figure;
	const char *dataplane;
	enum bench_direction direction;
	unsigned size; /* bytes; of a mix: the mean */
	unsigned cores;
	unsigned senders;
	unsigned windows;
	unsigned headroom;
	unsigned segments;
	uint64_t packets;
	double ns;
	double gbit;
	double raw_ns;
	/* The figures reorder and multicast alone. */
	unsigned replay_window;
	unsigned depth;
	uint64_t lost;
	unsigned receivers;
	unsigned burst;        /* the figure throughput alone */
	const char *key_scope; /* the figure senders alone */
	double one_core_ns;    /* the figure cores alone: of the same dataplane */
	double one_vni_ns;     /* the figure groups alone: of the same point */
	/* The figure gateway alone, shares: of the time that the generator waited for the program,
	 * and of its looks at which the program might have waited for it. */
	bool has_generator;
	double generator_idle;
	double starved;
};

struct bench_report {
	bool json;
	bool progress;
	const char *plot; /* file, .png or .svg; NULL: none */
	size_t count;
	size_t room;
	struct bench_row *rows;
};

/* Remember rows of one point, one for each dataplane, and tell them. -ENOMEM. */
int bench_report_add(struct bench_report *report, enum bench_axis axis,
		     const struct bench_row *rows, unsigned count, struct covey_error *error);
/* Rows of what bench_run_measure() found; common: the fields that they share. */
int bench_report_results(struct bench_report *report, enum bench_axis axis,
			 const struct bench_row *common, const struct bench_result *results,
			 unsigned count, struct covey_error *error);

/* What is being measured now, over the line before. */
void bench_report_progress(const struct bench_report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The end: erase progress, draw the plot. */
int bench_report_finish(struct bench_report *report, enum bench_axis axis,
			struct covey_error *error);
void bench_report_free(struct bench_report *report);
