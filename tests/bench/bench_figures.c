/* SPDX-License-Identifier: BSD-3-Clause */

/* What figures share, and the plain ones: all dataplanes, the packets laid out differently. */

#include "bench_figures.h"
#include "bench_machine.h"
#include <stdio.h>

#define REPLAY_WINDOW 1024u

static const uint16_t usual_sizes[] = {64, 92, 128, 256, 512, 1024, 1400, 4096, 8000};

/* --- what they share ----------------------------------------------------------------------- */

bool bench_is_selected(const struct bench_options *options, const struct bench_dataplane *dataplane)
{
	for (unsigned i = 0; bench_dataplanes[i]; i++)
		if (bench_dataplanes[i] == dataplane)
			return options->set >> i & 1;
	return false;
}

struct bench_list bench_selected(const struct bench_options *options)
{
	struct bench_list list = {0};
	unsigned count = 0;

	for (unsigned i = 0; bench_dataplanes[i]; i++)
		if (options->set >> i & 1)
			list.dataplanes[count++] = bench_dataplanes[i];
	return list;
}

struct bench_shape bench_shape_of(const struct bench_options *options, unsigned cores)
{
	uint32_t window = options->replay_window ? options->replay_window : REPLAY_WINDOW;

	/* One window of ESP's serves all cores: what they have under way when one of them does not
	 * get its turn must fit, and librte_ipsec's holds a little less than it says. */
	if (cores > 1)
		window = RTE_MAX(window, rte_align32pow2(2 * cores * BENCH_PACKETS));
	return (struct bench_shape){
		.cipher = options->cipher,
		.key_scope = options->key_scope ? options->key_scope : COVEY_KEY_SCOPE_SENDER,
		.cores = cores,
		.burst = options->burst ? options->burst : BENCH_BURST,
		.replay_window = window,
		.paths = options->paths,
		.classes = 1,
	};
}

struct bench_sizes bench_sizes_of(const struct bench_options *options, const uint16_t *usual,
				  size_t count)
{
	if (options->size_count)
		return (struct bench_sizes){options->sizes, options->size_count};
	return (struct bench_sizes){usual, count};
}

double bench_seconds(const struct bench_figure *figure, const struct bench_options *options)
{
	return options->seconds > 0 ? options->seconds : figure->seconds;
}

int bench_point(const struct bench_figure *figure, const struct bench_options *options,
		struct bench_run *run, enum bench_direction direction,
		const struct bench_layout *layout, struct bench_report *report,
		struct covey_error *error)
{
	struct bench_result results[BENCH_DATAPLANES_MAX];
	unsigned senders = RTE_MAX(run->shape.senders, 1u);
	struct bench_row common = {
		.figure = layout->size ? figure->name : "imix",
		.direction = direction,
		.size = layout->size,
		.cores = run->shape.cores,
		.senders = senders,
		.windows = senders * run->shape.windows,
		.headroom = layout->headroom,
		.segments = layout->segments,
		.receivers = run->shape.receivers,
	};
	int status;

	if (figure->traits & BENCH_TAKES_BURST)
		common.burst = run->shape.burst;
	if (figure->traits & BENCH_TAKES_KEY_SCOPE)
		common.key_scope = covey_key_scope_name(run->shape.key_scope);
	bench_report_progress(report,
			      "%s, %s: size %u, cores %u, senders %u, headroom %u, segments %u",
			      common.figure, bench_direction_name(direction), common.size,
			      common.cores, senders, common.headroom, common.segments);
	status = bench_run_measure(run, direction, layout, bench_seconds(figure, options), results,
				   error);
	if (status < 0)
		return status;
	if (layout->size == 0)
		common.size = (unsigned)(run->buffers[0].bytes / BENCH_PACKETS);
	return bench_report_results(report, figure->axis, &common, results, run->count, error);
}

/* All of these sizes in all directions. */
static int points(const struct bench_figure *figure, const struct bench_options *options,
		  struct bench_run *run, struct bench_layout layout, struct bench_sizes sizes,
		  struct bench_report *report, struct covey_error *error)
{
	int status = 0;

	for (unsigned direction = BENCH_ENCRYPT; direction <= BENCH_DECRYPT; direction++)
		for (size_t i = 0; i < sizes.count && status == 0; i++) {
			if (!(options->directions & BENCH_DIRECTION(direction)))
				continue;
			layout.size = sizes.sizes[i];
			status = bench_point(figure, options, run, direction, &layout, report,
					     error);
		}
	return status;
}

/* --- by size ------------------------------------------------------------------------------- */

int bench_figure_throughput(const struct bench_figure *figure, const struct bench_options *options,
			    struct bench_report *report, struct covey_error *error)
{
	static const uint16_t mix[] = {0};
	struct bench_sizes sizes = bench_sizes_of(options, usual_sizes, RTE_DIM(usual_sizes));
	struct bench_shape shape = bench_shape_of(options, 1);
	struct bench_list list = bench_selected(options);
	struct bench_layout layout = {.segments = 1};
	struct bench_run run;
	int status = bench_run_open(&run, &shape, list.dataplanes, error);

	if (status < 0)
		return status;
	status = points(figure, options, &run, layout, sizes, report, error);
	if (status == 0 && options->size_count == 0)
		status = points(figure, options, &run, layout, (struct bench_sizes){mix, 1}, report,
				error);
	bench_run_close(&run);
	return status;
}

int bench_figure_size(const struct bench_figure *figure, const struct bench_options *options,
		      struct bench_report *report, struct covey_error *error)
{
	uint16_t every_size[2048 - BENCH_SIZE_MIN + 1];
	struct bench_shape shape = bench_shape_of(options, 1);
	struct bench_list list = bench_selected(options);
	struct bench_layout layout = {.segments = 1};
	struct bench_run run;
	int status;

	for (unsigned i = 0; i < RTE_DIM(every_size); i++)
		every_size[i] = (uint16_t)(BENCH_SIZE_MIN + i);
	status = bench_run_open(&run, &shape, list.dataplanes, error);
	if (status < 0)
		return status;
	status = points(figure, options, &run, layout,
			bench_sizes_of(options, every_size, RTE_DIM(every_size)), report, error);
	bench_run_close(&run);
	return status;
}

/* --- by headroom --------------------------------------------------------------------------- */

/* Those that carry packets of two segments at all. The others are named and left out. */
static struct bench_list carriers(const struct bench_options *options, uint16_t size)
{
	struct bench_list list = bench_selected(options), carry = {0};
	struct bench_layout layout = {.size = size, .segments = 2};
	struct bench_shape shape = bench_shape_of(options, 1);
	struct covey_error error = {.text = ""};
	unsigned count = 0;

	for (unsigned i = 0; list.dataplanes[i]; i++) {
		const struct bench_dataplane *alone[] = {list.dataplanes[i], NULL};
		struct bench_run run;
		int status = bench_run_open(&run, &shape, alone, &error);

		if (status == 0) {
			status = bench_run_try(&run, &layout, &error);
			bench_run_close(&run);
		}
		if (status == 0)
			carry.dataplanes[count++] = list.dataplanes[i];
		else
			fprintf(stderr, "covey-bench: left out with two segments: %s\n",
				error.text);
	}
	return carry;
}

/* All headrooms of one layout make a curve. */
static int headroom_curve(const struct bench_figure *figure, const struct bench_options *options,
			  enum bench_direction direction, struct bench_layout layout,
			  struct bench_report *report, struct covey_error *error)
{
	struct bench_list list = layout.segments == 1 ? bench_selected(options)
						      : carriers(options, (uint16_t)layout.size);
	struct bench_shape shape = bench_shape_of(options, 1);
	struct bench_run run;
	int status = bench_run_open(&run, &shape, list.dataplanes, error);

	if (status < 0)
		return status;
	for (; layout.headroom <= BENCH_HEADROOM_MAX && status == 0; layout.headroom++)
		status = bench_point(figure, options, &run, direction, &layout, report, error);
	bench_run_close(&run);
	return status;
}

int bench_figure_headroom(const struct bench_figure *figure, const struct bench_options *options,
			  struct bench_report *report, struct covey_error *error)
{
	static const uint16_t two_sizes[] = {92, 1400};
	struct bench_sizes sizes = bench_sizes_of(options, two_sizes, RTE_DIM(two_sizes));
	int status = 0;

	for (unsigned direction = BENCH_ENCRYPT; direction <= BENCH_DECRYPT; direction++)
		for (size_t i = 0; i < sizes.count * 2 && status == 0; i++) {
			struct bench_layout layout = {.size = sizes.sizes[i / 2],
						      .segments = 1 + i % 2};

			if (options->directions & BENCH_DIRECTION(direction))
				status = headroom_curve(figure, options, direction, layout, report,
							error);
		}
	return status;
}
