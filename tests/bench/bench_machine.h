/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* EAL on whatever this machine has, and the team of its cores. */

#include <covey/error.h>

/*
 * Start EAL on at most wanted (0: any number) of the CPUs that this process may run on, with
 * hugepages when some are free. What is missing is said on stderr, with what is done instead.
 */
int bench_machine_open(unsigned wanted, struct covey_error *error);
void bench_machine_close(void);
/* What of them is free, in MiB. */
unsigned long bench_machine_hugepages_mb(void);
/* Say it on stderr when this CPU lacks AVX-512. */
void bench_machine_tell_vectors(void);
/* How many cores there are to use; core 0 is the caller's. */
unsigned bench_machine_cores(void);

/* Run work(argument, core) on the first so many cores, the caller's among them; returns when the
 * last one has. */
void bench_machine_run(void (*work)(void *argument, unsigned core), void *argument, unsigned cores);

/* Inside work: go on when all of these cores are here. */
struct bench_meeting {
	unsigned arrived;
};
void bench_meeting_wait(struct bench_meeting *meeting, unsigned cores);
