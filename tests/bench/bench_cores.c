/* SPDX-License-Identifier: BSD-3-Clause */

/* By number of cores: all of them busy at once, in turns with one of them alone, so that what the
 * machine gives meanwhile falls out of their ratio. */

#include "bench_figures.h"
#include "bench_machine.h"
#include <stdio.h>

static double ns_of(const struct bench_run *run, const struct bench_result *results,
		    const struct bench_dataplane *dataplane)
{
	for (unsigned i = 0; i < run->count; i++)
		if (results[i].dataplane == dataplane)
			return results[i].ns;
	return 0;
}

/* runs: of the cores, and when that is another, of one core. */
static int measure(struct bench_run *runs, unsigned run_count, enum bench_direction direction,
		   const struct bench_layout *layout, double seconds, struct bench_result *results,
		   struct covey_error *error)
{
	struct bench_result one_results[BENCH_DATAPLANES_MAX];
	struct bench_result *turn_results[] = {results, one_results};
	struct bench_run *turns[] = {&runs[0], &runs[1]};
	unsigned one = run_count - 1;
	int status = bench_runs_measure(turns, run_count, direction, layout, seconds, turn_results,
					error);

	for (unsigned i = 0; i < runs[0].count && status == 0; i++)
		results[i].one_core_ns = ns_of(turns[one], turn_results[one], results[i].dataplane);
	return status;
}

static int open_runs(const struct bench_options *options, unsigned cores, struct bench_run *runs,
		     unsigned *ret_count, struct covey_error *error)
{
	struct bench_list list = bench_selected(options);
	unsigned counts[] = {cores, 1}, count = cores > 1 ? 2 : 1;

	for (unsigned i = 0; i < count; i++) {
		struct bench_shape shape = bench_shape_of(options, counts[i]);
		int status = bench_run_open(&runs[i], &shape, list.dataplanes, error);

		if (status < 0) {
			while (i > 0)
				bench_run_close(&runs[--i]);
			return status;
		}
	}
	*ret_count = count;
	return 0;
}

static int point(const struct bench_figure *figure, const struct bench_options *options,
		 enum bench_direction direction, uint16_t size, unsigned cores,
		 struct bench_report *report, struct covey_error *error)
{
	struct bench_layout layout = {.size = size, .segments = 1};
	struct bench_result results[BENCH_DATAPLANES_MAX];
	struct bench_run runs[BENCH_RUNS_MAX];
	struct bench_row common = {
		.figure = figure->name,
		.direction = direction,
		.size = size,
		.cores = cores,
		.senders = 1,
		.segments = 1,
	};
	unsigned run_count;
	int status = open_runs(options, cores, runs, &run_count, error);

	if (status < 0)
		return status;
	bench_report_progress(report, "%s, %s: size %u, cores %u", figure->name,
			      bench_direction_name(direction), size, cores);
	status = measure(runs, run_count, direction, &layout, bench_seconds(figure, options),
			 results, error);
	if (status == 0)
		status = bench_report_results(report, figure->axis, &common, results, runs[0].count,
					      error);
	while (run_count > 0)
		bench_run_close(&runs[--run_count]);
	return status;
}

int bench_figure_cores(const struct bench_figure *figure, const struct bench_options *options,
		       struct bench_report *report, struct covey_error *error)
{
	static const uint16_t usual_sizes[] = {92, 1400};
	struct bench_sizes sizes = bench_sizes_of(options, usual_sizes, RTE_DIM(usual_sizes));
	int status = 0;

	if (bench_machine_cores() == 1)
		fprintf(stderr, "covey-bench: no second core: measured with one\n");
	for (unsigned direction = BENCH_ENCRYPT; direction <= BENCH_DECRYPT; direction++)
		for (size_t i = 0; i < sizes.count; i++)
			for (unsigned cores = 1; cores <= options->cores && status == 0; cores++)
				if (options->directions & BENCH_DIRECTION(direction))
					status = point(figure, options, direction, sizes.sizes[i],
						       cores, report, error);
	return status;
}
