/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The port towards the fabric: AF_XDP on the kernel's interface (AF_PACKET where that cannot be
 * had), or any DPDK device by name.
 */

#include "fabric_port.h"

#include <errno.h>
#include <inventory.h>
#include <net/if.h>
#include <port.h>
#include <stdio.h>
#include <string.h>

#include "af_packet.h"
#include "af_xdp.h"
#include "card.h"
#include "link.h"
#include "link_redirect.h"

#define DEVARGS_MAX 192

static int open_af_xdp(const struct inventory_host *host, struct ports *ports,
		       struct covey_error *error)
{
	const struct covey_error *why = &ports->plan.no_af_xdp[PORT_FABRIC];
	struct covey_error without;
	int status;

	if (why->text[0] != '\0')
		return covey_error_set(error, -EINVAL, "no AF_XDP on %s: %.400s",
				       host->fabric_interface, why->text);
	card_prepare(ports->card, CARD_AF_XDP, ports);
	link_redirect_remove_left(if_nametoindex(host->fabric_interface));
	snprintf(ports->fabric_driver, sizeof(ports->fabric_driver), "net_af_xdp");
	status = af_xdp_open("fabric", host->fabric_interface, host->fabric_interface,
			     ports->fabric_mtu, ports->pool, &ports->fabric, error);
	ports->fabric_af_xdp = status == 0;
	/* Without it everything works but the proof that packets come encrypted. */
	if (status == 0 && link_redirect_new(if_nametoindex(host->fabric_interface),
					     &ports->redirect, &without) < 0)
		covey_error_set(&ports->no_redirect, 0,
				"AF_XDP has %s, and nothing can look before it: %.150s",
				host->fabric_interface, without.text);
	return status;
}

static int open_af_packet(const struct inventory_host *host, struct ports *ports,
			  struct covey_error *error)
{
	char devargs[DEVARGS_MAX];
	int status;

	card_prepare(ports->card, CARD_AF_PACKET, ports);
	link_redirect_remove_left(if_nametoindex(host->fabric_interface));
	af_packet_note(host->fabric_interface, ports);
	af_packet_devargs("fabric", host->fabric_interface, ports->fabric_mtu, port_workers(),
			  devargs, sizeof(devargs));
	snprintf(ports->fabric_driver, sizeof(ports->fabric_driver), "net_af_packet");
	ports->fabric_af_packet = true;
	status = port_open(devargs, host->fabric_interface, ports->fabric_mtu, ports->pool,
			   &ports->fabric, error);
	return status ? status
		      : af_packet_mark(host->fabric_interface, UINT32_C(1) << host->mark_bit,
				       error);
}

static int open_auto(const struct inventory_host *host, struct ports *ports,
		     struct covey_error *error)
{
	struct covey_error why;

	if (open_af_xdp(host, ports, &why) == 0)
		return 0;
	ports_note(ports, "using AF_PACKET on %s, which is slower: %.400s", host->fabric_interface,
		   why.text);
	return open_af_packet(host, ports, error);
}

static int open_device(const struct inventory_host *host, struct ports *ports,
		       struct covey_error *error)
{
	snprintf(ports->fabric_driver, sizeof(ports->fabric_driver), "%.31s", host->fabric_device);
	return port_open(host->fabric_device, host->fabric_device, ports->fabric_mtu, ports->pool,
			 &ports->fabric, error);
}

/* If the other end of a veth pair leaves work to hardware, nobody does that work, and no setting of
 * this end changes that. */
static void note_veth(const struct inventory_host *host, struct ports *ports)
{
	struct link_info link;

	if (link_get(host->fabric_interface, &link, NULL) || strcmp(link.kind, "veth") != 0)
		return;
	ports_note(ports,
		   "%s is one end of a veth pair: VLAN tags that the other end does not write into "
		   "the frame are lost with AF_XDP, segments that it does not cut with AF_PACKET: "
		   "`ethtool -K PEER txvlan off tso off gso off` at the other end",
		   host->fabric_interface);
}

int fabric_port_open(const struct inventory_host *host, struct ports *ports,
		     struct covey_error *error)
{
	int status;

	if (host->fabric_port == FABRIC_PORT_DEVICE)
		return open_device(host, ports, error);
	note_veth(host, ports);
	status = card_take(host->fabric_interface, &ports->card, error);
	if (status)
		return status;
	/* Multicast groups are joined on the host port, so the NIC's own filter knows none of them.
	 */
	status = link_set_up(host->fabric_interface, NULL, 0, true, error);
	if (status)
		return status;
	switch (host->fabric_port) {
	case FABRIC_PORT_AF_XDP:
		return open_af_xdp(host, ports, error);
	case FABRIC_PORT_AF_PACKET:
		return open_af_packet(host, ports, error);
	case FABRIC_PORT_AUTO:
	case FABRIC_PORT_DEVICE:
	case FABRIC_PORT_KERNEL:
		break;
	}
	return open_auto(host, ports, error);
}
