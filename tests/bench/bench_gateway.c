/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Whole programs on one core, each with a NIC in memory, in turns: while one is measured, the other
 * is stopped.
 */

#include "bench_gateway.h"
#include "bench_gateway_child.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHILDREN_MAX 2u
/* The first slice of a turn finds the program's code and tables cold and is not counted. */
#define SLICES_A_TURN 9u
#define TURNS_MIN     2u
#define SAMPLES_MAX   65536u
/* Above this share, the generator was too slow, and the program may be faster. */
#define STARVED_MAX 0.05

struct contest {
	const struct bench_figure *figure;
	const struct bench_options *options;
	struct gateway_place place;
	unsigned count;
	struct gateway_child children[CHILDREN_MAX];
};

/* What is known of one program at one point. */
struct tally {
	double *samples; /* ns a packet */
	unsigned count;
	unsigned turns;
	uint64_t packets;
	double idle;
	double starved;
};

/* --- one point ----------------------------------------------------------------------------- */

static void count_turn(struct tally *tally, const struct generator_reply *reply)
{
	for (unsigned i = 1; i < reply->slices && tally->count < SAMPLES_MAX; i++)
		tally->samples[tally->count++] = reply->ns[i];
	tally->turns++;
	tally->packets += reply->packets;
	tally->idle += reply->idle;
	tally->starved += reply->starved;
}

/* Not by the TSC: its frequency is EAL's to know, and this process has none. */
static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int take_turns(struct contest *contest, struct generator_request *request,
		      struct tally *tallies, double seconds, struct covey_error *error)
{
	double end = seconds_now() + seconds;
	struct generator_reply reply;
	int status = 0;

	for (unsigned i = 0; i < contest->count && status == 0; i++)
		status = gateway_child_ask(&contest->children[i], request, &reply, error);
	request->slices = SLICES_A_TURN;
	for (unsigned turns = 0; status == 0 && (turns < TURNS_MIN || seconds_now() < end); turns++)
		for (unsigned i = 0; i < contest->count && status == 0; i++) {
			/* Each comes first as often as the others. */
			unsigned index = (turns + i) % contest->count;

			status = gateway_child_ask(&contest->children[index], request, &reply,
						   error);
			if (status == 0)
				count_turn(&tallies[index], &reply);
		}
	return status;
}

static struct bench_row row_of(const struct contest *contest,
			       const struct generator_request *request, unsigned index,
			       const struct tally *tally)
{
	struct bench_row row = {
		.figure = contest->figure->name,
		.dataplane = contest->children[index].name,
		.direction = request->direction,
		.size = request->size,
		.cores = 1,
		.senders = 1,
		.windows = index == 0 && contest->children[0].name == bench_vpe.name
				   ? RTE_MIN(request->shape.paths, BENCH_FLOWS)
				   : 1,
		.segments = 1,
		.packets = tally->packets,
		.ns = bench_median(tally->samples, tally->count),
		.has_generator = true,
		.generator_idle = tally->idle / tally->turns,
		.starved = tally->starved / tally->turns,
	};

	row.gbit = request->size * 8 / row.ns;
	if (row.starved > STARVED_MAX)
		fprintf(stderr,
			"covey-bench: %s, %u bytes: in %.0f %% of all looks the generator had less "
			"than a burst ready: the program may be faster\n",
			row.dataplane, row.size, row.starved * 100);
	return row;
}

static int point(struct contest *contest, enum bench_direction direction, unsigned size,
		 struct bench_report *report, struct covey_error *error)
{
	struct generator_request request = {
		.shape = bench_shape_of(contest->options, 1),
		.direction = direction,
		.size = size,
		.naps = contest->place.program_cpu == contest->place.generator_cpu,
	};
	double seconds = bench_seconds(contest->figure, contest->options);
	struct tally tallies[CHILDREN_MAX] = {0};
	struct bench_row rows[CHILDREN_MAX];
	int status = 0;

	bench_report_progress(report, "%s, %s: size %u", contest->figure->name,
			      bench_direction_name(direction), size);
	for (unsigned i = 0; i < contest->count && status == 0; i++) {
		tallies[i].samples = malloc(SAMPLES_MAX * sizeof(double));
		if (!tallies[i].samples)
			status = covey_error_set(error, -ENOMEM, "out of memory");
	}
	if (status == 0)
		status = take_turns(contest, &request, tallies, seconds, error);
	for (unsigned i = 0; i < contest->count; i++) {
		if (status == 0)
			rows[i] = row_of(contest, &request, i, &tallies[i]);
		free(tallies[i].samples);
	}
	if (status == 0)
		status = bench_report_add(report, contest->figure->axis, rows, contest->count,
					  error);
	return status;
}

/* --- all ----------------------------------------------------------------------------------- */

static int start(struct contest *contest, enum bench_direction direction,
		 struct bench_report *report, struct covey_error *error)
{
	const struct bench_options *options = contest->options;
	int status = 0;

	bench_report_progress(report, "%s: starting programs", contest->figure->name);
	contest->count = 0;
	if (bench_is_selected(options, &bench_vpe))
		status = gateway_child_start(&contest->children[contest->count++], NULL,
					     &contest->place, options, direction, error);
	if (status == 0 && options->secgw)
		status = gateway_child_start(&contest->children[contest->count++], options->secgw,
					     &contest->place, options, direction, error);
	return status;
}

static void stop(struct contest *contest)
{
	while (contest->count > 0)
		gateway_child_end(&contest->children[--contest->count]);
}

static int run(struct contest *contest, struct bench_sizes sizes, struct bench_report *report,
	       struct covey_error *error)
{
	int status = 0;

	for (unsigned direction = BENCH_ENCRYPT; direction <= BENCH_DECRYPT && status == 0;
	     direction++) {
		if (!(contest->options->directions & BENCH_DIRECTION(direction)))
			continue;
		status = start(contest, direction, report, error);
		for (size_t i = 0; i < sizes.count && status == 0; i++)
			status = point(contest, direction, sizes.sizes[i], report, error);
		stop(contest);
	}
	return status;
}

/* Interrupts system calls, so that children and files are removed. */
static void interrupted(int number)
{
}

int bench_figure_gateway(const struct bench_figure *figure, const struct bench_options *options,
			 struct bench_report *report, struct covey_error *error)
{
	static const uint16_t usual_sizes[] = {64, 92, 128, 256, 512, 1024, 1400};
	struct bench_sizes sizes = bench_sizes_of(options, usual_sizes, RTE_DIM(usual_sizes));
	struct sigaction action = {.sa_handler = interrupted, .sa_flags = SA_RESETHAND};
	struct contest contest = {.figure = figure, .options = options};
	unsigned largest = 0;
	int status;

	if (options->eal_count)
		return bench_gateway_program(figure, options, report, error);
	if (!bench_is_selected(options, &bench_vpe) && !options->secgw)
		return covey_error_set(error, -EINVAL, "%s is a figure of vpe, and of --secgw",
				       figure->name);
	for (size_t i = 0; i < sizes.count; i++)
		largest = RTE_MAX(largest, sizes.sizes[i]);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	status = gateway_place_open(&contest.place, options, largest, error);
	if (status == 0)
		status = run(&contest, sizes, report, error);
	gateway_place_close(&contest.place);
	return status;
}
