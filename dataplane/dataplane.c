/* SPDX-License-Identifier: BSD-3-Clause */

#include "dataplane.h"

#include <errno.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "port.h"
#include "worker.h"

#define WORKERS 1

struct dataplane {
	struct engine *engine;
	struct port *fabric;
	struct port *host;
	struct worker worker;
	unsigned turns_seen;
	bool ports_started;
	bool running;
};

int dataplane_open(const struct dataplane_config *config, struct dataplane **ret_dataplane,
		   struct covey_error *error)
{
	struct dataplane *dataplane = calloc(1, sizeof(*dataplane));
	int status;

	if (!dataplane)
		return covey_error_set(error, -ENOMEM, "out of memory");
	dataplane->fabric = config->fabric_port;
	dataplane->host = config->host_port;
	status = engine_new(config, WORKERS, &dataplane->engine, error);
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

int dataplane_start(struct dataplane *dataplane, struct covey_error *error)
{
	unsigned lcore = rte_get_next_lcore(-1, 1, 0);
	int status;

	if (lcore == RTE_MAX_LCORE)
		return covey_error_set(error, -ENODEV, "EAL has no worker lcore");
	status = start_ports(dataplane, error);
	if (status)
		return status;
	dataplane->worker = (struct worker){
		.engine = engine_worker(dataplane->engine, 0),
		.fabric = dataplane->fabric,
		.host = dataplane->host,
		.lcore = lcore,
	};
	status = rte_eal_remote_launch(worker_run, &dataplane->worker, lcore);
	if (status)
		return covey_error_set(error, status, "worker lcore %u does not start: %s", lcore,
				       strerror(-status));
	dataplane->running = true;
	return 0;
}

bool dataplane_is_alive(struct dataplane *dataplane)
{
	unsigned before = dataplane->turns_seen;

	dataplane->turns_seen = atomic_load(&dataplane->worker.turns);
	return dataplane->turns_seen != before;
}

void dataplane_close(struct dataplane *dataplane)
{
	if (!dataplane)
		return;
	if (dataplane->running) {
		atomic_store(&dataplane->worker.stop, true);
		rte_eal_wait_lcore(dataplane->worker.lcore);
	}
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

static void read_port(const struct port *port, struct dataplane_port_status *ret_status)
{
	struct dataplane_port_status status = {0};
	struct rte_eth_dev_info info;
	struct rte_eth_stats stats;

	snprintf(status.name, sizeof(status.name), "%s", port->name);
	if (rte_eth_dev_info_get(port->id, &info) == 0)
		snprintf(status.driver, sizeof(status.driver), "%s", info.driver_name);
	rte_eth_dev_get_mtu(port->id, &status.mtu);
	if (rte_eth_stats_get(port->id, &stats) == 0) {
		status.rx_packets = stats.ipackets;
		status.rx_bytes = stats.ibytes;
		status.rx_missed = stats.imissed;
		status.tx_packets = stats.opackets;
		status.tx_bytes = stats.obytes;
		status.tx_errors = stats.oerrors;
	}
	*ret_status = status;
}

void dataplane_read_ports(const struct dataplane *dataplane, struct dataplane_port_status ports[2])
{
	read_port(dataplane->fabric, &ports[0]);
	read_port(dataplane->host, &ports[1]);
}
