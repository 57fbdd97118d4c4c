/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports that are devices of DPDK. */

#include "port_kind.h"

#include <errno.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <stdlib.h>
#include <string.h>

#include "port_queues.h"

/* The part of devargs that is the device's own name in EAL. */
static void device_name(const char *devargs, char *ret_name, size_t size)
{
	size_t len = strcspn(devargs, ",");

	if (len >= size)
		len = size - 1;
	memcpy(ret_name, devargs, len);
	ret_name[len] = 0;
}

static int attach(const char *devargs, uint16_t *ret_id, struct covey_error *error)
{
	char name[RTE_ETH_NAME_MAX_LEN];
	int status;

	device_name(devargs, name, sizeof(name));
	if (rte_eth_dev_get_port_by_name(name, ret_id) == 0)
		return 0;
	status = rte_dev_probe(devargs);
	if (status != 0)
		return covey_error_set(error, status, "DPDK does not accept the device \"%s\": %s",
				       devargs, rte_strerror(-status));
	if (rte_eth_dev_get_port_by_name(name, ret_id))
		return covey_error_set(error, -ENODEV, "the device \"%s\" is no Ethernet port",
				       devargs);
	return 0;
}

int port_extend(struct port *port, const char *devargs, uint16_t mtu, struct rte_mempool *pool,
		struct covey_error *error)
{
	struct wait_fds_before before;
	uint16_t id;
	int status;

	if (RTE_MAX(port->rx_count, port->tx_count) == PORT_QUEUES_MAX)
		return covey_error_set(error, -E2BIG, "%s: more than %d queues", port->name,
				       PORT_QUEUES_MAX);
	wait_fds_begin(&before);
	status = attach(devargs, &id, error);
	if (status != 0)
		return status;
	status = port_queues_add(port, id, mtu, pool, &before, error);
	if (status != 0) {
		rte_eth_dev_close(id);
		return status;
	}
	port->devices[port->device_count++] = id;
	return 0;
}

static void stop_devices(const struct port *port, unsigned count)
{
	while (count-- > 0)
		rte_eth_dev_stop(port->devices[count]);
}

static int start_devices(struct port *port, struct covey_error *error)
{
	for (unsigned i = 0; i < port->device_count; i++) {
		int status = rte_eth_dev_start(port->devices[i]);

		if (status != 0) {
			stop_devices(port, i);
			return covey_error_set(error, status, "%s: the port does not start: %s",
					       port->name, rte_strerror(-status));
		}
		/* The host's own MAC address and all multicast groups must come in. For kernel
		 * interfaces overlay/host has set up both, so it is no error when a driver can do
		 * neither. */
		if (rte_eth_allmulticast_enable(port->devices[i]))
			rte_eth_promiscuous_enable(port->devices[i]);
	}
	return 0;
}

static void stop_all(struct port *port)
{
	stop_devices(port, port->device_count);
}

static void close_devices(struct port *port)
{
	for (unsigned i = port->device_count; i-- > 0;)
		rte_eth_dev_close(port->devices[i]);
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

static void read_devices(const struct port *port, struct dataplane_port_status *status)
{
	struct rte_eth_dev_info info;

	if (rte_eth_dev_info_get(port->id, &info) == 0)
		snprintf(status->driver, sizeof(status->driver), "%s", info.driver_name);
	rte_eth_dev_get_mtu(port->id, &status->mtu);
	for (unsigned i = 0; i < port->device_count; i++)
		add_stats(port->devices[i], status);
}

static const struct port_kind devices = {
	.start = start_devices,
	.stop = stop_all,
	.close = close_devices,
	.read = read_devices,
};

int port_open(const char *devargs, const char *name, uint16_t mtu, struct rte_mempool *pool,
	      struct port **ret_port, struct covey_error *error)
{
	struct port *port;
	int status = port_new(&devices, name, pool, &port, error);

	if (status != 0)
		return status;
	status = port_extend(port, devargs, mtu, pool, error);
	if (status != 0) {
		free(port);
		return status;
	}
	port->id = port->devices[0];
	*ret_port = port;
	return 0;
}
