/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * DPDK devargs of an AF_PACKET port on a kernel interface, whose ring has room for frames of that
 * MTU. name: the port's own, without "net_af_packet_". queues: sockets that the kernel spreads
 * packets over by flow.
 */
void af_packet_devargs(const char *name, const char *interface, uint16_t mtu, unsigned queues,
		       char *ret_devargs, size_t size);
