/* SPDX-License-Identifier: BSD-3-Clause */

#include "worker.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "engine.h"
#include "inbound.h"
#include "outbound.h"
#include "port.h"
#include "wait.h"

#define BURST 32
/* Keep polling this long after the last packet: a reply that comes at once costs no wake-up. */
#define SPIN_US 50
/* The longest sleep, so that stopping the worker takes no longer. */
#define SLEEP_MS 100
/* A full transmit queue is offered the rest of a burst this often before it is dropped. */
#define TX_TRIES 4

typedef uint16_t burst_function(struct engine_worker *worker, struct rte_mbuf **packets,
				uint16_t count);

static void transmit(struct engine_worker *engine, const struct port *port,
		     struct rte_mbuf **packets, uint16_t count, enum covey_drop full)
{
	uint16_t sent = 0;

	for (unsigned tries = 0; sent < count && tries < TX_TRIES; tries++)
		sent += rte_eth_tx_burst(port->id, 0, packets + sent, count - sent);
	if (sent == count)
		return;
	engine_worker_dropped(engine, full, count - sent);
	rte_pktmbuf_free_bulk(packets + sent, count - sent);
}

/* One burst from each of the port's queues. Returns the packets received. */
static unsigned forward(struct engine_worker *engine, const struct port *from,
			const struct port *to, burst_function *burst, enum covey_drop full)
{
	struct rte_mbuf *packets[BURST];
	unsigned total = 0;

	for (uint16_t queue = 0; queue < from->rx_queues; queue++) {
		uint16_t count = rte_eth_rx_burst(from->id, queue, packets, BURST);
		uint16_t passed;

		if (count == 0)
			continue;
		total += count;
		passed = burst(engine, packets, count);
		if (passed)
			transmit(engine, to, packets, passed, full);
	}
	return total;
}

static unsigned turn(const struct worker *worker)
{
	struct engine_worker *engine = worker->engine;

	return forward(engine, worker->host, worker->fabric, outbound_burst,
		       COVEY_DROP_OUT_TX_FULL) +
	       forward(engine, worker->fabric, worker->host, inbound_burst, COVEY_DROP_IN_TX_FULL);
}

int worker_run(void *arg)
{
	struct worker *worker = arg;
	uint64_t spin = rte_get_tsc_hz() / 1000000 * SPIN_US;
	uint64_t last = rte_rdtsc();
	unsigned empty = 0, turns = 0;

	engine_worker_online(worker->engine);
	while (!atomic_load_explicit(&worker->stop, memory_order_relaxed)) {
		atomic_store_explicit(&worker->turns, ++turns, memory_order_relaxed);
		if (turn(worker) > 0) {
			last = rte_rdtsc();
			empty = 0;
		}
		engine_worker_quiescent(worker->engine);
		if (rte_rdtsc() - last < spin)
			continue;
		engine_worker_offline(worker->engine);
		wait_for_packets(worker->host, worker->fabric, empty++, SLEEP_MS);
		engine_worker_online(worker->engine);
	}
	engine_worker_offline(worker->engine);
	return 0;
}
