/* SPDX-License-Identifier: BSD-3-Clause */

#include "worker.h"

#include <rte_cycles.h>
#include <rte_mbuf.h>

#include "engine.h"
#include "handover.h"
#include "inbound.h"
#include "outbound.h"
#include <port.h>
#include <wait.h>

/* How long a worker continues to poll after its last packet, in microseconds. A packet that comes
 * within this time costs no wake-up. A longer time would take the core away from the programs that
 * send packets (docs/performance/notebook.md). */
#define SPIN_US 20
/* The longest sleep. A worker that is told to stop notices that after its sleep. */
#define SLEEP_MS 100
/* What a port has kept back is sent after so many turns at the latest: what comes from the other
 * port may all be dropped. */
#define KEEP_TURNS 16u
/* How often the rest of a burst is offered to a full transmit queue before it is dropped. */
#define TX_TRIES 4

_Static_assert(PORT_BURST_MAX <= ENGINE_BURST_MAX, "the engine takes what a port brings");
_Static_assert(2 * PORT_QUEUES_MAX + 1 <= WAITS_MAX, "one worker has all queues at the most");

typedef uint16_t burst_function(struct engine_worker *worker, struct rte_mbuf **packets,
				uint16_t count);

static void transmit(const struct worker *worker, const struct port *port,
		     struct rte_mbuf **packets, uint16_t count, enum covey_drop full)
{
	const struct port_queue *queue = &port->tx[worker->index];
	uint16_t sent = 0;

	for (unsigned tries = 0; sent < count && tries < TX_TRIES; tries++)
		sent += queue->burst(queue, packets + sent, count - sent);
	if (sent == count)
		return;
	engine_worker_dropped(worker->engine, full, packets + sent, count - sent);
	rte_pktmbuf_free_bulk(packets + sent, count - sent);
}

static bool has_more(const struct port_queue *queue)
{
	return queue->has_more && queue->has_more(queue);
}

/* A burst from a queue. One that is asked by system calls is asked when it has more in hand, or
 * poll(2) has said so: wait is the queue's. */
static uint16_t receive(const struct port_queue *queue, struct pollfd *wait,
			struct rte_mbuf **packets, uint16_t max)
{
	uint16_t count;

	if (queue->by_call && wait->revents == 0 && !has_more(queue))
		return 0;
	count = queue->burst(queue, packets, max);
	if (count < max)
		wait->revents = 0;
	return count;
}

/* Forward one burst from each of the worker's queues of a port, which have these waits in turn.
 * Returns how many packets were received. */
static unsigned forward(const struct worker *worker, const struct port *from, const struct port *to,
			struct pollfd *wait, burst_function *burst, enum covey_drop full)
{
	struct rte_mbuf *packets[PORT_BURST_MAX];
	unsigned total = 0;

	for (unsigned i = worker->index; i < from->rx_count; i += worker->workers, wait++) {
		uint16_t count = receive(&from->rx[i], wait, packets, from->burst);
		uint16_t passed;

		if (count == 0)
			continue;
		total += count;
		passed = burst(worker->engine, packets, count);
		if (passed)
			transmit(worker, to, packets, passed, full);
	}
	return total;
}

/* Take one burst from each of the other workers. Returns how many packets they had handed over. */
static unsigned take_over(const struct worker *worker)
{
	struct rte_mbuf *packets[ENGINE_BURST_MAX];
	unsigned total = 0;

	for (unsigned from = 0; from < worker->workers; from++) {
		uint64_t authenticated;
		unsigned count;
		uint16_t passed;

		if (from == worker->index)
			continue;
		count = handover_take(&worker->engine->handover, from, packets, ENGINE_BURST_MAX,
				      &authenticated);
		if (count == 0)
			continue;
		total += count;
		passed = inbound_burst_handed_over(worker->engine, packets, (uint16_t)count,
						   authenticated);
		if (passed)
			transmit(worker, worker->host, packets, passed, COVEY_DROP_IN_TX_FULL);
	}
	return total;
}

/* --- packets of the control thread, to the host --------------------------------------------- */

bool worker_post(struct worker *worker, unsigned slot, struct rte_mbuf *packet)
{
	struct rte_mbuf *none = NULL;

	return atomic_compare_exchange_strong(&worker->posted[slot], &none, packet);
}

static struct rte_mbuf *take_posted(struct worker *worker, unsigned slot)
{
	if (likely(!atomic_load_explicit(&worker->posted[slot], memory_order_relaxed)))
		return NULL;
	return atomic_exchange(&worker->posted[slot], NULL);
}

static void deliver_posted(struct worker *worker)
{
	for (unsigned slot = 0; slot < WORKER_POSTS; slot++) {
		struct rte_mbuf *packet = take_posted(worker, slot);

		if (unlikely(packet != NULL))
			transmit(worker, worker->host, &packet, 1, COVEY_DROP_IN_TX_FULL);
	}
}

/* --- a turn --------------------------------------------------------------------------------- */

/* How many receive queues of a port are the worker's. */
static unsigned queue_count(const struct worker *worker, const struct port *port)
{
	return (port->rx_count - worker->index + worker->workers - 1) / worker->workers;
}

static unsigned turn(const struct worker *worker, struct waits *waits)
{
	struct pollfd *host = waits->fds, *fabric = host + queue_count(worker, worker->host);

	return forward(worker, worker->host, worker->fabric, host, outbound_burst,
		       COVEY_DROP_OUT_TX_FULL) +
	       forward(worker, worker->fabric, worker->host, fabric, inbound_burst,
		       COVEY_DROP_IN_TX_FULL) +
	       take_over(worker);
}

/* Has one of the worker's queues of a port packets already, for the next turn? */
static bool any_has_more(const struct worker *worker, const struct port *port)
{
	for (unsigned i = worker->index; i < port->rx_count; i += worker->workers)
		if (has_more(&port->rx[i]))
			return true;
	return false;
}

/* Send what the worker's queue of a port has kept back. */
static void flush(const struct worker *worker, const struct port *port)
{
	const struct port_queue *queue = &port->tx[worker->index];

	if (queue->flush)
		queue->flush(queue);
}

/* Send what was kept back, unless more comes. Returns whether some does. */
static bool flush_both(const struct worker *worker, unsigned turns)
{
	bool outbound = any_has_more(worker, worker->host);
	bool inbound = any_has_more(worker, worker->fabric);
	bool in_any_case = turns % KEEP_TURNS == 0;

	if (!outbound || in_any_case)
		flush(worker, worker->fabric);
	if (!inbound || in_any_case)
		flush(worker, worker->host);
	return outbound || inbound;
}

/* --- sleeping ------------------------------------------------------------------------------- */

static void add_queues(struct waits *waits, const struct worker *worker, const struct port *port)
{
	for (unsigned i = worker->index; i < port->rx_count; i += worker->workers)
		waits_add(waits, port->rx[i].fd);
}

static bool asks_by_call(const struct worker *worker)
{
	return worker->host->rx[worker->index].by_call || worker->fabric->rx[worker->index].by_call;
}

static void prepare(struct waits *waits, const struct worker *worker)
{
	waits->count = 0;
	waits->complete = true;
	add_queues(waits, worker, worker->host);
	add_queues(waits, worker, worker->fabric);
	if (worker->workers > 1)
		waits_add(waits, handover_fd(&worker->engine->handover));
}

static void rest(struct worker *worker, struct waits *waits, unsigned empty)
{
	bool others = worker->workers > 1;

	if (!others || handover_sleeps(&worker->engine->handover))
		wait_for_packets(waits, empty, SLEEP_MS);
	if (others)
		handover_woken(&worker->engine->handover);
}

/* --- the loop ------------------------------------------------------------------------------- */

int worker_run(void *arg)
{
	struct worker *worker = arg;
	bool by_call = asks_by_call(worker);
	uint64_t spin = rte_get_tsc_hz() / 1000000 * SPIN_US;
	uint64_t last = rte_rdtsc();
	unsigned empty = 0, turns = 0;
	struct waits waits;

	prepare(&waits, worker);
	engine_worker_online(worker->engine);
	while (!atomic_load_explicit(&worker->stop, memory_order_relaxed)) {
		bool more;

		atomic_store_explicit(&worker->turns, ++turns, memory_order_relaxed);
		if (turn(worker, &waits) > 0) {
			last = rte_rdtsc();
			empty = 0;
		}
		deliver_posted(worker);
		more = flush_both(worker, turns);
		engine_worker_quiescent(worker->engine);
		if (more || rte_rdtsc() - last < spin) {
			if (by_call)
				waits_look(&waits);
			continue;
		}
		engine_worker_offline(worker->engine);
		rest(worker, &waits, empty++);
		engine_worker_online(worker->engine);
	}
	engine_worker_offline(worker->engine);
	return 0;
}

void worker_drain(struct worker *worker)
{
	engine_worker_online(worker->engine);
	while (take_over(worker) > 0)
		engine_worker_quiescent(worker->engine);
	flush(worker, worker->host);
	flush(worker, worker->fabric);
	engine_worker_offline(worker->engine);
	for (unsigned slot = 0; slot < WORKER_POSTS; slot++)
		rte_pktmbuf_free(take_posted(worker, slot));
}
