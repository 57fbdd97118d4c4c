/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Measuring. Dataplanes take turns of some rounds each, all in one process on the same cores and
 * the same packets; a round makes the packets anew, encrypts them first when decryption is
 * measured, and times one pass over all of them. The figure is the median over all rounds, so that
 * what else the machine does falls out. A packet that a dataplane loses ends the run.
 */

#include "bench_buffers.h"
#include "bench_dataplane.h"

enum bench_direction {
	BENCH_ENCRYPT,
	BENCH_DECRYPT,
};

static inline const char *bench_direction_name(enum bench_direction direction)
{
	return direction == BENCH_ENCRYPT ? "encrypt" : "decrypt";
}

/* Dataplanes opened for one shape, and packets for its cores. */
struct bench_run {
	struct bench_shape shape;
	unsigned count;
	const struct bench_dataplane *dataplanes[BENCH_DATAPLANES_MAX];
	void *states[BENCH_DATAPLANES_MAX];
	struct bench_buffers buffers[BENCH_CORES_MAX];
	unsigned cold; /* rounds at a turn's begin that are not counted, a quarter of it */
};

struct bench_result {
	const struct bench_dataplane *dataplane;
	uint64_t packets;   /* in all timed rounds and cores */
	double ns;          /* wall time over the packets of all cores */
	double gbit;        /* plaintext IP bytes */
	unsigned windows;   /* 0: it has one, or none */
	double one_core_ns; /* the figure cores alone: the same on one core, in turns with this */
};

/* Open those of a list (NULL ends) that can use so many cores. Runs that are open at once have
 * different numbers of cores. */
int bench_run_open(struct bench_run *run, const struct bench_shape *shape,
		   const struct bench_dataplane *const *dataplanes, struct covey_error *error);
void bench_run_close(struct bench_run *run);

/* Measure all for so many seconds together. Fills results[run->count]. */
int bench_run_measure(struct bench_run *run, enum bench_direction direction,
		      const struct bench_layout *layout, double seconds,
		      struct bench_result *results, struct covey_error *error);

/* The same of several runs of different numbers of cores, whose dataplanes take turns. Fills
 * results[run][runs[run]->count]. */
#define BENCH_RUNS_MAX 2u
int bench_runs_measure(struct bench_run *const *runs, unsigned run_count,
		       enum bench_direction direction, const struct bench_layout *layout,
		       double seconds, struct bench_result *const *results,
		       struct covey_error *error);

/* Of at least one; sorts them. */
double bench_median(double *samples, unsigned count);

/* Lay out the packets and verify all dataplanes, no more. */
int bench_run_try(struct bench_run *run, const struct bench_layout *layout,
		  struct covey_error *error);

/*
 * Send the packets there and back once, core by core, and compare them: does the dataplane do what
 * it is measured for? -EIO says who lost or changed one.
 */
int bench_run_verify(struct bench_run *run, unsigned index, struct covey_error *error);
