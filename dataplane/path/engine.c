/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine.h"
#include "windows.h"
#include <errno.h>
#include <rte_cycles.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

_Static_assert(offsetof(struct engine_worker, counters) % RTE_CACHE_LINE_SIZE == 0,
	       "a worker's counters share no cache line with what others read");
_Static_assert(ENGINE_WORKERS_MAX <= WINDOWS_OWNERS_MAX, "each worker can own windows");
_Static_assert(ENGINE_WORKERS_MAX <= HANDOVER_WORKERS_MAX, "each worker can hand over");
_Static_assert(ENGINE_BURST_MAX <= HANDOVER_BURST_MAX, "all of a burst can be handed over");

static int check_vpe(const struct dataplane_config *config, struct covey_error *error)
{
	if (config->vtep.family != AF_INET && config->vtep.family != AF_INET6)
		return covey_error_set(error, -EINVAL, "the VTEP has no address");
	if (config->encapsulation != COVEY_ENCAPSULATION_UDP &&
	    config->encapsulation != COVEY_ENCAPSULATION_IP)
		return covey_error_set(error, -EINVAL, "encapsulation %d is unknown",
				       (int)config->encapsulation);
	if (config->tunnel_count > COVEY_TUNNELS_MAX)
		return covey_error_set(error, -EINVAL, "%zu tunnels, more than %u",
				       config->tunnel_count, COVEY_TUNNELS_MAX);
	if (config->vpe_port == config->vxlan_port)
		return covey_error_set(error, -EINVAL, "VPE and VXLAN share UDP port %u",
				       config->vpe_port);
	for (unsigned i = 0; i < 64; i++)
		if (config->class_by_dscp[i] >= COVEY_CLASSES)
			return covey_error_set(error, -EINVAL, "DSCP %u has class %u, above 7", i,
					       config->class_by_dscp[i]);
	return 0;
}

static int check(const struct dataplane_config *config, unsigned worker_count,
		 struct covey_error *error)
{
	if (worker_count == 0 || worker_count > ENGINE_WORKERS_MAX)
		return covey_error_set(error, -EINVAL, "%u workers, not 1 to %u", worker_count,
				       ENGINE_WORKERS_MAX);
	if (config->paths == 0 || config->paths * worker_count > COVEY_WINDOW_PATHS)
		return covey_error_set(error, -EINVAL,
				       "%u paths for each of %u workers, not 1 to %u together",
				       config->paths, worker_count, COVEY_WINDOW_PATHS);
	return check_vpe(config, error);
}

static uint16_t overhead_of(const struct dataplane_config *config)
{
	if (config->encapsulation == COVEY_ENCAPSULATION_UDP)
		return config->vtep.family == AF_INET ? COVEY_OVERHEAD_UDP_IPV4
						      : COVEY_OVERHEAD_UDP_IPV6;
	return config->vtep.family == AF_INET ? COVEY_OVERHEAD_IP_IPV4 : COVEY_OVERHEAD_IP_IPV6;
}

static int new_qsbr(unsigned worker_count, struct rte_rcu_qsbr **ret_qsbr)
{
	size_t size = rte_rcu_qsbr_get_memsize(worker_count);
	struct rte_rcu_qsbr *qsbr =
		aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN_CEIL(size, RTE_CACHE_LINE_SIZE));

	if (!qsbr)
		return -ENOMEM;
	rte_rcu_qsbr_init(qsbr, worker_count);
	for (unsigned i = 0; i < worker_count; i++)
		rte_rcu_qsbr_thread_register(qsbr, i);
	*ret_qsbr = qsbr;
	return 0;
}

static void begin_worker(struct engine *engine, unsigned index)
{
	struct engine_worker *worker = &engine->workers[index];

	worker->engine = engine;
	worker->index = index;
	worker->path_base = index * engine->config.paths;
	worker->handover.handover = engine->handover;
	worker->handover.index = index;
	worker->handover.counters = &worker->counters;
	worker->handover.capture = &worker->capture;
}

/* So few random bytes come at once, or not at all. */
static int begin_heard(struct engine *engine, struct covey_error *error)
{
	if (getrandom(&engine->secret, sizeof(engine->secret), 0) != sizeof(engine->secret))
		return covey_error_set(error, -EIO, "the kernel gives no random numbers");
	for (unsigned i = 0; i < engine->worker_count; i++) {
		engine->workers[i].heard =
			heard_new(&engine->secret, HEARD_KEPT_SECONDS * rte_get_tsc_hz());
		if (!engine->workers[i].heard)
			return covey_error_set(error, -ENOMEM, "out of memory for %u workers",
					       engine->worker_count);
	}
	return 0;
}

int engine_open(struct engine *engine, const struct dataplane_config *config, unsigned worker_count,
		struct covey_error *error)
{
	int status = check(config, worker_count, error);

	if (status != 0)
		return status;
	memset(engine, 0, sizeof(*engine));
	engine->config = *config;
	engine->config.fabric_port = engine->config.host_port = NULL;
	engine->classifier =
		(struct classifier){config->vxlan_port, config->vpe_port, config->vpe_protocol,
				    .tunnel_count = config->tunnel_count};
	memcpy(engine->classifier.tunnels, config->tunnels, sizeof(config->tunnels));
	engine->overhead = overhead_of(config);
	recognise_own_make(config, engine->overhead, &engine->own);
	engine->worker_count = worker_count;
	if (new_qsbr(worker_count, &engine->qsbr) != 0)
		return covey_error_set(error, -ENOMEM, "out of memory for %u workers",
				       worker_count);
	if (worker_count > 1)
		status = handover_new(worker_count, &engine->handover, error);
	if (status == 0)
		status = begin_heard(engine, error);
	if (status != 0) {
		engine_close(engine);
		return status;
	}
	for (unsigned i = 0; i < worker_count; i++)
		begin_worker(engine, i);
	return 0;
}

void engine_close(struct engine *engine)
{
	handover_free(engine->handover);
	for (unsigned i = 0; i < engine->worker_count; i++)
		heard_free(engine->workers[i].heard);
	free(engine->qsbr);
	explicit_bzero(engine, sizeof(*engine));
}

struct sadb *engine_publish(struct engine *engine, struct sadb *next)
{
	struct sadb *before = atomic_exchange_explicit(&engine->sadb, next, memory_order_acq_rel);

	/* Wait until no worker uses what it read before. rte_rcu_qsbr_synchronize() does the same,
	 * but inside a library, where ThreadSanitizer cannot see the order that it makes. */
	rte_rcu_qsbr_check(engine->qsbr, rte_rcu_qsbr_start(engine->qsbr), true);
	return before;
}
