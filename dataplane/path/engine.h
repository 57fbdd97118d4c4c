/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The engine: everything of the dataplane that is not a port or a thread. One control thread
 * changes groups, SAs and rosters and reads counters; workers run bursts through it (outbound.h,
 * inbound.h).
 *
 * What workers read is an immutable snapshot (sadb.h), published by RCU: a worker is "online" while
 * it runs bursts, says "quiescent" between them, when it holds nothing of a snapshot, and goes
 * "offline" before it sleeps, so that the control thread never waits for a sleeper.
 */

#include "cipher.h"
#include "classify.h"
#include "handover.h"
#include "plain.h"
#include <dataplane.h>
#include <rte_common.h>
#include <rte_rcu_qsbr.h>
#include <stdatomic.h>

/* Workers that one engine can serve; workers x paths must fit the WindowID's 12 path bits too. */
#define ENGINE_WORKERS_MAX 64u
/* The largest burst that outbound_burst() and inbound_burst() take. */
#define ENGINE_BURST_MAX 64u

struct engine;
struct sadb;
struct control;

/* What one worker owns. Only the worker writes it; counters are read from the control thread. */
/* How many a worker keeps: a power of two. */
#define ENGINE_UNKNOWN_VNIS 8

struct engine_worker {
	struct engine *engine;
	unsigned index; /* 0.. */
	unsigned path_base;
	struct cipher_context context;
	struct handover_burst handover; /* of the burst that it is at */
	struct dataplane_counters counters __rte_cache_aligned;
	uint32_t unknown_vnis[ENGINE_UNKNOWN_VNIS]; /* plus 1, 0: none; by their lowest bits */
} __rte_cache_aligned;

struct engine {
	struct dataplane_config config; /* the two port names are NULL here: not ours */
	uint16_t overhead;              /* bytes that an encrypted packet grows by */
	struct classifier classifier;
	struct plain plain;
	_Atomic(struct sadb *) sadb; /* workers: const, engine_worker_sadb() */
	struct rte_rcu_qsbr *qsbr;
	unsigned worker_count;
	struct handover *handover; /* NULL with one worker */
	struct control *control;   /* the control thread's own view; workers never look */
	struct engine_worker workers[ENGINE_WORKERS_MAX];
};

/* --- life --------------------------------------------------------------------------------- */

/*
 * Allocate an engine without groups and SAs: VXLAN is dropped, the rest passes. Ports named in
 * config are not looked at. -EINVAL (worker_count 0, above ENGINE_WORKERS_MAX, or times
 * config->paths above COVEY_WINDOW_PATHS; vtep, encapsulation, paths, or a class out of range),
 * -ENOMEM, -EMFILE, -ENOTSUP (no cipher implementation for this CPU).
 */
int engine_new(const struct dataplane_config *config, unsigned worker_count,
	       struct engine **ret_engine, struct covey_error *error);
/* All workers are offline. Wipes all keys. NULL-safe. */
void engine_free(struct engine *engine);

/* --- workers ------------------------------------------------------------------------------ */

/*
 * The state to hand to bursts; index below worker_count. With several workers, each must also take
 * what the others hand over to it (handover.h).
 */
struct engine_worker *engine_worker(struct engine *engine, unsigned index);

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

/* Add to a counter that one worker writes and the control thread reads: no lock prefix, no tearing.
 */
static inline void engine_count(uint64_t *counter, uint64_t amount)
{
	__atomic_store_n(counter, *counter + amount, __ATOMIC_RELAXED);
}

/* Count packets dropped outside the bursts: a full transmit queue. The caller frees them. */
static inline void engine_worker_dropped(struct engine_worker *worker, enum covey_drop reason,
					 uint64_t packets)
{
	engine_count(&worker->counters.drops[reason], packets);
}

/* --- control: as dataplane.h says, one thread ---------------------------------------------- */

int engine_group_set(struct engine *engine, uint32_t group, const uint32_t *vnis, size_t vni_count,
		     struct covey_error *error);
int engine_sa_install(struct engine *engine, const struct covey_sa *sa,
		      const struct covey_roster_entry *roster, size_t roster_count,
		      struct covey_error *error);
int engine_sa_activate(struct engine *engine, uint32_t spi, struct covey_error *error);
int engine_sa_drain(struct engine *engine, uint32_t spi, struct covey_error *error);
void engine_sa_remove(struct engine *engine, uint32_t spi);
int engine_roster_set(struct engine *engine, uint32_t spi, const struct covey_roster_entry *roster,
		      size_t roster_count, struct covey_error *error);

/* --- reading, while workers run ------------------------------------------------------------ */

void engine_read_counters(const struct engine *engine, struct dataplane_counters *ret_counters);
size_t engine_read_unknown_vnis(const struct engine *engine, uint32_t *vnis, size_t max);
size_t engine_read_sas(const struct engine *engine, struct dataplane_sa_status *sas, size_t max);
size_t engine_read_windows(const struct engine *engine, struct dataplane_window_status *windows,
			   size_t max);
size_t engine_read_sent(const struct engine *engine, uint32_t spi,
			struct dataplane_window_status *windows, size_t max);
