/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The port towards the kernel. By default it is a veth pair: the kernel's side keeps its addresses
 * and routes when covey-host restarts, and with AF_XDP on the other side it is the faster choice
 * (docs/performance/notebook.md).
 */

#include "host_port.h"

#include <errno.h>
#include <inventory.h>
#include <net/if.h>
#include <port.h>
#include <stdio.h>
#include <string.h>

#include "af_packet.h"
#include "af_xdp.h"
#include "carrier.h"
#include "link.h"
#include "link_offloads.h"
#include "link_pair.h"
#include "link_queues.h"
#include "link_switch.h"
#include "link_tap.h"

#define DEVARGS_MAX 192
#define TAP_MTU_MAX 1500u

/* The pair may exist from an earlier run: then it is used as it is, with its addresses. */
static int make_veth(const char *name, const char *peer, struct covey_error *error)
{
	struct link_info info;
	int status = link_add_veth(name, peer, error);

	if (status != -EEXIST)
		return status;
	status = link_get(name, &info, error);
	if (status)
		return status;
	if (link_tap_is_ours(name))
		return covey_error_set(error, -EEXIST,
				       "interface %s is from when covey_fabric_port was kernel: "
				       "`ip link delete %s`",
				       name, name);
	if (strcmp(info.kind, "veth") != 0 || link_get(peer, &info, NULL))
		return covey_error_set(error, -EEXIST,
				       "interface %s exists and is not the veth pair %s, %s that "
				       "covey makes: rename it, or set covey_host_interface",
				       name, name, peer);
	return 0;
}

/* One queue for each worker, on both ends. An end that receives by XDP must at no moment have fewer
 * queues than its other end sends on. So the peer grows first and shrinks last. */
static void set_queues(const char *name, const char *peer)
{
	unsigned queues = port_workers() < AF_XDP_QUEUES_MAX ? port_workers() : AF_XDP_QUEUES_MAX;

	link_set_queues(peer, queues);
	link_set_queues(name, queues);
	link_set_queues(peer, queues);
}

static int configure_veth(const char *name, const char *peer, uint16_t peer_mtu, const uint8_t *mac,
			  uint16_t mtu, struct covey_error *error)
{
	struct link_info info;
	int status = link_set_offloads(name, false, error);

	if (status)
		return status;
	link_silence(peer);
	link_keep_neighbours(name);
	/* The host interface gets no carrier before packets can pass (carrier.h). */
	status = link_get(peer, &info, error);
	if (!status)
		status = link_switch_down(info.index, peer_mtu, error);
	return status ? status : link_set_up(name, mac, mtu, false, error);
}

static int open_af_xdp(const struct inventory_host *host, const char *peer, uint16_t mtu,
		       struct ports *ports, struct covey_error *error)
{
	const struct covey_error *why = &ports->plan.no_af_xdp[PORT_HOST];

	if (why->text[0] != '\0')
		return covey_error_set(error, -EINVAL, "no AF_XDP on %s: %.400s", peer, why->text);
	return af_xdp_open("host", peer, host->host_interface, mtu, ports->pool, &ports->host,
			   error);
}

int host_port_open_pair(const struct inventory_host *host, const char *peer, uint16_t peer_mtu,
			const uint8_t *mac, struct ports *ports, struct covey_error *error)
{
	char devargs[DEVARGS_MAX];
	struct covey_error why;
	int status;

	status = configure_veth(host->host_interface, peer, peer_mtu, mac, ports->host_mtu, error);
	if (status)
		return status;
	set_queues(host->host_interface, peer);
	ports->host_af_xdp = open_af_xdp(host, peer, peer_mtu, ports, &why) == 0;
	if (ports->host_af_xdp)
		return 0;
	ports_note(ports, "using AF_PACKET for %s, which is slower: %.400s", host->host_interface,
		   why.text);
	/* Where the kernel keeps the network card, VXLAN alone comes here. */
	if (host->fabric_port != FABRIC_PORT_KERNEL)
		af_packet_note(host->host_interface, ports);
	af_packet_devargs("host", peer, peer_mtu, port_workers(), devargs, sizeof(devargs));
	return port_open(devargs, host->host_interface, peer_mtu, ports->pool, &ports->host, error);
}

/* Where covey_fabric_port was kernel, there may be a pair beside the host interface. */
static int remove_steered(const struct inventory_host *host, struct covey_error *error)
{
	char steered[IFNAMSIZ];
	int status = carrier_steered_name(host, steered, error);

	return status ? status : link_pair_remove(steered, error);
}

static int open_veth(const struct inventory_host *host, const uint8_t *mac, struct ports *ports,
		     struct covey_error *error)
{
	char peer[IFNAMSIZ];
	int status;

	if ((status = carrier_peer_name(host, peer, error)) ||
	    (status = remove_steered(host, error)))
		return status;
	status = make_veth(host->host_interface, peer, error);
	return status ? status
		      : host_port_open_pair(host, peer, ports->host_mtu, mac, ports, error);
}

/* DPDK's TAP driver sends no longer packets than this, whatever the interface's MTU is. */
static void limit_tap(const struct inventory_host *host, struct ports *ports)
{
	if (ports->host_mtu <= TAP_MTU_MAX)
		return;
	ports_note(ports,
		   "%s: a TAP carries at most %u bytes, the fabric would have %u: use a veth pair",
		   host->host_interface, TAP_MTU_MAX, ports->host_mtu);
	ports->host_mtu = TAP_MTU_MAX;
}

static int open_tap(const struct inventory_host *host, const uint8_t *mac, struct ports *ports,
		    struct covey_error *error)
{
	char devargs[DEVARGS_MAX];
	int status;

	limit_tap(host, ports);
	snprintf(devargs, sizeof(devargs),
		 "net_tap_host,iface=%s,mac=%02x:%02x:%02x:%02x:%02x:%02x", host->host_interface,
		 mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	status = port_open(devargs, host->host_interface, ports->host_mtu, ports->pool,
			   &ports->host, error);
	if (status)
		return status;
	status = link_set_offloads(host->host_interface, true, error);
	if (!status)
		status = link_set_up(host->host_interface, mac, ports->host_mtu, false, error);
	if (status) {
		port_close(ports->host);
		ports->host = NULL;
	}
	return status;
}

static int open_kind(const struct inventory_host *host, const uint8_t *mac, struct ports *ports,
		     struct covey_error *error)
{
	switch (host->host_port) {
	case HOST_PORT_VETH:
		return open_veth(host, mac, ports, error);
	case HOST_PORT_TAP:
		return open_tap(host, mac, ports, error);
	case HOST_PORT_DEVICE:
	case HOST_PORT_AUTO:
		break;
	}
	return port_open(host->host_device, host->host_device, ports->host_mtu, ports->pool,
			 &ports->host, error);
}

/* If the host port is a device, the kernel may have no interface of it. */
int host_port_open(const struct inventory_host *host, const uint8_t *mac, struct ports *ports,
		   struct covey_error *error)
{
	struct covey_error why;
	int status = open_kind(host, mac, ports, error);

	if (status)
		return status;
	ports->host_kind = host->host_port;
	status = link_set_group(host->host_interface, LINK_GROUP_COVEY, &why);
	if (status == 0 || (status == -ENODEV && host->host_port == HOST_PORT_DEVICE))
		return 0;
	port_close(ports->host);
	ports->host = NULL;
	*error = why;
	return status;
}
