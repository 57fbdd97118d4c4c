/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <covey/error.h>
#include <stdint.h>

struct port;
struct rte_mempool;

/* The most queues that DPDK's driver takes. */
#define AF_XDP_QUEUES_MAX 16

/*
 * Open all queues of a kernel interface by AF_XDP, as one port. All, because what comes in on a
 * queue without a socket would be lost: it goes to the kernel, where the guard drops it. role: part
 * of the name of the DPDK device. name: the port's name for people. -E2BIG when there are more than
 * AF_XDP_QUEUES_MAX queues. On failure nothing stays attached.
 */
int af_xdp_open(const char *role, const char *interface, const char *name, uint16_t mtu,
		struct rte_mempool *pool, struct port **ret_port, struct covey_error *error);
