/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Ports that leave the kernel its interfaces: UDP sockets towards the fabric, a TAP device towards
 * the kernel, to which the guard steers VXLAN.
 */

#include "kernel_ports.h"

#include <errno.h>
#include <inventory.h>
#include <link_tap.h>
#include <port.h>
#include <stdio.h>
#include <string.h>

#include "link.h"
#include "ports.h"
#include "uplink_watch.h"

/* Of the TAP device. The frames that the fabric's port makes are addressed to it. It is locally
 * administered, and no frame with it ever leaves the host. */
static const uint8_t tap_mac[LINK_MAC_LEN] = {0x02};

static int measure(const struct inventory_host *host, struct ports *ports,
		   struct covey_error *error)
{
	struct covey_error why = {.text = ""};
	struct link_info link;

	for (size_t i = 0; i < host->uplink_count; i++)
		if (link_get(host->uplinks[i], &link, &why))
			ports_note(ports,
				   "%.300s: what would leave there is dropped until it comes",
				   why.text);
	ports->fabric_mtu = uplinks_mtu(host);
	if (ports->fabric_mtu == 0)
		return covey_error_set(error, -ENODEV,
				       "host %s has none of its covey_fabric_interface: %.300s",
				       host->name, why.text);
	return 0;
}

static int open_tap(const struct inventory_host *host, struct ports *ports,
		    struct covey_error *error)
{
	const struct port_tap_config config = {
		.name = host->host_interface,
		.mtu = ports->host_mtu,
		.queues = port_workers(),
		.offload = host->offload == OFFLOAD_AUTO,
	};
	int status = link_tap_make(host->host_interface, error);

	if (!status)
		status = port_open_tap(&config, ports->pool, &ports->host, error);
	return status ? status
		      : link_tap_set_up(host->host_interface, host->vtep.family, tap_mac,
					ports->host_mtu, error);
}

static int open_fabric(const struct inventory *inventory, const struct inventory_host *host,
		       struct ports *ports, struct covey_error *error)
{
	struct port_kernel_config config = {
		.name = ports->uplinks,
		.vtep = host->vtep,
		.vpe_port = inventory->vpe_port,
		.mtu = ports->fabric_mtu,
		.queues = port_workers(),
		.offload = host->offload == OFFLOAD_AUTO,
		.mark = UINT32_C(1) << host->mark_bit,
	};

	for (size_t i = 0, len = 0; i < host->uplink_count && len < sizeof(ports->uplinks); i++)
		len += (size_t)snprintf(ports->uplinks + len, sizeof(ports->uplinks) - len, "%s%s",
					i ? " " : "", host->uplinks[i]);
	memcpy(config.host_mac, tap_mac, sizeof(config.host_mac));
	snprintf(ports->fabric_driver, sizeof(ports->fabric_driver), "kernel");
	return port_open_kernel(&config, ports->pool, &ports->fabric, error);
}

int kernel_ports_open(const struct inventory *inventory, const struct inventory_host *host,
		      struct ports *ports, struct covey_error *error)
{
	/* The fabric's port has one socket more, for multicast. */
	const struct port_demand demands[] = {
		[PORT_FABRIC] = {.rx_queues = port_workers() + 1},
		[PORT_HOST] = {.rx_queues = port_workers()},
	};
	int status = measure(host, ports, error);

	if (!status)
		status = ports_check_mtu(inventory, host->uplinks[0], ports->fabric_mtu, error);
	if (status)
		return status;
	ports->host_mtu = (uint16_t)(ports->fabric_mtu - inventory_overhead(inventory));
	ports->pool = port_pool_new(ports->fabric_mtu, demands, error);
	if (!ports->pool)
		return -ENOMEM;
	status = open_tap(host, ports, error);
	return status ? status : open_fabric(inventory, host, ports, error);
}
