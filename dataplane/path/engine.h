/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What workers share, and what is each one's own. They run bursts through it (outbound.h,
 * inbound.h), from ports or from tests: the engine knows neither ports nor threads.
 *
 * What workers read is an immutable snapshot (sadb.h), published by RCU: a worker is "online" while
 * it runs bursts, says "quiescent" between them, when it holds nothing of a snapshot, and goes
 * "offline" before it sleeps, so that the control thread never waits for a sleeper.
 */

#include "cipher.h"
#include "classify.h"
#include "counter.h"
#include "handover.h"
#include "recognise.h"
#include <dataplane.h>
#include <rte_common.h>
#include <rte_rcu_qsbr.h>
#include <stdatomic.h>

/* Workers that one engine can serve; workers x paths must fit the WindowID's 12 path bits too. */
#define ENGINE_WORKERS_MAX 64u
/* The largest burst that outbound_burst() and inbound_burst() take. */
#define ENGINE_BURST_MAX 64u

/* The unknown VNIs that a worker keeps: a power of two. */
#define ENGINE_UNKNOWN_VNIS 8

struct engine;
struct sadb;

/* What one worker owns. Only the worker writes it; counters are read from the control thread. */
struct engine_worker {
	struct engine *engine;
	unsigned index; /* 0.. */
	unsigned path_base;
	struct cipher_context context;
	struct handover_side handover;
	struct dataplane_counters counters __rte_cache_aligned;
	uint32_t unknown_vnis[ENGINE_UNKNOWN_VNIS]; /* plus 1, 0: none; by their lowest bits */
} __rte_cache_aligned;

struct engine {
	struct dataplane_config config; /* without its ports */
	uint16_t overhead;              /* bytes that an encrypted packet grows by */
	struct classifier classifier;
	struct recognise_own own;
	_Atomic(struct sadb *) sadb; /* workers: const, engine_worker_sadb() */
	struct rte_rcu_qsbr *qsbr;
	unsigned worker_count;
	struct handover *handover; /* NULL with one worker */
	struct engine_worker workers[ENGINE_WORKERS_MAX];
};

/* --- life --------------------------------------------------------------------------------- */

/*
 * Make engine ready for so many workers, all of them offline. Nothing is published yet; no worker
 * may run before. -EINVAL (worker_count 0, above ENGINE_WORKERS_MAX, or times config->paths above
 * COVEY_WINDOW_PATHS; vtep, encapsulation, paths, or a class out of range), -ENOMEM, -EMFILE.
 */
int engine_open(struct engine *engine, const struct dataplane_config *config, unsigned worker_count,
		struct covey_error *ret_error);
/* All workers are offline. Wipes. What is published stays the caller's. */
void engine_close(struct engine *engine);

/* Publish a snapshot and return the one before, which no worker holds any more; NULL: there was
 * none. From the control thread. */
struct sadb *engine_publish(struct engine *engine, struct sadb *next);

/* --- workers ------------------------------------------------------------------------------ */

/*
 * The state to hand to bursts; index below worker_count. With several workers, each must also take
 * what the others hand over to it (handover.h).
 */
static inline struct engine_worker *engine_worker(struct engine *engine, unsigned index)
{
	return &engine->workers[index];
}

/* Called by the worker's own thread: before its first burst and after every sleep. */
static inline void engine_worker_online(struct engine_worker *worker)
{
	rte_rcu_qsbr_thread_online(worker->engine->qsbr, worker->index);
}

/* Before a sleep and before the thread ends. */
static inline void engine_worker_offline(struct engine_worker *worker)
{
	rte_rcu_qsbr_thread_offline(worker->engine->qsbr, worker->index);
}

/* Between bursts: once per turn of the loop. */
static inline void engine_worker_quiescent(struct engine_worker *worker)
{
	rte_rcu_qsbr_quiescent(worker->engine->qsbr, worker->index);
}

/* The snapshot to use until the worker is quiescent next. */
static inline const struct sadb *engine_worker_sadb(const struct engine_worker *worker)
{
	return atomic_load_explicit(&worker->engine->sadb, memory_order_acquire);
}

/* Count packets dropped outside the bursts: a full transmit queue. The caller frees them. */
static inline void engine_worker_dropped(struct engine_worker *worker, enum covey_drop reason,
					 uint64_t packets)
{
	counter_add(&worker->counters.drops[reason], packets);
}
