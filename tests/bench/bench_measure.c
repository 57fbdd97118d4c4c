/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench_measure.h"
#include "bench_machine.h"
#include <errno.h>
#include <rte_cycles.h>
#include <stdlib.h>
#include <string.h>

/* The first round of a turn finds the dataplane's code and keys cold and is not counted. Where each
 * packet needs other keys and windows, more rounds do. */
#define COLD_ROUNDS 1u
#define TURNS_MIN   3u
#define SAMPLES_MAX 65536u

struct slice {
	struct bench_run *run;
	unsigned index;
	enum bench_direction direction;
	struct bench_meeting meeting;
	uint64_t cycles[BENCH_CORES_MAX]; /* of the round */
	uint64_t done[BENCH_CORES_MAX];   /* packets that went through, in the round */
	uint64_t lost;
	double *samples; /* ns a packet */
	unsigned count;
};

/* --- opening ------------------------------------------------------------------------------- */

int bench_run_open(struct bench_run *run, const struct bench_shape *shape,
		   const struct bench_dataplane *const *dataplanes, struct covey_error *error)
{
	int status = 0;

	memset(run, 0, sizeof(*run));
	run->shape = *shape;
	run->cold = COLD_ROUNDS;
	for (unsigned core = 0; core < shape->cores && status == 0; core++)
		status = bench_buffers_open(&run->buffers[core],
					    shape->cores * BENCH_CORES_MAX + core, error);
	for (; *dataplanes && status == 0; dataplanes++) {
		if ((*dataplanes)->one_core && shape->cores > 1)
			continue;
		status = (*dataplanes)->open(shape, &run->states[run->count], error);
		if (status == 0)
			run->dataplanes[run->count++] = *dataplanes;
	}
	if (status < 0)
		bench_run_close(run);
	return status;
}

void bench_run_close(struct bench_run *run)
{
	while (run->count > 0) {
		run->count--;
		run->dataplanes[run->count]->close(run->states[run->count]);
	}
	for (unsigned core = 0; core < run->shape.cores; core++)
		bench_buffers_close(&run->buffers[core]);
}

/* --- one round ----------------------------------------------------------------------------- */

typedef uint16_t (*burst_function)(void *, unsigned, struct rte_mbuf **, uint16_t);

/* All packets once, size at a time. Returns how many went through, and moves them to the front. */
static unsigned pass(burst_function burst, unsigned size, void *state, unsigned core,
		     struct rte_mbuf **packets, unsigned count)
{
	unsigned through = 0;

	for (unsigned i = 0; i < count; i += size) {
		uint16_t here = (uint16_t)RTE_MIN(size, count - i);
		uint16_t kept = burst(state, core, packets + i, here);

		if (unlikely(through != i))
			memmove(packets + through, packets + i, kept * sizeof(*packets));
		through += kept;
	}
	return through;
}

/* On every core at once. */
static void round_on(struct slice *slice, unsigned core)
{
	struct bench_run *run = slice->run;
	const struct bench_dataplane *dataplane = run->dataplanes[slice->index];
	bool decrypt = slice->direction == BENCH_DECRYPT;
	struct rte_mbuf *packets[BENCH_PACKETS];
	unsigned burst = run->shape.burst, count = BENCH_PACKETS;
	void *state = run->states[slice->index];
	uint64_t start;

	bench_buffers_reset(&run->buffers[core], packets);
	if (dataplane->prepare)
		dataplane->prepare(state, packets, BENCH_PACKETS);
	if (decrypt)
		count = pass(dataplane->encrypt, burst, state, core, packets, count);
	bench_meeting_wait(&slice->meeting, run->shape.cores);
	start = rte_rdtsc_precise();
	count = pass(decrypt ? dataplane->decrypt : dataplane->encrypt, burst, state, core, packets,
		     count);
	slice->cycles[core] = rte_rdtsc_precise() - start;
	slice->done[core] = count;
	bench_meeting_wait(&slice->meeting, run->shape.cores);
}

/* The slowest core's time over all packets. */
static void count_round(struct slice *slice, bool warm)
{
	unsigned cores = slice->run->shape.cores;
	uint64_t cycles = 0;

	for (unsigned core = 0; core < cores; core++) {
		cycles = RTE_MAX(cycles, slice->cycles[core]);
		slice->lost += BENCH_PACKETS - slice->done[core];
	}
	if (warm && slice->count < SAMPLES_MAX)
		slice->samples[slice->count++] =
			(double)cycles * 1e9 / (double)rte_get_tsc_hz() / (BENCH_PACKETS * cores);
}

static void turn(void *argument, unsigned core)
{
	struct slice *slice = argument;
	const struct bench_dataplane *dataplane = slice->run->dataplanes[slice->index];
	void *state = slice->run->states[slice->index];
	unsigned cold = slice->run->cold;

	if (dataplane->enter)
		dataplane->enter(state, core);
	for (unsigned i = 0; i < 4 * cold; i++) {
		round_on(slice, core);
		/* All are past the clock, and none goes on before core 0 has counted. */
		if (core == 0)
			count_round(slice, i >= cold);
		bench_meeting_wait(&slice->meeting, slice->run->shape.cores);
		if (__atomic_load_n(&slice->lost, __ATOMIC_RELAXED))
			break;
	}
	if (dataplane->leave)
		dataplane->leave(state, core);
}

/* --- there and back ------------------------------------------------------------------------ */

static int lost(struct bench_run *run, unsigned index, uint64_t packets, struct covey_error *error)
{
	const struct bench_dataplane *dataplane = run->dataplanes[index];
	const char *reason = dataplane->reason ? dataplane->reason(run->states[index]) : NULL;

	for (unsigned core = 0; core < run->shape.cores; core++)
		bench_buffers_forget(&run->buffers[core]);
	return covey_error_set(error, -EIO, "%s lost %llu of %u packets%s%s", dataplane->name,
			       (unsigned long long)packets, BENCH_PACKETS * run->shape.cores,
			       reason ? ": " : "", reason ? reason : "");
}

/* One core's packets. */
static int verify_core(struct bench_run *run, unsigned index, unsigned core,
		       struct covey_error *error)
{
	const struct bench_dataplane *dataplane = run->dataplanes[index];
	struct rte_mbuf *packets[BENCH_PACKETS];
	unsigned burst = run->shape.burst, count;
	void *state = run->states[index];

	bench_buffers_reset(&run->buffers[core], packets);
	if (dataplane->prepare)
		dataplane->prepare(state, packets, BENCH_PACKETS);
	count = pass(dataplane->encrypt, burst, state, core, packets, BENCH_PACKETS);
	if (count != BENCH_PACKETS)
		return lost(run, index, BENCH_PACKETS - count, error);
	if (bench_buffers_intact(&run->buffers[core]))
		return covey_error_set(error, -EIO, "%s left packets in clear", dataplane->name);
	count = pass(dataplane->decrypt, burst, state, core, packets, count);
	if (count != BENCH_PACKETS)
		return lost(run, index, BENCH_PACKETS - count, error);
	if (!bench_buffers_intact(&run->buffers[core]))
		return covey_error_set(error, -EIO, "%s changed packets on their way",
				       dataplane->name);
	return 0;
}

int bench_run_verify(struct bench_run *run, unsigned index, struct covey_error *error)
{
	const struct bench_dataplane *dataplane = run->dataplanes[index];
	int status = 0;

	for (unsigned core = 0; core < run->shape.cores && status == 0; core++) {
		if (dataplane->enter)
			dataplane->enter(run->states[index], core);
		status = verify_core(run, index, core, error);
		if (dataplane->leave)
			dataplane->leave(run->states[index], core);
	}
	return status;
}

int bench_run_try(struct bench_run *run, const struct bench_layout *layout,
		  struct covey_error *error)
{
	int status = 0;

	for (unsigned core = 0; core < run->shape.cores && status == 0; core++)
		status = bench_buffers_lay(&run->buffers[core], layout, error);
	for (unsigned i = 0; i < run->count && status == 0; i++)
		status = bench_run_verify(run, i, error);
	return status;
}

/* --- a point ------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_median(double *samples, unsigned count)
{
	qsort(samples, count, sizeof(*samples), compare);
	return count % 2 ? samples[count / 2] : (samples[count / 2 - 1] + samples[count / 2]) / 2.0;
}

static int take_turns(struct slice *slices, unsigned count, double seconds,
		      struct covey_error *error)
{
	uint64_t end = rte_get_tsc_cycles() + (uint64_t)(seconds * (double)rte_get_tsc_hz());

	for (unsigned turns = 0; turns < TURNS_MIN || rte_get_tsc_cycles() < end; turns++)
		for (unsigned i = 0; i < count; i++) {
			/* Each comes first as often as the others. */
			struct slice *slice = &slices[(turns + i) % count];

			bench_machine_run(turn, slice, slice->run->shape.cores);
			if (slice->lost)
				return lost(slice->run, slice->index, slice->lost, error);
		}
	return 0;
}

static void fill(const struct bench_run *run, const struct slice *slice,
		 struct bench_result *ret_result)
{
	const struct bench_dataplane *dataplane = run->dataplanes[slice->index];
	double bytes = (double)run->buffers[0].bytes / BENCH_PACKETS;
	double ns = bench_median(slice->samples, slice->count);

	*ret_result = (struct bench_result){
		.dataplane = dataplane,
		.packets = (uint64_t)slice->count * BENCH_PACKETS * run->shape.cores,
		.ns = ns,
		.gbit = bytes * 8 / ns,
		.windows = dataplane->windows ? dataplane->windows(run->states[slice->index]) : 0,
	};
}

/* All dataplanes of a run, in order. */
static int make_slices(struct bench_run *run, enum bench_direction direction, struct slice *slices,
		       struct covey_error *error)
{
	for (unsigned i = 0; i < run->count; i++) {
		slices[i] = (struct slice){.run = run, .index = i, .direction = direction};
		slices[i].samples = malloc(SAMPLES_MAX * sizeof(double));
		if (!slices[i].samples)
			return covey_error_set(error, -ENOMEM, "out of memory");
	}
	return 0;
}

int bench_runs_measure(struct bench_run *const *runs, unsigned run_count,
		       enum bench_direction direction, const struct bench_layout *layout,
		       double seconds, struct bench_result *const *results,
		       struct covey_error *error)
{
	struct slice slices[BENCH_RUNS_MAX * BENCH_DATAPLANES_MAX] = {0};
	unsigned count = 0;
	int status = 0;

	for (unsigned r = 0; r < run_count && status == 0; r++) {
		status = bench_run_try(runs[r], layout, error);
		if (status == 0)
			status = make_slices(runs[r], direction, slices + count, error);
		count += runs[r]->count;
	}
	if (status == 0)
		status = take_turns(slices, count, seconds, error);
	count = 0;
	for (unsigned r = 0; r < run_count; r++)
		for (unsigned i = 0; i < runs[r]->count; i++, count++) {
			if (status == 0)
				fill(runs[r], &slices[count], &results[r][i]);
			free(slices[count].samples);
		}
	return status;
}

int bench_run_measure(struct bench_run *run, enum bench_direction direction,
		      const struct bench_layout *layout, double seconds,
		      struct bench_result *results, struct covey_error *error)
{
	return bench_runs_measure(&run, 1, direction, layout, seconds, &results, error);
}
