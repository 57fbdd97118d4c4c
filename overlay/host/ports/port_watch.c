/* SPDX-License-Identifier: BSD-3-Clause */

#include "port_watch.h"

#include <clock.h>
#include <errno.h>
#include <inventory.h>
#include <log.h>
#include <net/if.h>
#include <port.h>
#include <rte_ethdev.h>
#include <stdlib.h>
#include <string.h>

#include "carrier.h"
#include "link_watch.h"
#include "ports.h"
#include "uplink_watch.h"

/* How often to ask a device that the kernel does not drive for its link. */
#define ASK_MS 1000

struct port_watch {
	struct port_watch_config config;
	struct link_watch *links;
	struct event *timer; /* NULL: the kernel drives the fabric port */
	uint16_t device;     /* otherwise DPDK's port id of the fabric port */
	char peer[IFNAMSIZ];
	void (*up)(void *arg);        /* NULL: nobody asks */
	struct uplink_watch *uplinks; /* NULL: the kernel does not keep its interfaces */
	bool links_carry;
	bool device_carries;
};

static void on_lost(const char *what, void *arg)
{
	struct port_watch *watch = arg;

	watch->config.lost(what, watch->config.arg);
}

static void on_mtu(uint16_t mtu, void *arg)
{
	struct port_watch *watch = arg;

	watch->config.mtu_changed(mtu, watch->config.arg);
}

static void set_carrier(struct port_watch *watch)
{
	carrier_set(watch->config.carrier, watch->links_carry && watch->device_carries);
}

static void on_carries(bool on, void *arg)
{
	struct port_watch *watch = arg;

	watch->links_carry = on;
	set_carrier(watch);
}

static void on_up(void *arg)
{
	const struct port_watch *watch = arg;

	if (watch->up)
		watch->up(watch->config.arg);
}

void port_watch_on_up(struct port_watch *watch, void (*up)(void *arg))
{
	watch->up = up;
	link_watch_on_up(watch->links, on_up);
}

static bool is_up(uint16_t device)
{
	struct rte_eth_link link;

	/* A device that cannot tell counts as up. */
	return rte_eth_link_get_nowait(device, &link) != 0 || link.link_status == RTE_ETH_LINK_UP;
}

static void ask(evutil_socket_t fd, short what, void *arg)
{
	struct port_watch *watch = arg;
	bool up = is_up(watch->device);

	if (up == watch->device_carries)
		return;
	watch->device_carries = up;
	if (up)
		log_notice("the fabric port's link is up again");
	else
		log_warning(
			"the fabric port's link is down: no packet passes until it is up again");
	set_carrier(watch);
}

int port_watch_new(const struct port_watch_config *config, struct port_watch **ret_watch,
		   struct covey_error *error)
{
	static const struct link_watch_handlers handlers = {on_lost, on_carries};
	const struct link_watch_wish wish = {.fixed_mtu = true, .wire = true};
	struct port_watch *watch = calloc(1, sizeof(*watch));
	int status;

	if (!watch)
		return covey_error_set(error, -ENOMEM, "out of memory");
	watch->config = *config;
	watch->device_carries = true;
	status = link_watch_new(config->base, &handlers, watch, &watch->links, error);
	if (!status && config->host->fabric_interface)
		status = link_watch_add(watch->links, config->host->fabric_interface, &wish, error);
	if (status) {
		port_watch_free(watch);
		return status;
	}
	*ret_watch = watch;
	return 0;
}

static int watch_host(struct port_watch *watch, const struct ports *ports,
		      struct covey_error *error)
{
	/* The operator may lower its MTU. */
	const struct link_watch_wish of_peer = {.fixed_mtu = true, .switched = true};
	const struct link_watch_wish of_pair = {.fixed_mtu = true};
	const struct inventory_host *host = watch->config.host;
	const struct link_watch_wish of_host = {
		.fixed_mtu = false,
		.mac = host->fabric_port == FABRIC_PORT_KERNEL ? NULL : ports->host_mac,
	};
	enum host_port_kind kind = ports->host_kind;
	bool steered =
		ports->steer_to[0] != '\0' && strcmp(ports->steer_to, host->host_interface) != 0;
	int status;

	if (kind == HOST_PORT_DEVICE)
		return 0;
	status = link_watch_add(watch->links, host->host_interface, &of_host, error);
	if (status || (kind != HOST_PORT_VETH && !steered))
		return status;
	status = carrier_peer_name(host, watch->peer, error);
	if (!status && steered)
		status = link_watch_add(watch->links, ports->steer_to, &of_pair, error);
	return status ? status
		      : link_watch_add(watch->links, watch->peer, steered ? &of_pair : &of_peer,
				       error);
}

static int hold_programs(struct port_watch *watch, const struct ports *ports,
			 struct covey_error *error)
{
	int status = 0;

	if (ports->fabric_af_xdp)
		status = link_watch_hold_program(watch->links, watch->config.host->fabric_interface,
						 error);
	if (!status && ports->host_af_xdp)
		status = link_watch_hold_program(watch->links, watch->peer, error);
	return status;
}

int port_watch_opened(struct port_watch *watch, const struct ports *ports,
		      struct covey_error *error)
{
	static const struct uplink_watch_handlers of_uplinks = {on_mtu, on_up};
	int status = watch_host(watch, ports, error);

	watch->device = ports->fabric->id;
	if (!status)
		status = hold_programs(watch, ports, error);
	if (!status && watch->config.host->fabric_port == FABRIC_PORT_KERNEL)
		status = uplink_watch_new(watch->config.base, watch->config.inventory,
					  watch->config.host, ports->fabric_mtu, &of_uplinks, watch,
					  &watch->uplinks, error);
	return status ? status
		      : carrier_bind(watch->config.carrier, ports->host_kind == HOST_PORT_VETH,
				     error);
}

static int start_asking(struct port_watch *watch, struct covey_error *error)
{
	const struct timeval interval = clock_timeval(ASK_MS);

	if (watch->config.host->fabric_port != FABRIC_PORT_DEVICE)
		return 0;
	watch->device_carries = is_up(watch->device);
	watch->timer = event_new(watch->config.base, -1, EV_PERSIST, ask, watch);
	if (!watch->timer || event_add(watch->timer, &interval) < 0)
		return covey_error_set(error, -ENOMEM, "out of memory");
	return 0;
}

int port_watch_start(struct port_watch *watch, struct covey_error *error)
{
	int status = start_asking(watch, error);

	if (!status)
		status = link_watch_start(watch->links, error);
	if (!status)
		set_carrier(watch);
	return status;
}

void port_watch_free(struct port_watch *watch)
{
	if (!watch)
		return;
	if (watch->timer)
		event_free(watch->timer);
	uplink_watch_free(watch->uplinks);
	link_watch_free(watch->links);
	free(watch);
}
