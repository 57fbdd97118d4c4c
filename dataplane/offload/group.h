/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Packets that follow each other to one receiver become one send (UDP_SEGMENT), and what the kernel
 * has gathered (UDP_GRO) becomes packets again. Both sides of the fabric's sockets.
 */

#include <stdbool.h>
#include <stdint.h>

/* What one send may carry: udp(7), and UDP_MAX_SEGMENTS of every kernel that has UDP_SEGMENT. */
#define GROUP_SEGMENTS_MAX 64u
#define GROUP_BYTES_MAX    65507u

/* What must be the same for packets to leave in one send. */
struct departure {
	uint8_t destination[16]; /* IPv4: the first four bytes */
	uint16_t source_port;    /* of the window */
	uint8_t traffic_class;
	uint8_t ttl;
	bool ipv6;
	uint16_t len; /* bytes behind the UDP header */
};

/* Packets that will leave in one send. */
struct group {
	struct departure first;
	uint32_t bytes;
	uint16_t count; /* 0: empty */
	bool closed;    /* no other joins: the last one is shorter */
};

/*
 * Add a departure. True: it belongs to the group now. False: it does not, send and empty the group
 * (count = 0), then add it again; the first one is always taken. All are of the first one's length
 * but the last, which may be shorter.
 */
bool group_add(struct group *group, const struct departure *departure);

/*
 * What lies at *at in len gathered bytes of segments of size bytes (size 0, or at least len: one
 * datagram). Returns its length and moves *at behind it; 0: nothing is left.
 */
static inline uint32_t split_next(uint32_t *at, uint32_t len, uint32_t size)
{
	uint32_t left = len - *at, piece = size == 0 || size > left ? left : size;

	*at += piece;
	return piece;
}
