/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <covey/error.h>
#include <stdint.h>

struct port;
struct rte_mempool;

/* What DPDK's driver takes. */
#define AF_XDP_QUEUES_MAX 16

/*
 * Open all queues of a kernel interface by AF_XDP as one port. role: makes its device's name;
 * name: for people. A queue without a socket would be lost: what comes in there, the guard drops.
 * -E2BIG above AF_XDP_QUEUES_MAX. On failure nothing stays attached.
 */
int af_xdp_open(const char *role, const char *interface, const char *name, uint16_t mtu,
		struct rte_mempool *pool, struct port **ret_port, struct covey_error *error);
