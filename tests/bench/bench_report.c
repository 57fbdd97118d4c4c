/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench_report.h"
#include "bench_plot.h"
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- JSON ---------------------------------------------------------------------------------- */

static void tell_json(const struct bench_row *row)
{
	printf("{\"figure\": \"%s\", \"dataplane\": \"%s\", \"direction\": \"%s\", "
	       "\"size\": %u, \"cores\": %u, \"senders\": %u, \"windows\": %u, "
	       "\"headroom\": %u, \"segments\": %u, \"packets\": %llu, "
	       "\"ns_per_packet\": %.2f, \"gbit_s\": %.3f, ",
	       row->figure, row->dataplane, bench_direction_name(row->direction), row->size,
	       row->cores, row->senders, row->windows, row->headroom, row->segments,
	       (unsigned long long)row->packets, row->ns, row->gbit);
	if (row->raw_ns > 0)
		printf("\"raw_ns_per_packet\": %.2f", row->raw_ns);
	else
		printf("\"raw_ns_per_packet\": null");
	if (row->replay_window)
		printf(", \"replay_window\": %u, \"depth\": %u, \"lost\": %llu", row->replay_window,
		       row->depth, (unsigned long long)row->lost);
	if (row->one_core_ns > 0)
		printf(", \"one_core_ns_per_packet\": %.2f", row->one_core_ns);
	if (row->one_vni_ns > 0)
		printf(", \"one_vni_ns_per_packet\": %.2f", row->one_vni_ns);
	if (row->receivers)
		printf(", \"receivers\": %u", row->receivers);
	if (row->burst)
		printf(", \"burst\": %u", row->burst);
	if (row->key_scope)
		printf(", \"key_scope\": \"%s\"", row->key_scope);
	if (row->has_generator)
		printf(", \"generator_idle\": %.3f, \"starved\": %.3f", row->generator_idle,
		       row->starved);
	printf("}\n");
}

/* --- table --------------------------------------------------------------------------------- */

static const char *const axis_names[] = {
	[BENCH_AXIS_SIZE] = "size",       [BENCH_AXIS_CORES] = "cores",
	[BENCH_AXIS_SENDERS] = "senders", [BENCH_AXIS_HEADROOM] = "headroom",
	[BENCH_AXIS_DEPTH] = "depth",     [BENCH_AXIS_RECEIVERS] = "receivers",
};

unsigned bench_axis_value(enum bench_axis axis, const struct bench_row *row)
{
	switch (axis) {
	case BENCH_AXIS_SIZE:
		return row->size;
	case BENCH_AXIS_CORES:
		return row->cores;
	case BENCH_AXIS_SENDERS:
		return row->senders;
	case BENCH_AXIS_HEADROOM:
		return row->headroom;
	case BENCH_AXIS_DEPTH:
		return row->depth;
	case BENCH_AXIS_RECEIVERS:
		return row->receivers;
	}
	return 0;
}

const char *bench_axis_name(enum bench_axis axis)
{
	return axis_names[axis];
}

bool bench_rows_share_curve(const struct bench_row *a, const struct bench_row *b,
			    enum bench_axis axis)
{
	return strcmp(a->figure, b->figure) == 0 && a->direction == b->direction &&
	       a->segments == b->segments && a->replay_window == b->replay_window &&
	       (axis == BENCH_AXIS_SIZE || a->size == b->size) &&
	       (axis != BENCH_AXIS_SENDERS || a->windows / a->senders == b->windows / b->senders);
}

static const struct bench_row *row_of(const struct bench_row *rows, unsigned count,
				      const char *dataplane)
{
	for (unsigned i = 0; i < count; i++)
		if (strcmp(rows[i].dataplane, dataplane) == 0)
			return &rows[i];
	return NULL;
}

static void tell_head(enum bench_axis axis, const struct bench_row *rows, unsigned count)
{
	printf("\n%s, %s", rows->figure, bench_direction_name(rows->direction));
	if (axis != BENCH_AXIS_SIZE)
		printf(", %u bytes", rows->size);
	if (rows->segments == 2)
		printf(", in two segments");
	if (axis == BENCH_AXIS_SENDERS)
		printf(", windows of each sender: %u", rows->windows / rows->senders);
	if (rows->burst && rows->burst != BENCH_BURST)
		printf(", bursts of %u", rows->burst);
	if (rows->key_scope)
		printf(", key scope: %s", rows->key_scope);
	if (rows->replay_window)
		printf(", replay window %u: packets lost of %llu", rows->replay_window,
		       (unsigned long long)rows->packets);
	else
		printf(": ns a packet (Gbit/s)%s", axis == BENCH_AXIS_CORES ? ", times one core"
						   : rows->one_vni_ns > 0   ? ", times of one VNI"
									    : "");
	printf("\n%9s", axis_names[axis]);
	for (unsigned i = 0; i < count; i++)
		printf(" %18s", rows[i].dataplane);
	if (rows->has_generator)
		printf(" %10s %15s", "vpe/secgw", "generator idle");
	else if (row_of(rows, count, "vpe") && !rows->replay_window)
		printf(" %8s %8s", "vpe/raw", "vpe/rte");
	printf("\n");
}

/* Of throughputs: how many times as fast vpe is. */
static void tell_ratio(const struct bench_row *vpe, const struct bench_row *other, int width)
{
	if (vpe && other)
		printf(" %*.2f", width, other->ns / vpe->ns);
	else
		printf(" %*s", width, "-");
}

static void tell_cell(const struct bench_row *row)
{
	char text[32] = "-";

	if (row && row->replay_window)
		snprintf(text, sizeof(text), "%llu", (unsigned long long)row->lost);
	else if (row && row->cores > 1 && row->one_core_ns > 0)
		snprintf(text, sizeof(text), "%.1f (%.1f) %.2fx", row->ns, row->gbit,
			 row->one_core_ns / row->ns);
	else if (row && row->one_vni_ns > 0)
		snprintf(text, sizeof(text), "%.1f (%.1f) %.3fx", row->ns, row->gbit,
			 row->ns / row->one_vni_ns);
	else if (row)
		snprintf(text, sizeof(text), "%.1f (%.1f)", row->ns, row->gbit);
	printf(" %18s", text);
}

/* The first row of the curve to which the last count rows belong, if that is before them: its
 * point has the columns. */
static size_t head_of(const struct bench_report *report, enum bench_axis axis, unsigned count)
{
	size_t head = report->count - count;

	while (head > 0 && bench_rows_share_curve(&report->rows[head - 1],
						  &report->rows[report->count - count], axis))
		head--;
	return head;
}

static void tell_table(const struct bench_report *report, enum bench_axis axis, unsigned count)
{
	const struct bench_row *rows = &report->rows[report->count - count];
	const struct bench_row *head = &report->rows[head_of(report, axis, count)];
	const struct bench_row *vpe = row_of(rows, count, "vpe");
	unsigned columns = 1;

	while (head + columns < report->rows + report->count &&
	       bench_axis_value(axis, head + columns) == bench_axis_value(axis, head))
		columns++;
	if (head == rows)
		tell_head(axis, head, columns);
	printf("%9u", bench_axis_value(axis, rows));
	for (unsigned i = 0; i < columns; i++)
		tell_cell(row_of(rows, count, head[i].dataplane));
	if (rows->has_generator) {
		const struct bench_row *secgw = row_of(rows, count, "ipsec-secgw");

		tell_ratio(vpe, secgw, 10);
		printf(" %13.0f %%", rows->generator_idle * 100);
	} else if (vpe && !rows->replay_window) {
		tell_ratio(vpe, row_of(rows, count, "raw"), 8);
		tell_ratio(vpe, row_of(rows, count, "rte-ipsec"), 8);
	}
	printf("\n");
}

/* --- the report ---------------------------------------------------------------------------- */

static void erase_progress(const struct bench_report *report)
{
	if (report->progress)
		fprintf(stderr, "\r\033[K");
}

void bench_report_progress(const struct bench_report *report, const char *format, ...)
{
	va_list args;

	if (!report->progress)
		return;
	erase_progress(report);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fflush(stderr);
}

int bench_report_add(struct bench_report *report, enum bench_axis axis,
		     const struct bench_row *rows, unsigned count, struct covey_error *error)
{
	if (report->count + count > report->room) {
		size_t room = 2 * (report->room + count);
		struct bench_row *grown = realloc(report->rows, room * sizeof(*grown));

		if (!grown)
			return covey_error_set(error, -ENOMEM, "out of memory for results");
		report->rows = grown;
		report->room = room;
	}
	memcpy(report->rows + report->count, rows, count * sizeof(*rows));
	report->count += count;
	erase_progress(report);
	if (report->json)
		for (unsigned i = 0; i < count; i++)
			tell_json(&rows[i]);
	else if (count > 0)
		tell_table(report, axis, count);
	fflush(stdout);
	return 0;
}

int bench_report_results(struct bench_report *report, enum bench_axis axis,
			 const struct bench_row *common, const struct bench_result *results,
			 unsigned count, struct covey_error *error)
{
	struct bench_row rows[BENCH_DATAPLANES_MAX];
	double raw_ns = 0;

	for (unsigned i = 0; i < count; i++)
		if (results[i].dataplane == &bench_raw)
			raw_ns = results[i].ns;
	for (unsigned i = 0; i < count; i++) {
		rows[i] = *common;
		rows[i].dataplane = results[i].dataplane->name;
		if (results[i].windows || common->windows == 0)
			rows[i].windows = RTE_MAX(results[i].windows, 1u);
		rows[i].packets = results[i].packets;
		rows[i].ns = results[i].ns;
		rows[i].gbit = results[i].gbit;
		rows[i].one_core_ns = results[i].one_core_ns;
		rows[i].raw_ns = raw_ns;
	}
	return bench_report_add(report, axis, rows, count, error);
}

int bench_report_finish(struct bench_report *report, enum bench_axis axis,
			struct covey_error *error)
{
	erase_progress(report);
	if (!report->plot || report->count == 0)
		return 0;
	return bench_plot(report, axis, error);
}

void bench_report_free(struct bench_report *report)
{
	free(report->rows);
}
