/* SPDX-License-Identifier: BSD-3-Clause */

#include "ports.h"

#include <errno.h>
#include <inventory.h>
#include <port.h>
#include <rte_ethdev.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "eal.h"
#include "fabric_port.h"
#include "host_port.h"
#include "kernel_ports.h"
#include "link.h"
#include "link_redirect.h"

void ports_note(struct ports *ports, const char *format, ...)
{
	va_list args;

	if (ports->notice_count == PORTS_NOTICES_MAX)
		return;
	va_start(args, format);
	vsnprintf(ports->notices[ports->notice_count].text, sizeof(ports->notices[0].text), format,
		  args);
	va_end(args);
	ports->notice_count++;
}

/* What is known of the fabric before its port is open. A kernel interface tells; a device is taken
 * for Ethernet. */
static int measure_fabric(const struct inventory_host *host, struct link_info *ret_link,
			  struct covey_error *error)
{
	if (host->fabric_port != FABRIC_PORT_DEVICE)
		return link_get(host->fabric_interface, ret_link, error);
	*ret_link = (struct link_info){.mtu = RTE_ETHER_MTU, .rx_queues = port_workers()};
	return 0;
}

/* One pool for both ports. An AF_XDP port needs a pool of its own kind, and any other port accepts
 * that kind, too. */
static int make_pool(const struct inventory_host *host, const struct link_info *fabric,
		     struct ports *ports, struct covey_error *error)
{
	port_plan_make(host, fabric->rx_queues, port_workers(), fabric->mtu, &ports->plan);
	ports->pool = port_pool_new(fabric->mtu, ports->plan.demands, error);
	return ports->pool ? 0 : -ENOMEM;
}

int ports_check_mtu(const struct inventory *inventory, const char *interface, uint16_t mtu,
		    struct covey_error *error)
{
	if (mtu >= PORTS_HOST_MTU_MIN + inventory_overhead(inventory))
		return 0;
	return covey_error_set(error, -EMSGSIZE,
			       "%s: an MTU of %u leaves less than %u bytes for the host: "
			       "raise it (VXLAN over covey wants 1,500 + 50 + %u)",
			       interface, mtu, PORTS_HOST_MTU_MIN, inventory_overhead(inventory));
}

static int open_both(const struct inventory *inventory, const struct inventory_host *host,
		     struct ports *ports, struct covey_error *error)
{
	struct rte_ether_addr mac;
	struct link_info fabric;
	int status;

	if (host->fabric_port == FABRIC_PORT_KERNEL)
		return kernel_ports_open(inventory, host, ports, error);
	if ((status = measure_fabric(host, &fabric, error)) ||
	    (status = ports_check_mtu(inventory, host->fabric_interface,
				      inventory_limit_mtu(host, fabric.mtu), error)))
		return status;
	ports->fabric_mtu = fabric.mtu;
	ports->host_mtu =
		(uint16_t)(inventory_limit_mtu(host, fabric.mtu) - inventory_overhead(inventory));
	ports->mtu_max = fabric.mtu;
	if ((status = make_pool(host, &fabric, ports, error)) ||
	    (status = fabric_port_open(host, ports, error)))
		return status;
	status = rte_eth_macaddr_get(ports->fabric->id, &mac);
	if (status)
		return covey_error_set(error, status, "%s: the port has no MAC address",
				       ports->fabric->name);
	memcpy(ports->host_mac, mac.addr_bytes, sizeof(ports->host_mac));
	return host_port_open(host, mac.addr_bytes, ports, error);
}

int ports_open(const struct inventory *inventory, const struct inventory_host *host,
	       struct ports **ret_ports, struct covey_error *error)
{
	struct ports *ports = calloc(1, sizeof(*ports));
	const struct eal_config config = {
		.name = host->name,
		.cores = host->cores,
		.pci = host->fabric_port == FABRIC_PORT_DEVICE ||
		       host->host_port == HOST_PORT_DEVICE,
		.hugepages = host->hugepages != HUGEPAGES_NONE,
	};
	struct covey_error notice = {.text = ""};
	int status;

	if (!ports)
		return covey_error_set(error, -ENOMEM, "out of memory");
	status = eal_open(&config, &notice, error);
	if (status) {
		free(ports);
		return status;
	}
	if (notice.text[0] != '\0')
		ports_note(ports, "%s", notice.text);
	status = open_both(inventory, host, ports, error);
	if (status) {
		ports_close(ports);
		return status;
	}
	*ret_ports = ports;
	return 0;
}

int ports_set_mtu(const struct inventory *inventory, const struct inventory_host *host,
		  struct ports *ports, uint16_t mtu, struct covey_error *error)
{
	return kernel_ports_set_mtu(inventory, host, ports, RTE_MIN(mtu, ports->mtu_max), error);
}

bool ports_would_grow(const struct ports *ports, uint16_t mtu)
{
	return !ports->cramped && RTE_MIN(mtu, PORTS_NETWORK_MTU_MAX) > ports->mtu_max;
}

void ports_close(struct ports *ports)
{
	if (!ports)
		return;
	link_redirect_free(ports->redirect);
	port_close(ports->host);
	port_close(ports->fabric);
	card_give_back(ports->card);
	port_pool_free(ports->pool);
	eal_close();
	free(ports);
}
