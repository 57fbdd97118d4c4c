/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench_plot.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define DOTS_MAX 100u

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len > end_len && strcmp(text + len - end_len, end) == 0;
}

bool bench_plot_knows(const char *path)
{
	return ends_with(path, ".png") || ends_with(path, ".svg");
}

static bool same_curve(const struct bench_row *a, const struct bench_row *b, enum bench_axis axis)
{
	return strcmp(a->dataplane, b->dataplane) == 0 && bench_rows_share_curve(a, b, axis);
}

static bool is_first(const struct bench_report *report, size_t index, enum bench_axis axis)
{
	for (size_t i = 0; i < index; i++)
		if (same_curve(&report->rows[i], &report->rows[index], axis))
			return false;
	return true;
}

/* Times where packets are small and few things change; rates for the rest. */
static bool draws_time(const struct bench_row *row, enum bench_axis axis)
{
	return axis == BENCH_AXIS_HEADROOM || axis == BENCH_AXIS_RECEIVERS ||
	       strcmp(row->figure, "size") == 0;
}

static double value_of(const struct bench_row *row, enum bench_axis axis)
{
	if (row->replay_window)
		return (double)row->lost;
	return draws_time(row, axis) ? row->ns : row->gbit;
}

static void write_title(FILE *out, const struct bench_row *row, enum bench_axis axis)
{
	fprintf(out, "%s %s", row->dataplane, bench_direction_name(row->direction));
	if (axis != BENCH_AXIS_SIZE)
		fprintf(out, " %u B", row->size);
	if (row->segments == 2)
		fprintf(out, ", two segments");
	if (axis == BENCH_AXIS_SENDERS)
		fprintf(out, ", %u windows", row->windows / row->senders);
	if (row->replay_window)
		fprintf(out, ", window %u", row->replay_window);
	if (row->burst && row->burst != BENCH_BURST)
		fprintf(out, ", bursts of %u", row->burst);
	if (row->key_scope)
		fprintf(out, ", key scope %s", row->key_scope);
}

/* The name of a file in gnuplot's single quotes. */
static void write_quoted(FILE *out, const char *text)
{
	fputc('\'', out);
	for (; *text; text++) {
		if (*text == '\'')
			fputc('\'', out);
		fputc(*text, out);
	}
	fputc('\'', out);
}

static void write_curve(FILE *out, const struct bench_report *report, size_t first,
			enum bench_axis axis)
{
	fprintf(out, "$curve%zu << EOD\n", first);
	for (size_t i = first; i < report->count; i++)
		if (same_curve(&report->rows[first], &report->rows[i], axis))
			fprintf(out, "%u %.4f\n", bench_axis_value(axis, &report->rows[i]),
				value_of(&report->rows[i], axis));
	fprintf(out, "EOD\n");
}

/* A thousand dots hide their line, and make a picture of a megabyte. */
static const char *style_of(const struct bench_report *report, size_t first, enum bench_axis axis)
{
	unsigned points = 0;

	for (size_t i = first; i < report->count; i++)
		points += same_curve(&report->rows[first], &report->rows[i], axis);
	return points > DOTS_MAX ? "lines" : "linespoints";
}

static void write_script(FILE *out, const struct bench_report *report, enum bench_axis axis)
{
	const struct bench_row *row = report->rows;
	const char *separator = "plot";
	const char *y = row->replay_window      ? "packets lost"
			: draws_time(row, axis) ? "ns a packet"
						: "Gbit/s";

	fprintf(out, "set terminal %s\nset output ",
		ends_with(report->plot, ".png") ? "png size 1200,800" : "svg size 1200,800");
	write_quoted(out, report->plot);
	fprintf(out, "\nset title '%s'\nset xlabel '%s'\nset ylabel '%s'\n", row->figure,
		bench_axis_name(axis), y);
	fprintf(out, "set key outside below\nset grid\nset yrange [0:*]\n");
	if (axis == BENCH_AXIS_SENDERS || axis == BENCH_AXIS_RECEIVERS)
		fprintf(out, "set logscale x 2\n");
	for (size_t i = 0; i < report->count; i++)
		if (is_first(report, i, axis))
			write_curve(out, report, i, axis);
	for (size_t i = 0; i < report->count; i++) {
		if (!is_first(report, i, axis))
			continue;
		fprintf(out, "%s $curve%zu with %s title '", separator, i,
			style_of(report, i, axis));
		write_title(out, &report->rows[i], axis);
		fprintf(out, "'");
		separator = ",";
	}
	fprintf(out, "\n");
}

int bench_plot_ready(const char *path, struct covey_error *error)
{
	FILE *gnuplot = popen("exec gnuplot --version >/dev/null 2>&1", "r");

	if (!gnuplot || pclose(gnuplot) != 0)
		return covey_error_set(error, -ENOENT,
				       "%s cannot be drawn: install gnuplot (gnuplot-nox)", path);
	return 0;
}

int bench_plot(const struct bench_report *report, enum bench_axis axis, struct covey_error *error)
{
	FILE *gnuplot = popen("exec gnuplot", "w");

	if (!gnuplot)
		return covey_error_set(error, -errno, "cannot start gnuplot: %s", strerror(errno));
	write_script(gnuplot, report, axis);
	if (pclose(gnuplot) != 0)
		return covey_error_set(error, -EIO, "%s was not drawn: gnuplot failed",
				       report->plot);
	return 0;
}
