/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <covey/error.h>
#include <stdbool.h>
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

/* Give what this process sends by packet sockets on the interface the mark by which the guard knows
 * it. Call this when the port is open. 0 or a negative errno. */
int af_packet_mark(const char *interface, uint32_t mark, struct covey_error *error);

/*
 * Have these sockets send all that they still hold, as the kernel may have been short of memory.
 * Call this before the guard drops what the port may have sent until now: the kernel would try to
 * send the first such frame again and again, and nothing behind it. False: there still is some.
 */
bool af_packet_flush(const char *interface);

/* Tell the operator what an AF_PACKET port on this interface does to frames that pass unchanged:
 * the driver puts back each tag that the kernel has taken out, as 802.1Q. */
void af_packet_note(const char *interface, struct ports *ports);
