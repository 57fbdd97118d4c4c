/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The loop of one worker: bursts from its queues of both ports, and from what other workers hand
 * over, through the engine; at full speed under load, asleep when idle.
 */

#include <stdatomic.h>
#include <stdbool.h>

#include <rte_mbuf.h>

struct engine_worker;
struct port;

/* Packets that may be posted to a worker at a time. */
#define WORKER_POSTS 2

/* Of `workers`, the one with this index: its are receive queues index, index + workers, ... and
 * transmit queue index, of each port. */
struct worker {
	struct engine_worker *engine;
	const struct port *fabric;
	const struct port *host;
	unsigned index;
	unsigned workers;
	unsigned lcore;
	unsigned turns_seen; /* by whoever asks whether it lives */
	atomic_bool stop;
	atomic_uint turns; /* of its loop, so that others see that it lives */
	/* From the control thread, for the host port; NULL: none, or taken. */
	_Atomic(struct rte_mbuf *) posted[WORKER_POSTS];
} __attribute__((aligned(64)));

/* Have it send the packet, which becomes its, on the host port with its next turn. False when the
 * slot is taken by one before. Any thread, but always the same. */
bool worker_post(struct worker *worker, unsigned slot, struct rte_mbuf *packet);

/* Runs until worker->stop; the argument is a struct worker. For rte_eal_remote_launch(). */
int worker_run(void *worker);

/* When no worker runs any more, and the ports do: send on what others had handed over to it, and
 * forget what was posted. */
void worker_drain(struct worker *worker);
