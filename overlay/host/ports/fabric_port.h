/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "ports.h"

/*
 * Open the port towards the fabric and store it in ports (needs ports->plan, pool and fabric_mtu).
 */
int fabric_port_open(const struct inventory_host *host, struct ports *ports,
		     struct covey_error *error);
