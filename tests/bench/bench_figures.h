/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The figures, one function each. */

#include "bench_report.h"

#define BENCH_SIZES_MAX 9000u

struct bench_options {
	unsigned set; /* dataplanes: bits by index of bench_dataplanes */
	bool encrypt; /* directions */
	bool decrypt;
	double seconds; /* for each point; 0: as the figure thinks fit */
	enum covey_cipher cipher;
	unsigned cores; /* at most; 0: all */
	uint32_t replay_window;
	unsigned paths;    /* VPE: windows of each core */
	size_t size_count; /* 0: as the figure thinks fit */
	uint16_t sizes[BENCH_SIZES_MAX];
};

struct bench_figure {
	const char *name;
	const char *text; /* for --help */
	enum bench_axis axis;
	double seconds; /* for each point */
	int (*run)(const struct bench_options *options, struct bench_report *report,
		   struct covey_error *error);
};

int bench_figure_throughput(const struct bench_options *options, struct bench_report *report,
			    struct covey_error *error);
int bench_figure_cores(const struct bench_options *options, struct bench_report *report,
		       struct covey_error *error);
int bench_figure_size(const struct bench_options *options, struct bench_report *report,
		      struct covey_error *error);
int bench_figure_headroom(const struct bench_options *options, struct bench_report *report,
			  struct covey_error *error);
