/* SPDX-License-Identifier: BSD-3-Clause */
#include "control.h"
#include <engine.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(offsetof(struct engine_worker, counters) % RTE_CACHE_LINE_SIZE == 0,
	       "a worker's counters share no cache line with what others read");
_Static_assert(ENGINE_WORKERS_MAX <= WINDOWS_OWNERS_MAX, "each worker can own windows");

static int check_vpe(const struct dataplane_config *config, struct covey_error *error)
{
	if (config->vtep.family != AF_INET && config->vtep.family != AF_INET6)
		return covey_error_set(error, -EINVAL, "the VTEP has no address");
	if (config->encapsulation != COVEY_ENCAPSULATION_UDP &&
	    config->encapsulation != COVEY_ENCAPSULATION_IP)
		return covey_error_set(error, -EINVAL, "encapsulation %d is unknown",
				       (int)config->encapsulation);
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

static int allocate(struct engine *engine, struct covey_error *error)
{
	struct sadb *first;
	int code = control_new(engine->worker_count, &engine->control, error);

	if (code != 0)
		return code;
	first = calloc(1, sizeof(*first));
	if (!first)
		return covey_error_set(error, -ENOMEM, "out of memory for the SA table");
	sadb_clear(first, engine->control->vnis);
	atomic_store(&engine->sadb, first);
	if (new_qsbr(engine->worker_count, &engine->qsbr) != 0)
		return covey_error_set(error, -ENOMEM, "out of memory for %u workers",
				       engine->worker_count);
	return engine->worker_count > 1
		       ? handover_new(engine->worker_count, &engine->handover, error)
		       : 0;
}

int engine_new(const struct dataplane_config *config, unsigned worker_count,
	       struct engine **ret_engine, struct covey_error *error)
{
	struct engine *engine;
	int code = check(config, worker_count, error);

	if (code != 0)
		return code;
	engine = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*engine));
	if (!engine)
		return covey_error_set(error, -ENOMEM, "out of memory for the dataplane");
	memset(engine, 0, sizeof(*engine));
	engine->config = *config;
	engine->config.fabric_port = engine->config.host_port = NULL;
	engine->classifier =
		(struct classifier){config->vxlan_port, config->vpe_port, config->vpe_protocol};
	engine->overhead = overhead_of(config);
	plain_make(config, engine->overhead, &engine->plain);
	engine->worker_count = worker_count;
	for (unsigned i = 0; i < worker_count; i++) {
		engine->workers[i].engine = engine;
		engine->workers[i].index = i;
		engine->workers[i].path_base = i * config->paths;
	}
	code = allocate(engine, error);
	if (code != 0) {
		engine_free(engine);
		return code;
	}
	*ret_engine = engine;
	return 0;
}

void engine_free(struct engine *engine)
{
	if (!engine)
		return;
	handover_free(engine->handover);
	control_free(engine->control, engine->worker_count);
	free(atomic_load(&engine->sadb));
	free(engine->qsbr);
	explicit_bzero(engine, sizeof(*engine));
	free(engine);
}

struct engine_worker *engine_worker(struct engine *engine, unsigned index)
{
	return &engine->workers[index];
}
