/* SPDX-License-Identifier: BSD-3-Clause */

/* The figures that lay the same packets out differently and measure all dataplanes on them. */

#include "bench_figures.h"
#include "bench_machine.h"

static const uint16_t usual_sizes[] = {64, 92, 128, 256, 512, 1024, 1400, 4096, 8000};

static struct bench_shape shape_of(const struct bench_options *options, unsigned cores)
{
	return (struct bench_shape){
		.cipher = options->cipher,
		.cores = cores,
		.replay_window = options->replay_window,
		.paths = options->paths,
		.classes = 1,
	};
}

/* One point, told. */
static int point(const struct bench_options *options, struct bench_run *run,
		 const struct bench_figure *figure, enum bench_direction direction,
		 const struct bench_layout *layout, struct bench_report *report,
		 struct covey_error *error)
{
	struct bench_result results[BENCH_DATAPLANES_MAX];
	struct bench_row common = {
		.figure = figure->name,
		.direction = direction,
		.size = layout->size,
		.cores = run->shape.cores,
		.senders = 1,
		.headroom = layout->headroom,
		.segments = layout->segments,
	};
	double seconds = options->seconds > 0 ? options->seconds : figure->seconds;
	int rc;

	bench_report_progress(report, "%s, %s: %u bytes, %u cores, %u headroom, %u segments",
			      figure->name, direction == BENCH_ENCRYPT ? "encrypt" : "decrypt",
			      layout->size, run->shape.cores, layout->headroom, layout->segments);
	rc = bench_run_measure(run, direction, layout, seconds, results, error);
	if (rc < 0)
		return rc;
	if (layout->size == 0)
		common.size = (unsigned)(run->buffers[0].bytes / BENCH_PACKETS);
	return bench_report_results(report, figure->axis, &common, results, run->count, error);
}

static bool wanted(const struct bench_options *options, enum bench_direction direction)
{
	return direction == BENCH_ENCRYPT ? options->encrypt : options->decrypt;
}

static size_t sizes_of(const struct bench_options *options, const uint16_t *usual, size_t count,
		       const uint16_t **ret_sizes)
{
	*ret_sizes = options->size_count ? options->sizes : usual;
	return options->size_count ? options->size_count : count;
}

/* --- throughput ---------------------------------------------------------------------------- */

int bench_figure_throughput(const struct bench_options *options, struct bench_report *report,
			    struct covey_error *error)
{
	static const struct bench_figure sizes_figure = {
		.name = "throughput", .axis = BENCH_AXIS_SIZE, .seconds = 1};
	static const struct bench_figure mix_figure = {
		.name = "imix", .axis = BENCH_AXIS_SIZE, .seconds = 1};
	struct bench_shape shape = shape_of(options, 1);
	struct bench_run run;
	const uint16_t *sizes;
	size_t count = sizes_of(options, usual_sizes, RTE_DIM(usual_sizes), &sizes);
	int rc = bench_run_open(&run, &shape, options->set, error);

	if (rc < 0)
		return rc;
	for (unsigned direction = 0; direction < 2 && rc == 0; direction++) {
		struct bench_layout layout = {.segments = 1};

		if (!wanted(options, direction))
			continue;
		for (size_t i = 0; i < count && rc == 0; i++) {
			layout.size = sizes[i];
			rc = point(options, &run, &sizes_figure, direction, &layout, report, error);
		}
		layout.size = 0;
		if (rc == 0 && options->size_count == 0)
			rc = point(options, &run, &mix_figure, direction, &layout, report, error);
	}
	bench_run_close(&run);
	return rc;
}
