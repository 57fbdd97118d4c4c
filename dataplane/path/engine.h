/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What all workers share, and what each of them has for itself. They send bursts through it
 * (outbound.h, inbound.h), which come from ports or from tests: the engine itself has neither ports
 * nor threads.
 *
 * Workers read an immutable snapshot (sadb.h), published by RCU. A worker is "online" while it
 * handles bursts. Between them, when it holds nothing of a snapshot, it is "quiescent" and says so.
 * Before it sleeps it goes "offline", so that the control thread never waits for a worker that
 * sleeps.
 */

#include "cipher.h"
#include "classify.h"
#include "handover.h"
#include "heard.h"
#include "recognise.h"
#include "spoiled.h"
#include <capture_ring.h>
#include <counter.h>
#include <dataplane.h>
#include <rte_common.h>
#include <rte_rcu_qsbr.h>
#include <stdatomic.h>

/* Workers that one engine can serve. Their number times that of paths must also fit into the 12
 * path bits of the WindowID. */
#define ENGINE_WORKERS_MAX 64u
/* The largest burst that outbound_burst() and inbound_burst() take. */
#define ENGINE_BURST_MAX 64u

/* How many unknown VNIs a worker keeps; a power of two. */
#define ENGINE_UNKNOWN_VNIS 8

struct engine;
struct sadb;

/* What one worker owns. Only this worker writes it. The control thread reads the counters. */
struct engine_worker {
	struct engine *engine;
	unsigned index; /* from 0 */
	unsigned path_base;
	struct cipher_context context;
	struct capture_point capture; /* of what it drops; the control thread sets it */
	struct handover_side handover;
	struct dataplane_counters counters __rte_cache_aligned;
	struct failed_packets failed; /* inbound */
	uint32_t
		unknown_vnis[ENGINE_UNKNOWN_VNIS]; /* VNI + 1, placed by its lowest bits; 0: none */
	struct heard *heard;                       /* who sends in clear */
} __rte_cache_aligned;

struct engine {
	struct dataplane_config config; /* the ports are left out */
	uint16_t overhead;              /* by how many bytes an encrypted packet grows */
	struct classifier classifier;
	struct recognise_own own;
	_Atomic(struct sadb *) sadb; /* workers read it with engine_worker_sadb() */
	struct rte_rcu_qsbr *qsbr;
	unsigned worker_count;
	struct handover *handover; /* NULL with one worker */
	struct keyed_hash secret;  /* of the places in the workers' tables */
	struct engine_worker workers[ENGINE_WORKERS_MAX];
};

/* --- life --------------------------------------------------------------------------------- */

/*
 * Prepare engine for this number of workers, all of them offline. Nothing is published yet, and no
 * worker may run before something is. -EINVAL (worker_count is 0 or above ENGINE_WORKERS_MAX, or
 * worker_count times config->paths is above COVEY_WINDOW_PATHS; vtep, encapsulation, paths, or a
 * class is out of range), -ENOMEM, -EMFILE, -EIO (no random numbers).
 */
int engine_open(struct engine *engine, const struct dataplane_config *config, unsigned worker_count,
		struct covey_error *error);
/* All workers must be offline. Wipes what workers kept. The published snapshot belongs to the
 * caller. */
void engine_close(struct engine *engine);

/* Publish a snapshot. Returns the one before, which no worker holds any more, or NULL when there
 * was none. Only for the control thread. */
struct sadb *engine_publish(struct engine *engine, struct sadb *next);

/* --- workers ------------------------------------------------------------------------------ */

/*
 * The state that the burst functions take. index must be below worker_count. If there are several
 * workers, each must also take the packets that others hand over to it (handover.h).
 */
static inline struct engine_worker *engine_worker(struct engine *engine, unsigned index)
{
	return &engine->workers[index];
}

/* To be called by the worker's own thread, before its first burst and after every sleep. */
static inline void engine_worker_online(struct engine_worker *worker)
{
	rte_rcu_qsbr_thread_online(worker->engine->qsbr, worker->index);
}

/* To be called before a sleep, and before the thread ends. */
static inline void engine_worker_offline(struct engine_worker *worker)
{
	rte_rcu_qsbr_thread_offline(worker->engine->qsbr, worker->index);
}

/* To be called between bursts, once in each turn of the loop. */
static inline void engine_worker_quiescent(struct engine_worker *worker)
{
	rte_rcu_qsbr_quiescent(worker->engine->qsbr, worker->index);
}

/* The snapshot, valid until the worker is quiescent again. */
static inline const struct sadb *engine_worker_sadb(const struct engine_worker *worker)
{
	return atomic_load_explicit(&worker->engine->sadb, memory_order_acquire);
}

/* Count packets that are dropped outside of the burst functions, because a transmit queue is full.
 * The caller frees them. */
static inline void engine_worker_dropped(struct engine_worker *worker, enum covey_drop reason,
					 struct rte_mbuf *const *packets, unsigned count)
{
	counter_add(&worker->counters.drops[reason], count);
	for (unsigned i = 0; i < count; i++)
		capture_drop(&worker->capture, reason, packets[i]);
}
