/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* A fault of a plan, in a fleet. */

#include "simulation.h"

struct task {
	struct timer timer;
	struct fleet *fleet;
	const struct fault *fault;
	bool began, ended;
	/* An eviction or its end that the key manager is writing. */
	bool changes, evicts;
	uint64_t change;
	unsigned start;
};

/* It begins at its time, and ends at its time. */
void task_init(struct task *task, struct fleet *fleet, const struct fault *fault);
