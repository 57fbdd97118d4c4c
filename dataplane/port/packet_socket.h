/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Packet sockets that receive what comes in at an interface, each frame with a vnet header before
 * it (PACKET_VNET_HDR): a super-frame inside VXLAN comes whole, in any kernel, if the interface is
 * the end of a veth pair.
 */

#include <covey/error.h>
#include <stdint.h>

/* Bytes of the vnet header: all up to csum_offset. */
#define PACKET_SOCKET_HEADER_LEN 10

/*
 * Open count sockets on the interface. Each flow comes to one of them, by its outer addresses and
 * ports. No frame comes to two. Frames are read without waiting. 0, or a negative errno: then no
 * socket is open.
 */
int packet_sockets_open(const char *name, unsigned count, int *ret_fds, struct covey_error *error);
