/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The UDP sockets of the fabric port (kernel.c): their options, and addresses for them. */

#include <covey/addr.h>
#include <stdbool.h>
#include <stdint.h>

struct udp_socket {
	uint16_t family;
	const uint8_t *address; /* to bind to; NULL: any */
	uint16_t port;
	bool receives; /* false: what arrives is thrown away unread */
	uint32_t mark; /* SO_MARK; 0: none */
};

union udp_address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* address: 4 or 16 bytes; NULL: any. Returns the length of *ret_address. */
socklen_t udp_address(uint16_t family, const uint8_t *address, uint16_t port,
		      union udp_address *ret_address);

/*
 * Open and bind. What the socket sends is never fragmented, whatever anybody has told the kernel
 * about a path's MTU, and multicast is not looped back. A socket that receives tells the
 * destination and the traffic class of each datagram. Returns a descriptor or a negative errno.
 */
int udp_socket_open(const struct udp_socket *socket);

/* Have the kernel gather datagrams for this socket from now on (UDP_GRO), or not. False when it
 * cannot. */
bool udp_socket_gather(int fd, bool on);
/* Can the kernel cut what this socket sends (UDP_SEGMENT)? */
bool udp_socket_segments(int fd);
