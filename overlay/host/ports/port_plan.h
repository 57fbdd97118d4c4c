/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Plans what the two ports will be before either is open: they share one pool of packet buffers,
 * which must suit both.
 */

#include <covey/error.h>
#include <port.h>

struct inventory_host;

enum port_role { PORT_FABRIC, PORT_HOST, PORT_ROLES };

struct port_plan {
	struct port_demand demands[PORT_ROLES];
	struct covey_error no_af_xdp[PORT_ROLES]; /* why it is not tried; empty: it is, or the
						   * inventory does not ask for it */
};

/*
 * fabric_queues: receive queues of the fabric interface, if the kernel drives it. mtu: of the
 * fabric. Pure.
 */
void port_plan_make(const struct inventory_host *host, unsigned fabric_queues, unsigned workers,
		    uint16_t mtu, struct port_plan *ret_plan);
