/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The loop of one worker. It sends bursts through the engine: from its queues of both ports, and
 * from what other workers hand over. It runs at full speed under load, and sleeps when there is
 * nothing to do.
 */

#include <stdatomic.h>
#include <stdbool.h>

#include <rte_mbuf.h>

struct engine_worker;
struct port;

/* How many packets can wait at a worker after worker_post(). */
#define WORKER_POSTS 2

/* One of several workers. Of each port it has the receive queues index, index + number of workers,
 * and so on, and the transmit queue index. */
struct worker {
	struct engine_worker *engine;
	const struct port *fabric;
	const struct port *host;
	unsigned index;
	unsigned workers;
	unsigned lcore;
	unsigned turns_seen; /* at the last call of dataplane_is_alive() */
	atomic_bool stop;
	atomic_uint turns; /* counts the turns of its loop, to show that it is alive */
	/* Packets from the control thread to the host port. NULL: the slot is free. */
	_Atomic(struct rte_mbuf *) posted[WORKER_POSTS];
} __attribute__((aligned(64)));

/* Let the worker send the packet on the host port in its next turn. The packet then belongs to the
 * worker. False when the slot still holds an earlier packet. Only one thread may call this. */
bool worker_post(struct worker *worker, unsigned slot, struct rte_mbuf *packet);

/* Runs until worker->stop; the argument is a struct worker. For rte_eal_remote_launch(). */
int worker_run(void *worker);

/* To be called when no worker runs any more, and ports still do. Sends what others had handed over
 * to this worker, and frees what was posted. */
void worker_drain(struct worker *worker);
