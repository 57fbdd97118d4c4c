/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "port.h"
#include "wait.h"

/*
 * Configure an attached device, and add its queues to the port. before: which descriptors were open
 * before the device was attached. After a failure the port is as it was.
 */
int port_queues_add(struct port *port, uint16_t id, uint16_t mtu, struct rte_mempool *pool,
		    const struct wait_fds_before *before, struct covey_error *error);
