/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What a kind of port brings: devices of DPDK (port_device.c; port_fit.c: with packets cut to what
 * fits), TAP devices (tap.c), and UDP sockets of the kernel (kernel.c).
 */

#include "port.h"

struct port_kind {
	int (*start)(struct port *port, struct covey_error *error); /* NULL: nothing to do */
	void (*stop)(struct port *port);                            /* NULL likewise */
	/* Give back all but the port itself. */
	void (*close)(struct port *port);
	/* Fill in what the kind knows; the rest is there. */
	void (*read)(const struct port *port, struct dataplane_port_status *status);
	/* Add what the port itself has dropped, by reason. NULL: it drops nothing by itself. */
	void (*add_drops)(const struct port *port, uint64_t *drops);
	/* How many senders it has told that a packet does not fit. NULL: it tells nobody. */
	uint64_t (*read_answers)(const struct port *port);
};

/* A port without queues. port_close() frees it. */
int port_new(const struct port_kind *kind, const char *name, struct rte_mempool *pool,
	     struct port **ret_port, struct covey_error *error);
