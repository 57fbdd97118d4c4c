/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "ports.h"

/*
 * Make the interface that the kernel's VXLAN device sits on, open its other side as the host port,
 * and store that in ports (needs ports->plan, pool and host_mtu). mac: the fabric interface's.
 */
int host_port_open(const struct inventory_host *host, const uint8_t *mac, struct ports *ports,
		   struct covey_error *error);
