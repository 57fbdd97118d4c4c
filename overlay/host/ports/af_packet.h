/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <covey/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ports;

/* Frames in each socket's ring to send. */
#define AF_PACKET_SLOTS 512u

/*
 * Write the DPDK devargs of an AF_PACKET port on a kernel interface. Its ring has room for frames
 * of this MTU. name: the port's own, without "net_af_packet_". queues: how many sockets; the kernel
 * spreads packets over them by flow.
 */
void af_packet_devargs(const char *name, const char *interface, uint16_t mtu, unsigned queues,
		       char *ret_devargs, size_t size);

/* Call act() for each of this process's packet sockets on the interface, until one fails. 0 or a
 * negative errno. */
int af_packet_for_each(const char *interface, int (*act)(int fd, void *arg), void *arg);
/* Give what this process sends by packet sockets on the interface the mark by which the guard knows
 * it. Call this when the port is open. 0 or a negative errno. */
int af_packet_mark(const char *interface, uint32_t mark, struct covey_error *error);

/*
 * Have these sockets send all that they still hold, as the kernel may have been short of memory.
 * Call this before the guard drops what the port may have sent until now. False: there may still be
 * some, which ring_watch.h takes out of the rings when the guard has dropped it.
 */
bool af_packet_flush(const char *interface);

/* Tell the operator what an AF_PACKET port on this interface does to frames that pass unchanged:
 * the driver puts back each tag that the kernel has taken out, as 802.1Q. */
void af_packet_note(const char *interface, struct ports *ports);
