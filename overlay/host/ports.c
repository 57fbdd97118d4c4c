/* SPDX-License-Identifier: BSD-3-Clause */

#include "ports.h"

#include <errno.h>
#include <inventory.h>
#include <port.h>
#include <rte_ethdev.h>
#include <stdlib.h>
#include <string.h>

#include "eal.h"
#include "fabric_port.h"
#include "host_port.h"
#include "link.h"

/* IPv6's minimum link MTU (RFC 8200 section 5), which a fabric of either family should carry. */
#define HOST_MTU_MIN 1280

/* MTU of the fabric before its port is open: a kernel interface tells, a device is taken as
 * Ethernet.
 */
static int measure_fabric(const struct inventory_host *host, uint16_t *ret_mtu,
			  struct covey_error *error)
{
	struct link_info link = {.mtu = RTE_ETHER_MTU};
	int status = 0;

	if (host->fabric_port != FABRIC_PORT_DEVICE)
		status = link_get(host->fabric_interface, &link, error);
	if (!status)
		*ret_mtu = link.mtu;
	return status;
}

static int open_both(const struct inventory *inventory, const struct inventory_host *host,
		     struct ports *ports, struct covey_error *error)
{
	struct rte_ether_addr mac;
	int status = measure_fabric(host, &ports->fabric_mtu, error);

	if (status)
		return status;
	if (ports->fabric_mtu < HOST_MTU_MIN + inventory_overhead(inventory))
		return covey_error_set(error, -EMSGSIZE,
				       "%s: an MTU of %u leaves less than %u bytes for the host: "
				       "raise it (VXLAN over covey wants 1,500 + 50 + %u)",
				       host->fabric_interface, ports->fabric_mtu, HOST_MTU_MIN,
				       inventory_overhead(inventory));
	ports->host_mtu = (uint16_t)(ports->fabric_mtu - inventory_overhead(inventory));
	status = fabric_port_open(host, ports, error);
	if (status)
		return status;
	status = rte_eth_macaddr_get(ports->fabric->id, &mac);
	if (status)
		return covey_error_set(error, status, "%s: the port has no MAC address",
				       ports->fabric->name);
	return host_port_open(host, mac.addr_bytes, ports, error);
}

int ports_open(const struct inventory *inventory, const struct inventory_host *host,
	       struct ports **ret_ports, struct covey_error *error)
{
	struct ports *ports = calloc(1, sizeof(*ports));
	bool pci = host->fabric_port == FABRIC_PORT_DEVICE || host->host_port == HOST_PORT_DEVICE;
	int status;

	if (!ports)
		return covey_error_set(error, -ENOMEM, "out of memory");
	status = eal_open(host->name, host->cores, pci, error);
	if (status) {
		free(ports);
		return status;
	}
	status = open_both(inventory, host, ports, error);
	if (status) {
		ports_close(ports);
		return status;
	}
	*ret_ports = ports;
	return 0;
}

void ports_close(struct ports *ports)
{
	if (!ports)
		return;
	port_close(ports->host);
	port_close(ports->fabric);
	port_pool_free(ports->pool);
	eal_close();
	free(ports);
}
