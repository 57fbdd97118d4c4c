/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct ports;

/*
 * Write the DPDK devargs of an AF_PACKET port on a kernel interface. Its ring has room for frames
 * of this MTU. name: the port's own, without "net_af_packet_". queues: how many sockets; the kernel
 * spreads packets over them by flow.
 */
void af_packet_devargs(const char *name, const char *interface, uint16_t mtu, unsigned queues,
		       char *ret_devargs, size_t size);

/* Tell the operator what an AF_PACKET port on this interface does to frames that pass unchanged:
 * the driver puts back each tag that the kernel has taken out, as 802.1Q. */
void af_packet_note(const char *interface, struct ports *ports);
