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
#include "offload_test.h"
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

/* --- offload --------------------------------------------------------------------------------- */

/* Whether a port uses the kernel's offload, and what people are told of it. */
struct offload_choice {
	bool on;
	const char *note;
};

static struct offload_choice judge(struct ports *ports, const struct offload_result *result,
				   const char *what)
{
	switch (result->verdict) {
	case OFFLOAD_WORKS:
		return (struct offload_choice){.on = true, .note = ""};
	case OFFLOAD_UNTESTED:
		ports_note(ports,
			   "%s: it is not known whether this kernel does it right, for the "
			   "self-test could not run: %.300s",
			   what, result->why.text);
		return (struct offload_choice){.on = true, .note = "self-test could not run"};
	case OFFLOAD_SPOILS:
		break;
	}
	ports_note(
		ports,
		"%s: this kernel spoils packets (self-test: %.200s). It is switched off: packets "
		"go one by one, at a fraction of the speed. Update the kernel; covey_offload: "
		"off leaves out the test and this warning",
		what, result->why.text);
	return (struct offload_choice){.on = false, .note = "failed the self-test"};
}

static struct offload_choice choose(const struct inventory_host *host, struct ports *ports,
				    enum port_role role)
{
	const struct offload_test test = {
		.family = host->vtep.family,
		.fabric_mtu = ports->fabric_mtu,
		.host_mtu = ports->host_mtu,
		.pool = ports->pool,
	};
	struct offload_result result;

	if (host->offload == OFFLOAD_OFF)
		return (struct offload_choice){.on = false, .note = ""};
	result = role == PORT_FABRIC ? offload_test_fabric(&test) : offload_test_host(&test);
	return judge(ports, &result,
		     role == PORT_FABRIC ? "offload of the fabric port (UDP_SEGMENT, UDP_GRO)"
					 : "offload of the host port (tunnel GSO)");
}

/* --- opening --------------------------------------------------------------------------------- */

static int open_tap(const struct inventory *inventory, const struct inventory_host *host,
		    struct ports *ports, struct covey_error *error)
{
	const struct offload_choice offload = choose(host, ports, PORT_HOST);
	struct port_tap_config config = {
		.name = host->host_interface,
		.mtu = ports->host_mtu,
		.queues = port_workers(),
		.vxlan_port = inventory->vxlan_port,
		.offload = offload.on,
	};
	int status = link_tap_make(host->host_interface, error);

	memcpy(config.mac, tap_mac, sizeof(config.mac));
	if (!status)
		status = port_open_tap(&config, ports->pool, &ports->host, error);
	if (status)
		return status;
	port_set_note(ports->host, offload.note);
	return link_tap_set_up(host->host_interface, host->vtep.family, tap_mac, ports->host_mtu,
			       error);
}

static int open_fabric(const struct inventory *inventory, const struct inventory_host *host,
		       struct ports *ports, struct covey_error *error)
{
	const struct offload_choice offload = choose(host, ports, PORT_FABRIC);
	struct port_kernel_config config = {
		.name = ports->uplinks,
		.vtep = host->vtep,
		.vpe_port = inventory->vpe_port,
		.mtu = ports->fabric_mtu,
		.queues = port_workers(),
		.offload = offload.on,
		.mark = UINT32_C(1) << host->mark_bit,
	};
	int status;

	for (size_t i = 0, len = 0; i < host->uplink_count && len < sizeof(ports->uplinks); i++)
		len += (size_t)snprintf(ports->uplinks + len, sizeof(ports->uplinks) - len, "%s%s",
					i ? " " : "", host->uplinks[i]);
	memcpy(config.host_mac, tap_mac, sizeof(config.host_mac));
	snprintf(ports->fabric_driver, sizeof(ports->fabric_driver), "kernel");
	status = port_open_kernel(&config, ports->pool, &ports->fabric, error);
	if (status)
		return status;
	port_set_note(ports->fabric, offload.note);
	ports->gathers = offload.on && port_kernel_gather(ports->fabric, true);
	return 0;
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
	ports->mtu_max = port_pool_mtu_max(ports->pool);
	status = open_tap(inventory, host, ports, error);
	return status ? status : open_fabric(inventory, host, ports, error);
}

int kernel_ports_set_mtu(const struct inventory *inventory, const struct inventory_host *host,
			 struct ports *ports, uint16_t mtu, struct covey_error *error)
{
	ports->fabric_mtu = mtu;
	ports->host_mtu = (uint16_t)(mtu - inventory_overhead(inventory));
	port_kernel_set_mtu(ports->fabric, mtu);
	port_tap_set_mtu(ports->host, ports->host_mtu);
	return link_set_up(host->host_interface, NULL, ports->host_mtu, false, error);
}
