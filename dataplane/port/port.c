/* SPDX-License-Identifier: BSD-3-Clause */

#include "port.h"

#include <errno.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <stdlib.h>
#include <string.h>

#include "port_queues.h"

unsigned port_workers(void)
{
	unsigned lcores = rte_lcore_count();

	return lcores > 1 ? lcores - 1 : 1;
}

/* The name part of devargs is the device's own name in EAL. */
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
	if (status)
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
	if (status)
		return status;
	status = port_queues_add(port, id, mtu, pool, &before, error);
	if (status) {
		rte_eth_dev_close(id);
		return status;
	}
	port->devices[port->device_count++] = id;
	return 0;
}

int port_open(const char *devargs, const char *name, uint16_t mtu, struct rte_mempool *pool,
	      struct port **ret_port, struct covey_error *error)
{
	struct port *port = calloc(1, sizeof(*port));
	int status;

	if (!port)
		return covey_error_set(error, -ENOMEM, "%s: out of memory", name);
	snprintf(port->name, sizeof(port->name), "%s", name);
	port->pool = pool;
	status = port_extend(port, devargs, mtu, pool, error);
	if (status) {
		free(port);
		return status;
	}
	port->id = port->devices[0];
	*ret_port = port;
	return 0;
}

static void stop_devices(const struct port *port, unsigned count)
{
	while (count-- > 0)
		rte_eth_dev_stop(port->devices[count]);
}

int port_start(struct port *port, struct covey_error *error)
{
	for (unsigned i = 0; i < port->device_count; i++) {
		int status = rte_eth_dev_start(port->devices[i]);

		if (status) {
			stop_devices(port, i);
			return covey_error_set(error, status, "%s: the port does not start: %s",
					       port->name, rte_strerror(-status));
		}
		/* The host's own MAC address and any multicast group must come in. Kernel
		 * interfaces have both already (overlay/host sees to it), so a driver that can do
		 * neither is no error. */
		if (rte_eth_allmulticast_enable(port->devices[i]))
			rte_eth_promiscuous_enable(port->devices[i]);
	}
	return 0;
}

void port_stop(struct port *port)
{
	stop_devices(port, port->device_count);
}

void port_close(struct port *port)
{
	if (!port)
		return;
	for (unsigned i = port->device_count; i-- > 0;)
		rte_eth_dev_close(port->devices[i]);
	free(port);
}
