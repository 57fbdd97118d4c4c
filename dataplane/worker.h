/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The loop of one worker: bursts from both ports through the engine, at full speed under load,
 * asleep when idle.
 */

#include <stdatomic.h>
#include <stdbool.h>

struct engine_worker;
struct port;

struct worker {
	struct engine_worker *engine;
	const struct port *fabric;
	const struct port *host;
	unsigned lcore;
	atomic_bool stop;
	atomic_uint turns; /* of its loop, so that others see that it lives */
};

/* Runs until worker->stop; the argument is a struct worker. For rte_eal_remote_launch(). */
int worker_run(void *worker);
