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

/* One of so many workers. Of each port it has the receive queues index, index + workers, and so on,
 * and the transmit queue index. */
struct worker {
	struct engine_worker *engine;
	const struct port *fabric;
	const struct port *host;
	unsigned index;
	unsigned workers;
	unsigned lcore;
	unsigned turns_seen; /* when dataplane_is_alive() looked last */
	atomic_bool stop;
	atomic_uint turns; /* of its loop; they show that it lives */
	/* By the control thread, for the host port. NULL: the slot is free. */
	_Atomic(struct rte_mbuf *) posted[WORKER_POSTS];
} __attribute__((aligned(64)));

/* Have the worker send the packet on the host port in its next turn; the packet is then its own.
 * False when the slot still holds an earlier packet. From any one thread. */
bool worker_post(struct worker *worker, unsigned slot, struct rte_mbuf *packet);

/* Runs until worker->stop; the argument is a struct worker. For rte_eal_remote_launch(). */
int worker_run(void *worker);

/* When no worker runs any more, and the ports do: send on what others had handed over to it, and
 * forget what was posted. */
void worker_drain(struct worker *worker);
