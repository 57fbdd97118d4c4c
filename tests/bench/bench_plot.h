/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* A picture of a report, by gnuplot. */

#include "bench_report.h"

/* Can path be drawn? .png and .svg can. */
bool bench_plot_knows(const char *path);
/* To be asked before minutes are spent on measuring. -ENOENT: no gnuplot. */
int bench_plot_ready(const char *path, struct covey_error *error);
/* -EIO: gnuplot failed, and said why on stderr. */
int bench_plot(const struct bench_report *report, enum bench_axis axis, struct covey_error *error);

/* --- what report.c knows of rows ----------------------------------------------------------- */

unsigned bench_axis_value(enum bench_axis axis, const struct bench_row *row);
const char *bench_axis_name(enum bench_axis axis);
/* Points of one curve, but for the dataplane. */
bool bench_rows_share_curve(const struct bench_row *a, const struct bench_row *b,
			    enum bench_axis axis);
