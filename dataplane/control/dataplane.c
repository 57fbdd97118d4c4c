/* SPDX-License-Identifier: BSD-3-Clause */

#include <dataplane.h>

#include <errno.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "group_queries.h"
#include <engine.h>
#include <port.h>
#include <worker.h>

_Static_assert(GROUP_QUERIES <= WORKER_POSTS, "all queries can be on their way at once");

struct dataplane {
	struct engine *engine;
	struct port *fabric;
	struct port *host;
	unsigned worker_count;
	unsigned running; /* workers */
	bool ports_started;
	struct worker workers[ENGINE_WORKERS_MAX];
};

/* A worker sends on queues of its own. */
static unsigned count_workers(const struct dataplane *dataplane)
{
	unsigned queues = RTE_MIN(dataplane->fabric->tx_count, dataplane->host->tx_count);

	return RTE_MIN(RTE_MIN(queues, port_workers()), ENGINE_WORKERS_MAX);
}

static unsigned count_classes(const struct dataplane_config *config)
{
	unsigned classes = 0;

	for (unsigned i = 0; i < 64; i++)
		classes |= 1u << config->class_by_dscp[i] % COVEY_CLASSES;
	return (unsigned)__builtin_popcount(classes);
}

/* A receiver keeps a bounded number of windows for us: classes, casts, workers and paths share it.
 */
static uint16_t limit_paths(const struct dataplane_config *config, unsigned workers)
{
	unsigned most = COVEY_REPLAY_WINDOWS_PER_SENDER_MAX / (2 * count_classes(config) * workers);

	return (uint16_t)RTE_MIN(config->paths, most);
}

int dataplane_open(const struct dataplane_config *config, struct dataplane **ret_dataplane,
		   struct covey_error *error)
{
	struct dataplane *dataplane = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*dataplane));
	struct dataplane_config limited = *config;
	int status;

	if (!dataplane)
		return covey_error_set(error, -ENOMEM, "out of memory");
	memset(dataplane, 0, sizeof(*dataplane));
	dataplane->fabric = config->fabric_port;
	dataplane->host = config->host_port;
	dataplane->worker_count = count_workers(dataplane);
	limited.paths = limit_paths(config, dataplane->worker_count);
	status = engine_new(&limited, dataplane->worker_count, &dataplane->engine, error);
	if (status) {
		free(dataplane);
		return status;
	}
	*ret_dataplane = dataplane;
	return 0;
}

static int start_ports(struct dataplane *dataplane, struct covey_error *error)
{
	int status = port_start(dataplane->fabric, error);

	if (status)
		return status;
	status = port_start(dataplane->host, error);
	if (status)
		port_stop(dataplane->fabric);
	else
		dataplane->ports_started = true;
	return status;
}

static int start_worker(struct dataplane *dataplane, unsigned index, unsigned lcore,
			struct covey_error *error)
{
	struct worker *worker = &dataplane->workers[index];
	int status;

	*worker = (struct worker){
		.engine = engine_worker(dataplane->engine, index),
		.fabric = dataplane->fabric,
		.host = dataplane->host,
		.index = index,
		.workers = dataplane->worker_count,
		.lcore = lcore,
	};
	status = rte_eal_remote_launch(worker_run, worker, lcore);
	if (status)
		return covey_error_set(error, status, "worker lcore %u does not start: %s", lcore,
				       strerror(-status));
	dataplane->running++;
	return 0;
}

int dataplane_start(struct dataplane *dataplane, struct covey_error *error)
{
	unsigned lcore = RTE_MAX_LCORE, index = 0;
	int status = start_ports(dataplane, error);

	if (status)
		return status;
	RTE_LCORE_FOREACH_WORKER(lcore) {
		if (index == dataplane->worker_count)
			break;
		status = start_worker(dataplane, index++, lcore, error);
		if (status)
			return status;
	}
	return dataplane->running > 0 ? 0
				      : covey_error_set(error, -ENODEV, "EAL has no worker lcore");
}

unsigned dataplane_workers(const struct dataplane *dataplane)
{
	return dataplane->worker_count;
}

int dataplane_ciphers_shared(const struct dataplane *dataplane)
{
	return ciphers_shared(dataplane->engine->control->ciphers);
}

static int query(struct worker *worker, unsigned index, struct rte_mempool *pool)
{
	const struct group_query query = group_query(index);
	struct rte_mbuf *packet = rte_pktmbuf_alloc(pool);
	char *room = packet ? rte_pktmbuf_append(packet, query.len) : NULL;

	if (!room) {
		rte_pktmbuf_free(packet);
		return -ENOMEM;
	}
	memcpy(room, query.frame, query.len);
	if (worker_post(worker, index, packet))
		return 0;
	rte_pktmbuf_free(packet);
	return -EBUSY;
}

int dataplane_query_groups(struct dataplane *dataplane, struct rte_mempool *pool)
{
	int status = 0;

	for (unsigned i = 0; i < GROUP_QUERIES; i++) {
		int one = query(&dataplane->workers[0], i, pool);

		status = status ? status : one;
	}
	return status;
}

bool dataplane_is_alive(struct dataplane *dataplane)
{
	bool alive = true;

	for (unsigned i = 0; i < dataplane->running; i++) {
		struct worker *worker = &dataplane->workers[i];
		unsigned before = worker->turns_seen;

		worker->turns_seen = atomic_load(&worker->turns);
		alive &= worker->turns_seen != before;
	}
	return alive && dataplane->running > 0;
}

/* What one has handed over to another that stopped before is on no port's queue any more. */
static void stop_workers(struct dataplane *dataplane)
{
	for (unsigned i = 0; i < dataplane->running; i++)
		atomic_store(&dataplane->workers[i].stop, true);
	for (unsigned i = 0; i < dataplane->running; i++)
		rte_eal_wait_lcore(dataplane->workers[i].lcore);
	for (unsigned i = 0; i < dataplane->running; i++)
		worker_drain(&dataplane->workers[i]);
}

void dataplane_close(struct dataplane *dataplane)
{
	if (!dataplane)
		return;
	stop_workers(dataplane);
	if (dataplane->ports_started) {
		port_stop(dataplane->host);
		port_stop(dataplane->fabric);
	}
	engine_free(dataplane->engine);
	free(dataplane);
}

int dataplane_group_set(struct dataplane *dataplane, uint32_t group, const uint32_t *vnis,
			size_t vni_count, struct covey_error *error)
{
	return engine_group_set(dataplane->engine, group, vnis, vni_count, error);
}

int dataplane_sa_install(struct dataplane *dataplane, const struct covey_sa *sa,
			 const struct covey_roster_entry *roster, size_t roster_count,
			 struct covey_error *error)
{
	return engine_sa_install(dataplane->engine, sa, roster, roster_count, error);
}

int dataplane_sa_activate(struct dataplane *dataplane, uint32_t spi, struct covey_error *error)
{
	return engine_sa_activate(dataplane->engine, spi, error);
}

int dataplane_sa_drain(struct dataplane *dataplane, uint32_t spi, struct covey_error *error)
{
	return engine_sa_drain(dataplane->engine, spi, error);
}

void dataplane_sa_remove(struct dataplane *dataplane, uint32_t spi)
{
	engine_sa_remove(dataplane->engine, spi);
}

int dataplane_roster_set(struct dataplane *dataplane, uint32_t spi,
			 const struct covey_roster_entry *roster, size_t roster_count,
			 struct covey_error *error)
{
	return engine_roster_set(dataplane->engine, spi, roster, roster_count, error);
}

void dataplane_read_counters(const struct dataplane *dataplane,
			     struct dataplane_counters *ret_counters)
{
	engine_read_counters(dataplane->engine, ret_counters);
}

size_t dataplane_read_unknown_vnis(const struct dataplane *dataplane, uint32_t *vnis, size_t max)
{
	return engine_read_unknown_vnis(dataplane->engine, vnis, max);
}

size_t dataplane_read_sas(const struct dataplane *dataplane, struct dataplane_sa_status *sas,
			  size_t max)
{
	return engine_read_sas(dataplane->engine, sas, max);
}

size_t dataplane_read_windows(const struct dataplane *dataplane,
			      struct dataplane_window_status *windows, size_t max)
{
	return engine_read_windows(dataplane->engine, windows, max);
}

size_t dataplane_read_sent(const struct dataplane *dataplane, uint32_t spi,
			   struct dataplane_window_status *windows, size_t max)
{
	return engine_read_sent(dataplane->engine, spi, windows, max);
}

static void add_stats(uint16_t device, struct dataplane_port_status *status)
{
	struct rte_eth_stats stats;

	if (rte_eth_stats_get(device, &stats) != 0)
		return;
	status->rx_packets += stats.ipackets;
	status->rx_bytes += stats.ibytes;
	status->rx_missed += stats.imissed;
	status->tx_packets += stats.opackets;
	status->tx_bytes += stats.obytes;
	status->tx_errors += stats.oerrors;
}

static void read_port(const struct port *port, struct dataplane_port_status *ret_status)
{
	struct dataplane_port_status status = {.rx_queues = port->rx_count,
					       .tx_queues = port->tx_count};
	struct rte_eth_dev_info info;

	snprintf(status.name, sizeof(status.name), "%s", port->name);
	if (rte_eth_dev_info_get(port->id, &info) == 0)
		snprintf(status.driver, sizeof(status.driver), "%s", info.driver_name);
	rte_eth_dev_get_mtu(port->id, &status.mtu);
	for (unsigned i = 0; i < port->device_count; i++)
		add_stats(port->devices[i], &status);
	*ret_status = status;
}

void dataplane_read_ports(const struct dataplane *dataplane, struct dataplane_port_status ports[2])
{
	read_port(dataplane->fabric, &ports[0]);
	read_port(dataplane->host, &ports[1]);
}

void dataplane_read_buffers(const struct dataplane *dataplane,
			    struct dataplane_buffers *ret_buffers)
{
	const struct rte_mempool *pool = dataplane->fabric->pool;

	ret_buffers->total = pool->size;
	ret_buffers->free = rte_mempool_avail_count(pool);
}
