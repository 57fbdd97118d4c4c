/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "ports.h"

/*
 * Make the interface that the kernel's VXLAN device sits on, open its other side as the host port,
 * and store that in ports (needs ports->plan, pool and host_mtu). mac: the fabric interface's.
 */
int host_port_open(const struct inventory_host *host, const uint8_t *mac, struct ports *ports,
		   struct covey_error *error);

/*
 * The last part of it, for a veth pair that exists: set it up, without a carrier yet, and open its
 * other end, peer, by AF_XDP, else by AF_PACKET. peer_mtu: bytes of the longest IP packet that may
 * come out there.
 */
int host_port_open_pair(const struct inventory_host *host, const char *peer, uint16_t peer_mtu,
			const uint8_t *mac, struct ports *ports, struct covey_error *error);
